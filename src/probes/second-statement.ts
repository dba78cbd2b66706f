import type { Behind, LiveReport, SemiSyncReport } from '../topology/node-report.js';
import { commitTimestampsGrant, readCommitTimestamps } from './commit-timestamps.js';
import { readHeartbeat } from './heartbeat.js';
import type { ProbeAnswer, ProbeContext, ProbeMeta } from './probe.js';
import { readChannels, readReplicas } from './replication-channels.js';
import { readSemiSync, withStatus } from './semi-sync.js';
import { isDenied, isFrom, type Row, readVariables } from './server-rows.js';

/** What a tick's second statement asks for; the first is always the sample. */
export type Second = 'status' | 'replicas' | 'semi-sync' | 'sessions' | 'heartbeat' | 'commit-timestamps' | 'none';

/** The privileges that two of them need. */
export interface SecondGrants {
  readonly status: string;
  readonly replicas: string;
}

/** What a report has from second statements: of this tick, or kept from earlier ones. */
export type Seconded = Pick<
  LiveReport,
  'channels' | 'replicas' | 'semiSync' | 'sessions' | 'heartbeat' | 'behind' | 'missingGrants'
>;

/** A node without a source has nothing new to say about it in most ticks: every so many, something else is asked. */
const TURN_TICKS = 10;
/** Odd, as the replicas' turn is: even ticks may be for the control table. */
const SEMI_SYNC_TURN = 3;
/** A refused statement is tried again that seldom: each refusal is a line in the server's error count. */
export const DENIED_TICKS = 60;
/** How crowded a server is changes slowly, and asking replaces a look at something else. */
const SESSIONS_TICKS = 60;
/** After the ticks that find out the most. */
const SESSIONS_TICK = 5;

/** Where something better bounds the lag, how replication stands is asked once in so many ticks. */
const STATUS_TICKS = 3;

/**
 * How many sessions a server has. A global number, but asked for as the session's: for the global ones MySQL adds up what all
 * sessions have (measured with 1000 of them: twice the server's CPU).
 */
export const sessionsStatus = "SHOW SESSION STATUS WHERE variable_name = 'Threads_connected'";

/**
 * What to ask beside the sample. A function of the context alone, so that the reader knows what was asked. The replicas are
 * asked for only after a tick of this very connection has told that there is no source: what another connection saw may be
 * from before a restart.
 */
export function secondOf(context: ProbeContext, grants: SecondGrants): Second {
  if (context.sampleOnly) return 'none';
  if (context.tick % SESSIONS_TICKS === SESSIONS_TICK) return 'sessions';
  const wanted = ofReplication(context, grants);
  const free = wanted === 'none' || (wanted === 'status' && context.tick % STATUS_TICKS !== 0);
  return (free ? ofLag(context) : undefined) ?? wanted;
}

function ofReplication({ tick, last, semiSync }: ProbeContext, grants: SecondGrants): Second {
  const missing = last?.missingGrants ?? [];
  // Odd too.
  const retry = tick === 0 || tick % DENIED_TICKS === DENIED_TICKS - 1;
  if (missing.includes(grants.status) && !retry) return 'none';
  const idle = tick > 0 && last?.channels?.length === 0;
  if (idle && tick % TURN_TICKS === 1) {
    return missing.includes(grants.replicas) && tick % DENIED_TICKS !== 1 ? 'status' : 'replicas';
  }
  const asksSemiSync = !semiSync && last?.semiSync?.source !== undefined;
  return idle && tick % TURN_TICKS === SEMI_SYNC_TURN && asksSemiSync ? 'semi-sync' : 'status';
}

// Where GTIDs tell what a node has, there is nothing to add.
function ofLag({ tick, last, heartbeat, version }: ProbeContext): Second | undefined {
  if (last === undefined || last.executed !== undefined) return undefined;
  const retry = tick % DENIED_TICKS === 1;
  const may = (grant: string): boolean => retry || !last.missingGrants.includes(grant);
  if (heartbeat !== undefined && may(selectOn(heartbeat))) return 'heartbeat';
  const replicates = last.channels !== undefined && last.channels.length > 0;
  return replicates && isFrom(version, [8, 0, 1]) && may(commitTimestampsGrant) ? 'commit-timestamps' : undefined;
}

function selectOn(table: string): string {
  return `SELECT on ${table}`;
}

/** Reads the second statement's answer into what earlier ones have told. */
export function readSecond(
  answer: ProbeAnswer | undefined,
  variables: ReadonlyMap<string, string>,
  { meta, grants }: { readonly meta: ProbeMeta; readonly grants: SecondGrants },
): Seconded {
  const { context } = meta;
  const { last } = context;
  const second = secondOf(context, grants);
  const rows = answer !== undefined && 'rows' in answer ? answer.rows : undefined;
  // The sample brings the status along where it was asked to.
  const semiSync = withStatus(readSemiSync(variables, last?.semiSync), variables);
  return {
    channels: second === 'status' ? rows && readChannels(rows) : last?.channels,
    replicas: second === 'replicas' && rows ? readReplicas(rows) : undefined,
    semiSync: second === 'semi-sync' ? readStatus(semiSync, rows) : semiSync,
    sessions: (second === 'sessions' && rows ? readSessions(rows) : undefined) ?? last?.sessions,
    heartbeat: second === 'heartbeat' ? readHeartbeat(answer, variables, meta) : last?.heartbeat,
    behind: second === 'commit-timestamps' ? readCommitTimestamps(answer) : laterBehind(last, meta.sentAt),
    missingGrants: missingGrants(second, answer, { context, grants }),
  };
}

// What was measured in an earlier tick is older by now, and what was missing then may have come.
function laterBehind(last: LiveReport | undefined, sentAt: number): Behind | undefined {
  if (last?.behind?.source !== 'commit-timestamps') return undefined;
  return { ...last.behind, low: 0, high: last.behind.high + sentAt - last.sentAt };
}

function readSessions(rows: readonly Row[]): number | undefined {
  const count = readVariables(rows).get('threads_connected');
  return count === undefined ? undefined : Number(count);
}

function readStatus(semiSync: SemiSyncReport | undefined, rows: readonly Row[] | undefined): typeof semiSync {
  return rows === undefined ? semiSync : withStatus(semiSync, readVariables(rows));
}

function missingGrants(
  second: Second,
  answer: ProbeAnswer | undefined,
  { context, grants }: { readonly context: ProbeContext; readonly grants: SecondGrants },
): readonly string[] {
  const { heartbeat = '', last } = context;
  const beating = second === 'heartbeat';
  const needs = { ...grants, heartbeat: selectOn(heartbeat), 'commit-timestamps': commitTimestampsGrant };
  const asked = second in needs ? needs[second as keyof typeof needs] : undefined;
  if (asked === undefined) return last?.missingGrants ?? [];
  const others = (last?.missingGrants ?? []).filter((grant) => grant !== asked);
  // A table that is not there is as good as one that may not be read.
  const refused = beating ? answer !== undefined && 'error' in answer : isDenied(answer);
  return refused ? [...others, asked] : others;
}
