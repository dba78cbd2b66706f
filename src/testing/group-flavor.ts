import { randomUUID } from 'node:crypto';
import { memberAccount } from './credentials.js';
import { ClusterActError } from './errors.js';
import type { Ask, Flavor, GroupStatements, ReplicaState, ReplicationThread, ServerIdentity } from './flavor.js';
import { NO_BINLOG } from './flavor-parts.js';
import { mysqlFlavor } from './mysql-flavor.js';
import type { GroupReplication, Settings } from './options.js';

const START = 'START GROUP_REPLICATION';
const STOP = 'STOP GROUP_REPLICATION';

// Over the servers' own ports, so that nothing listens anywhere else and the relays see all that members say to each other;
// without TLS, by which they would not know who says it. With 0 a dead member is expelled, and a primary replaced, in 6 s.
function args({ reportPort }: ServerIdentity, name: string, { multiPrimary }: Required<GroupReplication>): string[] {
  return [
    '--plugin-load-add=group_replication.so',
    ...[
      `group-name=${name}`,
      `local-address=127.0.0.1:${reportPort}`,
      'communication-stack=MYSQL',
      'ssl-mode=DISABLED',
      'recovery-use-ssl=OFF',
      'recovery-get-public-key=ON',
      'start-on-boot=OFF',
      'member-expel-timeout=0',
      `single-primary-mode=${multiPrimary ? 'OFF' : 'ON'}`,
      `enforce-update-everywhere-checks=${multiPrimary ? 'ON' : 'OFF'}`,
    ].map((option) => `--loose-group-replication-${option}`),
  ];
}

function accounts(base: Flavor, databases: readonly string[], members: number): string[] {
  const names = Array.from({ length: members }, (_, index) => memberAccount(index + 1));
  return [
    ...base.accounts(databases),
    NO_BINLOG.on,
    ...names.flatMap(({ user, password }) => [
      `CREATE USER IF NOT EXISTS '${user}'@'%' IDENTIFIED BY '${password}'`,
      `GRANT REPLICATION SLAVE, GROUP_REPLICATION_STREAM, CONNECTION_ADMIN, BACKUP_ADMIN ON *.* TO '${user}'@'%'`,
    ]),
    NO_BINLOG.off,
  ];
}

function useAccount(number: number): string {
  const { user, password } = memberAccount(number);
  return `CHANGE REPLICATION SOURCE TO SOURCE_USER='${user}', SOURCE_PASSWORD='${password}' FOR CHANNEL 'group_replication_recovery'`;
}

const OWN_STATE =
  'SELECT MEMBER_STATE AS state, (SELECT RECEIVED_TRANSACTION_SET FROM performance_schema.replication_connection_status ' +
  "WHERE CHANNEL_NAME = 'group_replication_applier') AS received " +
  'FROM performance_schema.replication_group_members WHERE MEMBER_ID = @@server_uuid';

async function replicaState(ask: Ask): Promise<ReplicaState | undefined> {
  const [row] = await ask(OWN_STATE);
  if (row === undefined || row.state === 'OFFLINE') return undefined;
  const failed = row.state === 'ERROR';
  return {
    ioRunning: !failed,
    ioStopped: failed,
    sqlRunning: row.state === 'ONLINE',
    delaySeconds: 0,
    received: String(row.received ?? ''),
    error: failed ? 'the member is in state ERROR: it has left its group' : '',
  };
}

const REIGN =
  'SELECT s.VIEW_ID AS view FROM performance_schema.replication_group_members m ' +
  'JOIN performance_schema.replication_group_member_stats s USING (MEMBER_ID) ' +
  "WHERE m.MEMBER_ID = @@server_uuid AND m.MEMBER_STATE = 'ONLINE' AND m.MEMBER_ROLE = 'PRIMARY' AND @@GLOBAL.super_read_only = 0 " +
  "AND (SELECT 2 * SUM(MEMBER_STATE <> 'UNREACHABLE') > COUNT(*) FROM performance_schema.replication_group_members)";

function statements(multiPrimary: boolean): GroupStatements {
  return {
    multiPrimary,
    bootstrap: (number) => [
      STOP,
      useAccount(number),
      'SET GLOBAL group_replication_bootstrap_group=ON',
      START,
      'SET GLOBAL group_replication_bootstrap_group=OFF',
    ],
    setPrimary: (uuid) => `SELECT group_replication_set_as_primary('${uuid}')`,
    async reigns(ask) {
      const [row] = await ask(REIGN);
      return row === undefined ? undefined : Number(String(row.view).split(':').at(-1));
    },
    async knows(ask, uuid) {
      const rows = await ask('SELECT 1 FROM performance_schema.replication_group_members WHERE MEMBER_ID = ?', [uuid]);
      return rows.length > 0;
    },
  };
}

function unsupported(what: string): never {
  throw new ClusterActError('UNSUPPORTED', `${what}: a member of a group has no replication source of its own`);
}

function whole(statement: string, thread: ReplicationThread | undefined): string {
  return thread === undefined ? statement : unsupported(`the ${thread} thread cannot be stopped alone`);
}

/** MySQL 8.0.27 and later as members of one group. A position is what it is with plain replication. */
export function groupFlavor(settings: Settings, group: Required<GroupReplication>): Flavor {
  const name = randomUUID();
  const base = mysqlFlavor(settings, (identity) => args(identity, name, group));
  return {
    ...base,
    accounts: (databases) => accounts(base, databases, settings.replicas + 1),
    follow: ({ host, port, follower }) => [
      useAccount(follower),
      `SET GLOBAL group_replication_group_seeds='${host}:${port}'`,
    ],
    leave: [STOP],
    start: (thread) => whole(START, thread),
    stop: (thread) => whole(STOP, thread),
    setDelay: () => unsupported('applying cannot be delayed'),
    replicaState,
    group: statements(group.multiPrimary),
  };
}
