import { CREDENTIALS } from './credentials.js';
import type { Ask, CloneStatements, Flavor, ReplicaState, ReplicationThread, ServerIdentity } from './flavor.js';
import { accountStatements, NO_BINLOG, threadWord, yes } from './flavor-parts.js';
import { countGtids } from './gtid-count.js';
import type { Settings } from './options.js';

function semiSyncArgs({ semiSync }: Settings): string[] {
  if (semiSync === undefined) return [];
  return [
    '--plugin-load-add=semisync_source.so',
    '--plugin-load-add=semisync_replica.so',
    '--rpl-semi-sync-replica-enabled=1',
    `--rpl-semi-sync-source-timeout=${semiSync.timeoutMs}`,
    `--rpl-semi-sync-source-wait-point=${semiSync.waitPoint}`,
  ];
}

// A replica that is a semi-sync source as well would hold up its own applier until somebody acknowledges.
function semiSyncRole(source: boolean, { semiSync }: Settings): string[] {
  return semiSync === undefined ? [] : [`SET GLOBAL rpl_semi_sync_source_enabled=${source ? 1 : 0}`];
}

function readOnly(on: boolean): string[] {
  return on ? ['SET GLOBAL super_read_only=ON'] : ['SET GLOBAL super_read_only=OFF', 'SET GLOBAL read_only=OFF'];
}

async function replicaState(ask: Ask): Promise<ReplicaState | undefined> {
  const [row] = await ask('SHOW REPLICA STATUS');
  if (row === undefined) return undefined;
  return {
    ioRunning: yes(row.Replica_IO_Running),
    ioStopped: row.Replica_IO_Running === 'No',
    sqlRunning: yes(row.Replica_SQL_Running),
    delaySeconds: Number(row.SQL_Delay),
    received: String(row.Retrieved_Gtid_Set),
    error: [row.Last_IO_Error, row.Last_SQL_Error].filter((text) => text !== '').join('; '),
  };
}

async function executed(ask: Ask): Promise<string> {
  const [row] = await ask('SELECT @@GLOBAL.gtid_executed AS position');
  return String(row?.position);
}

const stop = (thread?: ReplicationThread): string => `STOP REPLICA${threadWord(thread)}`;
const start = (thread?: ReplicationThread): string => `START REPLICA${threadWord(thread)}`;

function clone(donorPort: number): CloneStatements {
  const { user, password } = CREDENTIALS.root;
  const install = [NO_BINLOG.on, "INSTALL PLUGIN clone SONAME 'mysql_clone.so'", NO_BINLOG.off];
  return {
    donor: install,
    recipient: [
      ...install,
      `SET GLOBAL clone_valid_donor_list='127.0.0.1:${donorPort}'`,
      `CLONE INSTANCE FROM '${user}'@'127.0.0.1':${donorPort} IDENTIFIED BY '${password}'`,
    ],
  };
}

function args({ serverId, reportPort }: ServerIdentity, settings: Settings, more: readonly string[]): string[] {
  return [
    `--server-id=${serverId}`,
    '--bind-address=127.0.0.1',
    '--report-host=127.0.0.1',
    `--report-port=${reportPort}`,
    '--mysqlx=OFF',
    '--skip-name-resolve',
    '--innodb-buffer-pool-size=64M',
    '--loose-innodb-redo-log-capacity=32M',
    '--innodb-flush-log-at-trx-commit=2',
    '--sync-binlog=0',
    '--log-bin=binlog',
    '--gtid-mode=ON',
    '--enforce-gtid-consistency=ON',
    '--loose-log-bin-trust-function-creators=ON',
    '--replica-net-timeout=10',
    ...semiSyncArgs(settings),
    ...more,
    ...settings.mysqldArgs,
  ];
}

const shared: Omit<Flavor, 'args' | 'setReadOnly'> = {
  name: 'mysql',
  readOnlyArg: '--super-read-only=ON',
  accounts: (databases) => accountStatements(databases, 'REPLICATION CLIENT, REPLICATION SLAVE'),
  resetLogs: (version) => [/^(5|8\.[0-3])\./.test(version) ? 'RESET MASTER' : 'RESET BINARY LOGS AND GTIDS'],
  // Without TLS, which newer servers have by default: the relay reads who it is that replicates.
  follow: ({ host, port, user, password }) => [
    `CHANGE REPLICATION SOURCE TO SOURCE_HOST='${host}', SOURCE_PORT=${port}, SOURCE_USER='${user}', ` +
      `SOURCE_PASSWORD='${password}', SOURCE_AUTO_POSITION=1, SOURCE_SSL=0, GET_SOURCE_PUBLIC_KEY=1, SOURCE_CONNECT_RETRY=1, SOURCE_RETRY_COUNT=0`,
  ],
  leave: ['STOP REPLICA', 'RESET REPLICA ALL'],
  start,
  stop,
  // Relay logs are kept only while the other thread runs.
  setDelay: (seconds) => [
    stop('sql'),
    start('io'),
    `CHANGE REPLICATION SOURCE TO SOURCE_DELAY=${seconds}`,
    start('sql'),
  ],
  delayKeepsReceived: true,
  clone,
  group: undefined,
  galera: undefined,
  replicaState,
  executed,
  async applied(ask, position, seconds) {
    const [row] = await ask('SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?) AS late', [position, seconds]);
    return row?.late === 0;
  },
  async count(ask, position) {
    const [row] = await ask('SELECT @@GLOBAL.gtid_executed AS done, GTID_SUBTRACT(?, @@GLOBAL.gtid_executed) AS more', [
      position,
    ]);
    return countGtids(String(row?.done)) + countGtids(String(row?.more));
  },
  async compare(node, primary) {
    const own = await executed(node);
    const [row] = await primary(
      "SELECT GTID_SUBTRACT(?, @@GLOBAL.gtid_executed) <> '' AS errant, GTID_SUBTRACT(@@GLOBAL.gtid_purged, ?) <> '' AS purged",
      [own, own],
    );
    return { errant: row?.errant === 1, purged: row?.purged === 1 };
  },
};

/** MySQL 8.0.26 and later, with GTIDs. `more` gives further arguments, which the user's own come after. */
export function mysqlFlavor(settings: Settings, more: Flavor['args'] = () => []): Flavor {
  return {
    ...shared,
    args: (identity) => args(identity, settings, more(identity)),
    setReadOnly: (on) => [...semiSyncRole(!on, settings), ...readOnly(on)],
  };
}
