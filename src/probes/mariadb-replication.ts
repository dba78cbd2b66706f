import { GtidSet } from '../gtid/gtid-set.js';
import type { LiveReport, NodeReport } from '../topology/node-report.js';
import type { Probe, ProbeAnswer, ProbeContext, ProbeMeta, ProbeQuery } from './probe.js';
import { failed, readAdvertised, selectVariables } from './sample.js';
import { readSecond, type Seconded, type SecondGrants, secondOf, sessionsStatus } from './second-statement.js';
import { semiSyncCounters, semiSyncStatus, semiSyncVariables } from './semi-sync.js';
import { readVariables } from './server-rows.js';

/** MariaDB 10.5 and later with binary log replication, asynchronous or semi-synchronous. */
export const mariadbReplication: Probe = { kind: 'mariadb-replication', queries, read, waitFor };

type Variables = ReadonlyMap<string, string>;

/** Together they tell one running server from the others; `server_uid` is in the newer releases of each series. */
const INSTANCE = ['server_id', 'hostname', 'port', 'datadir', 'server_uid'];

const VARIABLES = [
  ...[...INSTANCE, 'version', 'read_only', 'gtid_current_pos', 'sql_mode', 'report_host', 'report_port'],
  ...semiSyncVariables,
];
const ASKED = { schema: 'information_schema', variables: VARIABLES, whole: 'gtid_current_pos' } as const;
const SAMPLE = selectVariables({ ...ASKED, status: [] });
const SAMPLE_WITH_STATUS = selectVariables({ ...ASKED, status: semiSyncCounters });

// 10.5.2 parted them from REPLICATION CLIENT and REPLICATION SLAVE. REPLICA MONITOR is another name of the first.
const GRANTS: SecondGrants = { status: 'SLAVE MONITOR', replicas: 'REPLICATION MASTER ADMIN' };

const SECOND_SQL = {
  status: 'SHOW ALL SLAVES STATUS',
  replicas: 'SHOW SLAVE HOSTS',
  'semi-sync': semiSyncStatus,
  sessions: sessionsStatus,
  heartbeat: undefined,
  'commit-timestamps': undefined,
  none: undefined,
} as const;

function queries(context: ProbeContext): readonly ProbeQuery[] {
  const sql = SECOND_SQL[secondOf(context, GRANTS)];
  const sample = context.semiSync ? SAMPLE_WITH_STATUS : SAMPLE;
  return sql === undefined ? [sample] : [sample, { sql }];
}

// It compares with gtid_slave_pos, which a server's own writes do not move: on a promoted node it never ends well.
function waitFor(gtids: GtidSet, seconds: number): ProbeQuery {
  return { sql: `SELECT MASTER_GTID_WAIT('${gtids}', ${seconds}) AS outcome` };
}

function read(answers: readonly ProbeAnswer[], meta: ProbeMeta): NodeReport {
  const [first, second] = answers;
  if (first === undefined || 'error' in first)
    return failed(first?.error.message ?? 'no answer', meta, first?.error.code);
  const variables = readVariables(first.rows);
  const position = variables.get('gtid_current_pos');
  if (position === undefined) return failed('the server has no gtid_current_pos: it is not MariaDB', meta, undefined);
  try {
    const seconded = readSecond(second, variables, { meta, grants: GRANTS });
    const sampled = readSample(position, variables, meta);
    return { ...sampled, ...seconded, ...(hasFailed(seconded) ? { executed: GtidSet.empty } : {}) };
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error), meta, undefined);
  }
}

// An old primary with transactions that the new one lacks is such a replica, and its position, higher by them, would say that
// it has the new primary's too (seen: error 1950 in strict mode, 1062 without). A dead source leaves a thread that connects.
function hasFailed({ channels = [] }: Seconded): boolean {
  return channels.some(({ io, sql, error }) => error !== undefined && (io === 'stopped' || sql === 'stopped'));
}

type Sampled = Omit<LiveReport, keyof Seconded>;

function readSample(
  position: string,
  variables: Variables,
  { address, sentAt, answeredAt, context }: ProbeMeta,
): Sampled {
  return {
    ok: true,
    kind: 'mariadb-replication',
    flavor: 'mariadb',
    id: `${variables.get('server_id') ?? ''}@${address}`,
    group: undefined,
    instance: INSTANCE.map((name) => variables.get(name) ?? '').join(' '),
    address,
    sentAt,
    answeredAt,
    version: variables.get('version') ?? context.version,
    sqlMode: variables.get('sql_mode'),
    // Later releases have NO_LOCK and NO_LOCK_NO_ADMIN beside ON.
    readOnly: !['OFF', '0', undefined].includes(variables.get('read_only')),
    executed: readExecuted(position, context.last?.executed),
    advertised: readAdvertised(variables),
  };
}

/**
 * `gtid_current_pos`: of each domain what was applied from a source, or what the server wrote itself when that is later.
 * `gtid_slave_pos` lacks a primary's own writes, and `gtid_binlog_pos` is empty on a replica without `log_slave_updates` and
 * on others ahead of what their readers can see: a transaction is in the binary log before it is committed.
 */
function readExecuted(position: string, last: GtidSet | undefined): GtidSet {
  const executed = GtidSet.parse(position, 'mariadb');
  // The same object for the same position: comparing it costs nothing then.
  return last !== undefined && executed.toString() === last.toString() ? last : executed;
}
