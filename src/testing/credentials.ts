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

/** The accounts of every test cluster. They are reachable on the loopback interface only. */
export const CREDENTIALS: Credentials = {
  root: { user: 'root', password: 'root-password' },
  app: { user: 'app', password: 'app-password' },
  plain: { user: 'plain', password: 'plain-password' },
  replication: { user: 'replication', password: 'replication-password' },
};
