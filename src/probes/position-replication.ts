import type { GtidSet } from '../gtid/gtid-set.js';
import type { LiveReport, NodeReport } from '../topology/node-report.js';
import { commitTimestamps } from './commit-timestamps.js';
import { heartbeatQuery } from './heartbeat.js';
import { lastPositions, readExecuted, readOwnPosition, withPositions } from './log-position.js';
import type { Probe, ProbeAnswer, ProbeContext, ProbeMeta, ProbeQuery } from './probe.js';
import { failed, readAdvertised, selectVariables, showVariables } from './sample.js';
import {
  readSecond,
  type Second,
  type Seconded,
  type SecondGrants,
  secondOf,
  sessionsStatus,
} from './second-statement.js';
import { readSemiSync, semiSyncCounters, semiSyncStatus, semiSyncVariables, withStatus } from './semi-sync.js';
import { isFrom, type Row, readVariables, text } from './server-rows.js';

/**
 * MySQL with binary log replication whose transactions have no GTIDs. The position in the primary's binary log stands for
 * them: what was acknowledged before it was asked for is up to there, and a replica says up to where it has executed that log.
 * A replica of a replica counts in another log, and so contains nothing of the primary.
 */
export const positionReplication: Probe = { kind: 'position-replication', queries, read, waitFor };

type Variables = ReadonlyMap<string, string>;

const NAMES = [
  ...['server_uuid', 'server_id', 'version', 'read_only', 'super_read_only', 'sql_mode', 'report_host', 'report_port'],
  ...semiSyncVariables,
];
const VARIABLES = showVariables(NAMES);
const VARIABLES_WITH_STATUS = selectVariables({
  schema: 'performance_schema',
  variables: NAMES,
  whole: 'sql_mode',
  status: semiSyncCounters,
});

const GRANTS: SecondGrants = { status: 'REPLICATION CLIENT', replicas: 'REPLICATION SLAVE' };

/** Of ten ticks of a node without a source, the one in which it is asked whether it has got one. */
const STATUS_TURN = 6;

function queries(context: ProbeContext): readonly ProbeQuery[] {
  const { version } = context;
  const variables = context.semiSync ? VARIABLES_WITH_STATUS : VARIABLES;
  // Before the variables: it is the sample, and the time of the first answer is the sample's.
  if (asksPosition(context)) return [{ sql: positionSql(version) }, variables];
  const second = secondOf(around(context), GRANTS);
  if (second === 'heartbeat') return [variables, heartbeatQuery(context.heartbeat ?? '')];
  if (second === 'commit-timestamps') return [variables, commitTimestamps];
  const sql = secondSql(second, version);
  return sql === undefined ? [variables] : [variables, { sql }];
}

function isIdle({ tick, last }: ProbeContext): boolean {
  return tick > 0 && last?.channels?.length === 0;
}

// A node without a source tells its position: no heartbeat says more.
function around(context: ProbeContext): ProbeContext {
  return isIdle(context) ? { ...context, heartbeat: undefined } : context;
}

// A node that has a source tells its positions by the status. The position is the sample: nothing else takes its place.
function asksPosition(context: ProbeContext): boolean {
  const wanted = isIdle(context) && context.tick % 10 !== STATUS_TURN;
  return wanted && secondOf({ ...around(context), sampleOnly: false }, GRANTS) === 'status';
}

function positionSql(version: string): string {
  return isFrom(version, [8, 2, 0]) ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS';
}

function secondSql(second: Second, version: string): string | undefined {
  const renamed = isFrom(version, [8, 0, 22]);
  if (second === 'status') return renamed ? 'SHOW REPLICA STATUS' : 'SHOW SLAVE STATUS';
  if (second === 'replicas') return renamed ? 'SHOW REPLICAS' : 'SHOW SLAVE HOSTS';
  if (second === 'sessions') return sessionsStatus;
  return second === 'semi-sync' ? semiSyncStatus : undefined;
}

// The replica's own thread must be waited for by the names of the source's logs, which only its status tells.
function waitFor(gtids: GtidSet, seconds: number, last?: LiveReport): ProbeQuery {
  const name = last !== undefined && isFrom(last.version, [8, 0, 26]) ? 'SOURCE_POS_WAIT' : 'MASTER_POS_WAIT';
  const waits = lastPositions(gtids).map(({ uuid, number, at }) => {
    const channel = last?.channels?.find(({ sourceId }) => sourceId === uuid);
    if (channel?.log === undefined) return undefined;
    const file = `${channel.log}.${String(number).padStart(6, '0')}`;
    return `${name}('${file}', ${at}, ${seconds}, '${channel.name}') >= 0`;
  });
  // NULL when the thread does not run.
  const sql = waits.length > 0 && !waits.includes(undefined) ? `IF(${waits.join(' AND ')}, 0, 1)` : '1';
  return { sql: `SELECT ${sql} AS outcome` };
}

function read(answers: readonly ProbeAnswer[], meta: ProbeMeta): NodeReport {
  const positioned = asksPosition(meta.context);
  const [first, second] = positioned ? [answers[1], answers[0]] : answers;
  if (first === undefined || 'error' in first)
    return failed(first?.error.message ?? 'no answer', meta, first?.error.code);
  const variables = readVariables(first.rows);
  const id = variables.get('server_uuid');
  if (id === undefined) return failed('the server has no server_uuid: it is not MySQL 5.6 or later', meta, undefined);
  const told = positioned ? readOwn(id, second, meta) : readStatus(second, variables, meta);
  return {
    ...readSample(id, variables, meta),
    semiSync: withStatus(readSemiSync(variables, meta.context.last?.semiSync), variables),
    ...told,
  };
}

type Told = Omit<Seconded, 'semiSync'> & Partial<Seconded> & Pick<LiveReport, 'executed'>;

function readOwn(id: string, answer: ProbeAnswer | undefined, { context: { last } }: ProbeMeta): Told {
  return {
    channels: last?.channels,
    replicas: undefined,
    heartbeat: undefined,
    behind: undefined,
    missingGrants: last?.missingGrants ?? [],
    executed: readOwnPosition(id, rowsOf(answer)),
  };
}

function readStatus(answer: ProbeAnswer | undefined, variables: Variables, meta: ProbeMeta): Told {
  const context = around(meta.context);
  const seconded = readSecond(answer, variables, { meta: { ...meta, context }, grants: GRANTS });
  if (secondOf(context, GRANTS) !== 'status') return { ...seconded, executed: undefined };
  const rows = rowsOf(answer);
  const channels = seconded.channels?.map((channel) => {
    const row = rows.find((it) => text(it, 'Channel_Name') === channel.name);
    return row === undefined ? channel : withPositions(channel, row);
  });
  const executed = channels === undefined || channels.length === 0 ? undefined : unionOf(rows.map(readExecuted));
  return { ...seconded, channels, executed };
}

function unionOf(sets: readonly (GtidSet | undefined)[]): GtidSet | undefined {
  const known = sets.filter((set) => set !== undefined);
  return known.length === 0 ? undefined : known.reduce((all, set) => all.union(set));
}

function rowsOf(answer: ProbeAnswer | undefined): readonly Row[] {
  return answer !== undefined && 'rows' in answer ? answer.rows : [];
}

type Sampled = Omit<LiveReport, keyof Seconded | 'executed'>;

function readSample(id: string, variables: Variables, { address, sentAt, answeredAt, context }: ProbeMeta): Sampled {
  return {
    ok: true,
    kind: 'position-replication',
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
    advertised: readAdvertised(variables),
  };
}
