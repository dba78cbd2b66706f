import type { Ask, Flavor, ReplicaState, ReplicationThread, ServerIdentity } from './flavor.js';
import { accountStatements, threadWord, yes } from './flavor-parts.js';
import { sumSequences } from './gtid-count.js';
import type { Settings } from './options.js';

function semiSyncArgs({ semiSync }: Settings): string[] {
  if (semiSync === undefined) return [];
  return [
    '--rpl-semi-sync-slave-enabled=1',
    `--rpl-semi-sync-master-timeout=${semiSync.timeoutMs}`,
    `--rpl-semi-sync-master-wait-point=${semiSync.waitPoint}`,
  ];
}

function semiSyncRole(source: boolean, { semiSync }: Settings): string[] {
  return semiSync === undefined ? [] : [`SET GLOBAL rpl_semi_sync_master_enabled=${source ? 1 : 0}`];
}

async function replicaState(ask: Ask): Promise<ReplicaState | undefined> {
  const [row] = await ask('SHOW SLAVE STATUS');
  if (row === undefined) return undefined;
  return {
    ioRunning: yes(row.Slave_IO_Running),
    ioStopped: row.Slave_IO_Running === 'No',
    sqlRunning: yes(row.Slave_SQL_Running),
    delaySeconds: Number(row.SQL_Delay),
    received: String(row.Gtid_IO_Pos),
    error: [row.Last_IO_Error, row.Last_SQL_Error].filter((text) => text !== '').join('; '),
  };
}

async function executed(ask: Ask): Promise<string> {
  const [row] = await ask('SELECT @@GLOBAL.gtid_current_pos AS position');
  return String(row?.position);
}

const stop = (thread?: ReplicationThread): string => `STOP SLAVE${threadWord(thread)}`;
const start = (thread?: ReplicationThread): string => `START SLAVE${threadWord(thread)}`;

function args({ serverId, reportPort }: ServerIdentity, settings: Settings, more: readonly string[]): string[] {
  return [
    `--server-id=${serverId}`,
    '--bind-address=127.0.0.1',
    '--report-host=127.0.0.1',
    `--report-port=${reportPort}`,
    '--skip-name-resolve',
    '--innodb-buffer-pool-size=64M',
    '--innodb-log-file-size=32M',
    '--innodb-flush-log-at-trx-commit=2',
    '--sync-binlog=0',
    '--log-bin=binlog',
    '--log-slave-updates=ON',
    '--gtid-strict-mode=ON',
    '--log-bin-trust-function-creators=ON',
    '--slave-net-timeout=10',
    ...semiSyncArgs(settings),
    ...more,
    ...settings.mysqldArgs,
  ];
}

const shared: Omit<Flavor, 'args' | 'setReadOnly'> = {
  name: 'mariadb',
  readOnlyArg: '--read-only=ON',
  accounts: (databases) =>
    accountStatements(databases, 'REPLICATION CLIENT, REPLICATION SLAVE, SLAVE MONITOR, REPLICATION MASTER ADMIN'),
  resetLogs: () => ['RESET MASTER', "SET GLOBAL gtid_slave_pos=''"],
  // An old primary has written its last transactions itself: its replication has to go on from there.
  follow: ({ host, port, user, password }) => [
    'SET GLOBAL gtid_slave_pos=@@GLOBAL.gtid_current_pos',
    `CHANGE MASTER TO MASTER_HOST='${host}', MASTER_PORT=${port}, MASTER_USER='${user}', MASTER_PASSWORD='${password}', ` +
      'MASTER_SSL=0, MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1',
  ],
  leave: ['STOP SLAVE', 'RESET SLAVE ALL'],
  start,
  stop,
  setDelay: (seconds) => [stop(), `CHANGE MASTER TO MASTER_DELAY=${seconds}`, start()],
  delayKeepsReceived: false,
  clone: () => undefined,
  group: undefined,
  galera: undefined,
  replicaState,
  executed,
  async applied(ask, position, seconds) {
    const [row] = await ask('SELECT MASTER_GTID_WAIT(?, ?) AS late', [position, seconds]);
    return row?.late === 0;
  },
  count: async (ask, position) => Math.max(sumSequences(await executed(ask)), sumSequences(position)),
  // With strict GTIDs a primary refuses a replica that has what it lacks; whether it does is seen once the replica asks.
  async compare(node, primary) {
    const [ours, theirs] = [await executed(node), await executed(primary)];
    return { errant: sumSequences(ours) > sumSequences(theirs), purged: false };
  },
};

/** MariaDB 10.6 and later, with GTIDs and `gtid_strict_mode`. `more` gives further arguments, which the user's own come after. */
export function mariadbFlavor(settings: Settings, more: Flavor['args'] = () => []): Flavor {
  return {
    ...shared,
    args: (identity) => args(identity, settings, more(identity)),
    setReadOnly: (on) => [...semiSyncRole(!on, settings), `SET GLOBAL read_only=${on ? 1 : 0}`],
  };
}
