import type { LiveReport, SemiSyncReport } from '../topology/node-report.js';
import type { ProbeAnswer, ProbeContext } from './probe.js';
import { readChannels, readReplicas } from './replication-channels.js';
import { readSemiSync, withStatus } from './semi-sync.js';
import { isDenied, type Row, readVariables } from './server-rows.js';

/** What a tick's second statement asks for; the first is always the sample. */
export type Second = 'status' | 'replicas' | 'semi-sync' | 'none';

/** The privileges that two of them need. */
export interface SecondGrants {
  readonly status: string;
  readonly replicas: string;
}

/** What a report has from second statements: of this tick, or kept from earlier ones. */
export type Seconded = Pick<LiveReport, 'channels' | 'replicas' | 'semiSync' | 'missingGrants'>;

/** A node without a source has nothing new to say about it in most ticks: every so many, something else is asked. */
const TURN_TICKS = 10;
/** A refused statement is tried again that seldom: each refusal is a line in the server's error count. */
const DENIED_TICKS = 60;

/**
 * What to ask beside the sample. A function of the context alone, so that the reader knows what was asked. The replicas are
 * asked for only after a tick of this very connection has told that there is no source: what another connection saw may be
 * from before a restart.
 */
export function secondOf({ tick, last }: ProbeContext, grants: SecondGrants): Second {
  const missing = last?.missingGrants ?? [];
  const retry = tick % DENIED_TICKS === 0;
  if (missing.includes(grants.status) && !retry) return 'none';
  const idle = tick > 0 && last?.channels?.length === 0;
  if (idle && tick % TURN_TICKS === 1) {
    return missing.includes(grants.replicas) && tick % DENIED_TICKS !== 1 ? 'status' : 'replicas';
  }
  return idle && tick % TURN_TICKS === 2 && last.semiSync?.source !== undefined ? 'semi-sync' : 'status';
}

/** Reads the second statement's answer into what earlier ones have told. */
export function readSecond(
  answer: ProbeAnswer | undefined,
  variables: ReadonlyMap<string, string>,
  { context, grants }: { readonly context: ProbeContext; readonly grants: SecondGrants },
): Seconded {
  const second = secondOf(context, grants);
  const rows = answer !== undefined && 'rows' in answer ? answer.rows : undefined;
  const semiSync = readSemiSync(variables, context.last?.semiSync);
  return {
    channels: second === 'status' ? rows && readChannels(rows) : context.last?.channels,
    replicas: second === 'replicas' && rows ? readReplicas(rows) : undefined,
    semiSync: second === 'semi-sync' ? readStatus(semiSync, rows) : semiSync,
    missingGrants: missingGrants(grants[second as keyof SecondGrants], answer, context.last?.missingGrants ?? []),
  };
}

function readStatus(semiSync: SemiSyncReport | undefined, rows: readonly Row[] | undefined): typeof semiSync {
  return rows === undefined ? semiSync : withStatus(semiSync, readVariables(rows));
}

function missingGrants(
  asked: string | undefined,
  answer: ProbeAnswer | undefined,
  last: readonly string[],
): readonly string[] {
  if (asked === undefined) return last;
  const others = last.filter((grant) => grant !== asked);
  return isDenied(answer) ? [...others, asked] : others;
}
