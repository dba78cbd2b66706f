/** A name and its password. */
export interface Account {
  readonly user: string;
  readonly password: string;
}

/** The accounts that exist on every node of a test cluster. */
export interface Credentials {
  /** Everything, with `GRANT OPTION`. */
  readonly root: Account;
  /** ALL on the cluster's databases, and what monitoring needs: REPLICATION CLIENT, REPLICATION SLAVE, performance_schema. */
  readonly app: Account;
  /** ALL on the cluster's databases and nothing else. */
  readonly plain: Account;
  /** What the replicas log in with. */
  readonly replication: Account;
}

/** What the member of a group with that number logs in with at the others. */
export function memberAccount(number: number): Account {
  return { user: `${MEMBER_PREFIX}${number}`, password: CREDENTIALS.replication.password };
}

/** The number of the member that logs in with that name; `undefined` for any other user. */
export function memberNumber(user: string): number | undefined {
  const number = user.startsWith(MEMBER_PREFIX) ? Number(user.slice(MEMBER_PREFIX.length)) : 0;
  return number > 0 ? number : undefined;
}

const MEMBER_PREFIX = 'member-';

/** The accounts of every test cluster. They are reachable on the loopback interface only. */
export const CREDENTIALS: Credentials = {
  root: { user: 'root', password: 'root-password' },
  app: { user: 'app', password: 'app-password' },
  plain: { user: 'plain', password: 'plain-password' },
  replication: { user: 'replication', password: 'replication-password' },
};
