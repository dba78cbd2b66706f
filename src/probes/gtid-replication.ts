import { GtidSet } from '../gtid/gtid-set.js';
import type { LiveReport, NodeReport } from '../topology/node-report.js';
import { commitTimestamps } from './commit-timestamps.js';
import { heartbeatQuery } from './heartbeat.js';
import type { Probe, ProbeAnswer, ProbeContext, ProbeMeta, ProbeQuery } from './probe.js';
import { failed, readAdvertised, showVariables } from './sample.js';
import { readSecond, type Second, type Seconded, type SecondGrants, secondOf } from './second-statement.js';
import { semiSyncStatus, semiSyncVariables } from './semi-sync.js';
import { isFrom, readVariables } from './server-rows.js';

/** MySQL 5.7 to 9.x with binary log replication, asynchronous or semi-synchronous. */
export const gtidReplication: Probe = { kind: 'gtid-replication', queries, read, waitFor };

type Variables = ReadonlyMap<string, string>;

const SAMPLE = showVariables([
  ...['server_uuid', 'server_id', 'version', 'read_only', 'super_read_only', 'gtid_mode', 'gtid_executed'],
  ...['sql_mode', 'report_host', 'report_port', ...semiSyncVariables],
]);

const GRANTS: SecondGrants = { status: 'REPLICATION CLIENT', replicas: 'REPLICATION SLAVE' };

function queries(context: ProbeContext): readonly ProbeQuery[] {
  const second = secondOf(context, GRANTS);
  if (second === 'heartbeat') return [SAMPLE, heartbeatQuery(context.heartbeat ?? '')];
  if (second === 'commit-timestamps') return [SAMPLE, commitTimestamps];
  const sql = secondSql(second, context.version);
  return sql === undefined ? [SAMPLE] : [SAMPLE, { sql }];
}

// 8.0.22 has both names of each, 8.4 has only the new ones.
function secondSql(second: Second, version: string): string | undefined {
  const renamed = isFrom(version, [8, 0, 22]);
  if (second === 'status') return renamed ? 'SHOW REPLICA STATUS' : 'SHOW SLAVE STATUS';
  if (second === 'replicas') return renamed ? 'SHOW REPLICAS' : 'SHOW SLAVE HOSTS';
  return second === 'semi-sync' ? semiSyncStatus : undefined;
}

function waitFor(gtids: GtidSet, seconds: number): ProbeQuery {
  return { sql: `SELECT WAIT_FOR_EXECUTED_GTID_SET('${gtids}', ${seconds}) AS outcome` };
}

function read(answers: readonly ProbeAnswer[], meta: ProbeMeta): NodeReport {
  const [first, second] = answers;
  if (first === undefined || 'error' in first)
    return failed(first?.error.message ?? 'no answer', meta, first?.error.code);
  const variables = readVariables(first.rows);
  const id = variables.get('server_uuid');
  if (id === undefined) return failed('the server has no server_uuid: it is not MySQL 5.6 or later', meta, undefined);
  try {
    const seconded = readSecond(second, variables, { meta, grants: GRANTS });
    return { ...readSample(id, variables, meta), ...seconded };
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error), meta, undefined);
  }
}

type Sampled = Omit<LiveReport, keyof Seconded>;

function readSample(id: string, variables: Variables, { address, sentAt, answeredAt, context }: ProbeMeta): Sampled {
  return {
    ok: true,
    kind: 'gtid-replication',
    flavor: 'mysql',
    id,
    group: undefined,
    instance: undefined,
    address,
    sentAt,
    answeredAt,
    version: variables.get('version') ?? context.version,
    sqlMode: variables.get('sql_mode'),
    readOnly: variables.get('read_only') === 'ON' || variables.get('super_read_only') === 'ON',
    executed: readExecuted(variables, context.last?.executed),
    advertised: readAdvertised(variables),
  };
}

// With gtid_mode OFF or OFF_PERMISSIVE new transactions have no GTID, and the set says nothing of them.
function readExecuted(variables: Variables, last: GtidSet | undefined): GtidSet | undefined {
  const mode = variables.get('gtid_mode');
  const text = variables.get('gtid_executed');
  if (text === undefined || (mode !== 'ON' && mode !== 'ON_PERMISSIVE')) return undefined;
  // The same object for the same text: comparing it costs nothing then.
  return last !== undefined && text.replaceAll('\n', '') === last.toString() ? last : GtidSet.parse(text);
}
