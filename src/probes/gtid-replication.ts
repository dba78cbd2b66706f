import { formatAddress } from '../address.js';
import { GtidSet } from '../gtid/gtid-set.js';
import type { FailedReport, LiveReport, NodeReport, ReplicationChannel } from '../topology/node-report.js';
import type { Probe, ProbeAnswer, ProbeContext, ProbeMeta, ProbeQuery } from './probe.js';
import { readChannels, readReplicas } from './replication-channels.js';
import { readSemiSync, semiSyncStatus, semiSyncVariables, withStatus } from './semi-sync.js';
import { isDenied, isFrom, readVariables } from './server-rows.js';

/** MySQL 5.7 to 9.x with binary log replication, asynchronous or semi-synchronous. */
export const gtidReplication: Probe = { kind: 'gtid-replication', queries, read };

type Variables = ReadonlyMap<string, string>;
type Second = 'status' | 'replicas' | 'semi-sync' | 'none';

// One statement reads all, and a name that a version lacks is left out instead of failing the rest.
const VARIABLES = [
  ...['server_uuid', 'server_id', 'version', 'read_only', 'super_read_only', 'gtid_mode', 'gtid_executed'],
  ...['sql_mode', 'report_host', 'report_port', ...semiSyncVariables],
];
const SAMPLE: ProbeQuery = {
  sql: `SHOW GLOBAL VARIABLES WHERE variable_name IN (${VARIABLES.map((name) => `'${name}'`).join(', ')})`,
};

const STATUS_GRANT = 'REPLICATION CLIENT';
const REPLICAS_GRANT = 'REPLICATION SLAVE';
/** A node without a source has nothing new to say about it in most ticks: every so many, something else is asked. */
const TURN_TICKS = 10;
/** A refused statement is tried again that seldom: each refusal is a line in the server's error count. */
const DENIED_TICKS = 60;

function queries(context: ProbeContext): readonly ProbeQuery[] {
  const sql = secondSql(secondOf(context), context.version);
  return sql === undefined ? [SAMPLE] : [SAMPLE, { sql }];
}

// A function of the context alone, so that `read` knows what was asked. SHOW REPLICAS only after a tick of this very
// connection has told that there is no source: what another connection saw may be from before a restart.
function secondOf({ tick, last }: ProbeContext): Second {
  const missing = last?.missingGrants ?? [];
  const retry = tick % DENIED_TICKS === 0;
  if (missing.includes(STATUS_GRANT) && !retry) return 'none';
  const idle = tick > 0 && last?.channels?.length === 0;
  if (idle && tick % TURN_TICKS === 1) {
    return missing.includes(REPLICAS_GRANT) && tick % DENIED_TICKS !== 1 ? 'status' : 'replicas';
  }
  return idle && tick % TURN_TICKS === 2 && last.semiSync?.source !== undefined ? 'semi-sync' : 'status';
}

// 8.0.22 has both names of each, 8.4 has only the new ones.
function secondSql(second: Second, version: string): string | undefined {
  const renamed = isFrom(version, [8, 0, 22]);
  if (second === 'status') return renamed ? 'SHOW REPLICA STATUS' : 'SHOW SLAVE STATUS';
  if (second === 'replicas') return renamed ? 'SHOW REPLICAS' : 'SHOW SLAVE HOSTS';
  return second === 'semi-sync' ? semiSyncStatus : undefined;
}

function read(answers: readonly ProbeAnswer[], meta: ProbeMeta): NodeReport {
  const [first, second] = answers;
  if (first === undefined || 'error' in first)
    return failed(first?.error.message ?? 'no answer', meta, first?.error.code);
  const variables = readVariables(first.rows);
  const id = variables.get('server_uuid');
  if (id === undefined) return failed('the server has no server_uuid: it is not MySQL 5.6 or later', meta, undefined);
  try {
    return { ...readSample(id, variables, meta), ...readSecond(second, variables, meta) };
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error), meta, undefined);
  }
}

type Sampled = Omit<LiveReport, keyof Seconded>;
type Seconded = Pick<LiveReport, 'channels' | 'replicas' | 'semiSync' | 'missingGrants'>;

function readSample(id: string, variables: Variables, { address, sentAt, answeredAt, context }: ProbeMeta): Sampled {
  const host = variables.get('report_host') ?? '';
  const port = Number(variables.get('report_port') ?? 0);
  return {
    ok: true,
    kind: 'gtid-replication',
    flavor: 'mysql',
    id,
    address,
    sentAt,
    answeredAt,
    version: variables.get('version') ?? context.version,
    sqlMode: variables.get('sql_mode'),
    readOnly: variables.get('read_only') === 'ON' || variables.get('super_read_only') === 'ON',
    executed: readExecuted(variables, context.last?.executed),
    advertised: host !== '' && port > 0 ? formatAddress({ host, port }) : undefined,
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

function readSecond(answer: ProbeAnswer | undefined, variables: Variables, { context }: ProbeMeta): Seconded {
  const second = secondOf(context);
  const rows = answer !== undefined && 'rows' in answer ? answer.rows : undefined;
  const semiSync = readSemiSync(variables, context.last?.semiSync);
  return {
    channels: second === 'status' ? channelsOf(rows) : context.last?.channels,
    replicas: second === 'replicas' && rows ? readReplicas(rows) : undefined,
    semiSync: second === 'semi-sync' && rows ? withStatus(semiSync, readVariables(rows)) : semiSync,
    missingGrants: missingGrants(second, answer, context.last?.missingGrants ?? []),
  };
}

function channelsOf(rows: readonly Record<string, unknown>[] | undefined): readonly ReplicationChannel[] | undefined {
  return rows === undefined ? undefined : readChannels(rows);
}

function missingGrants(second: Second, answer: ProbeAnswer | undefined, last: readonly string[]): readonly string[] {
  const asked = second === 'status' ? STATUS_GRANT : second === 'replicas' ? REPLICAS_GRANT : undefined;
  if (asked === undefined) return last;
  const others = last.filter((grant) => grant !== asked);
  return isDenied(answer) ? [...others, asked] : others;
}

function failed(message: string, { address, sentAt, answeredAt }: ProbeMeta, code: string | undefined): FailedReport {
  return { ok: false, address, sentAt, answeredAt, reason: 'error', message, code };
}
