import type { LiveReport } from './node-report.js';
import type { NodeView, Sample } from './topology.js';

const MAX_SAMPLES = 64;
/** The newest are kept as they are: somebody may be waiting for one of them to arrive. */
const KEPT_AS_THEY_ARE = 16;

/** Adds what the primary's report says it has executed. Older reports than the newest sample are left out. */
export function addSample(samples: readonly Sample[], report: LiveReport): readonly Sample[] {
  const { sentAt, answeredAt, executed } = report;
  const last = samples.at(-1);
  if (executed === undefined || (last !== undefined && sentAt <= last.sentAt)) return samples;
  const sample = { sentAt, answeredAt, executed };
  // Of equal ones the first (for the lower bound) and the last (for the upper one) tell all: a calm does not fill the list.
  const before = samples.at(-2);
  if (last && before && executed.equals(last.executed) && last.executed.equals(before.executed)) {
    return [...samples.slice(0, -1), sample];
  }
  return [...(samples.length < MAX_SAMPLES ? samples : thinned(samples)), sample];
}

// Many samples a second must not push out those that a replica far behind is measured by: the older they are, the further apart
// they may be. The one goes whose place those beside it tell best.
function thinned(samples: readonly Sample[]): readonly Sample[] {
  const newest = samples.at(-1)!.sentAt;
  let least = 1;
  let leastShare = Number.POSITIVE_INFINITY;
  for (let i = 1; i < samples.length - KEPT_AS_THEY_ARE; i++) {
    const gap = samples[i + 1]!.sentAt - samples[i - 1]!.sentAt;
    const share = gap / (newest - samples[i]!.sentAt);
    if (share >= leastShare) continue;
    leastShare = share;
    least = i;
  }
  return [...samples.slice(0, least), ...samples.slice(least + 1)];
}

/** False when the primary lacks what it had itself: it came back without its last transactions. */
export function keepsItsSamples(samples: readonly Sample[], report: LiveReport): boolean {
  const last = samples.at(-1);
  if (last === undefined || last.sentAt >= report.sentAt || report.executed === undefined) return true;
  return report.executed.contains(last.executed);
}

/** True when the answers to a primary's writes tell their GTIDs: not where there are none, or positions stand for them. */
export function tellsGtids({ executed, kind }: LiveReport): boolean {
  return executed !== undefined && kind !== 'position-replication';
}

/**
 * Whether the GTIDs that a node tracks for a session are those that its samples are made of. Galera's nodes number theirs apart
 * from the place in the cluster's history, each by itself.
 */
export function tracksItsSamples(node: NodeView | undefined): boolean {
  return node?.lastReport?.kind !== 'galera';
}
