import type { LiveReport } from './node-report.js';
import type { Sample } from './topology.js';

const MAX_SAMPLES = 64;

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
  return [...(samples.length < MAX_SAMPLES ? samples : samples.slice(1)), sample];
}

/** False when the primary lacks what it had itself: it came back without its last transactions. */
export function keepsItsSamples(samples: readonly Sample[], report: LiveReport): boolean {
  const last = samples.at(-1);
  if (last === undefined || last.sentAt >= report.sentAt) return true;
  return report.executed?.contains(last.executed) ?? false;
}
