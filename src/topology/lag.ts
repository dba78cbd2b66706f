import type { GtidSet } from '../gtid/gtid-set.js';
import { byBeats } from './heartbeats.js';
import type { Behind, LiveReport } from './node-report.js';
import { isRunning, replicationOf } from './replication-state.js';
import type { Beat, Lag, LagState, NodeView, Sample, Topology } from './topology.js';

/** Nothing is known of a node's lag. */
export const noLag: LagState = Object.freeze({
  replication: 'unknown',
  because: 'it has not answered yet',
  caughtUpTo: undefined,
  low: 0,
  appliedAll: false,
  source: 'none',
});

/** A replica's staleness as an interval, ms. */
export function lagAt(node: NodeView, topology: Topology, now: number): Lag {
  return { low: node.lag.low, high: highAt(node, topology, now), source: node.lag.source };
}

/**
 * Upper bound of a replica's staleness, ms: the age of the newest sample of the primary that it contains. It stands still
 * while there is no primary to be behind of. `Infinity` when it contains none. Allocates nothing.
 */
export function highAt(node: NodeView, topology: Topology, now: number): number {
  const { caughtUpTo } = node.lag;
  if (caughtUpTo === undefined) return Number.POSITIVE_INFINITY;
  const high = (topology.frozenAt ?? now) - caughtUpTo;
  return high > 0 ? high : 0;
}

/** What a read asks for. Times in ms. */
export interface Freshness {
  readonly now: number;
  readonly maxLagMs: number;
  /** When the read began. Whatever its limit, what was acknowledged before is all that it can ask for. */
  readonly begunAt: number;
}

/**
 * True when a replica may serve reads that allow `maxLagMs`; with 0, when it has a sample that was sent after the read began.
 * Without a primary nothing new can be missed: a replica that has applied all that it received goes on, unless it was too far
 * behind when the primary was last seen, or the read allows nothing.
 */
export function isFresh(node: NodeView, topology: Topology, { now, maxLagMs, begunAt }: Freshness): boolean {
  if (isSampledSince(node, begunAt)) return true;
  if (maxLagMs === 0) return false;
  if (highAt(node, topology, now) <= maxLagMs) return true;
  return topology.primary === undefined && node.lag.appliedAll && node.lag.low <= maxLagMs;
}

/** It contains a sample of the primary that was sent at `time` or later. */
export function isSampledSince({ lag }: NodeView, time: number): boolean {
  const sampled = lag.source === 'watermark' || lag.source === 'heartbeat';
  return sampled && lag.caughtUpTo !== undefined && lag.caughtUpTo >= time;
}

/** `sentAt` of the newest sample that `executed` contains. Samples are oldest first, each containing the one before. */
export function caughtUp(samples: readonly Sample[], executed: GtidSet | undefined): number | undefined {
  return executed === undefined ? undefined : samples[newestContained(samples, executed)]?.sentAt;
}

/** The index of the newest contained sample; -1 when there is none. */
function newestContained(samples: readonly Sample[], executed: GtidSet): number {
  let at = samples.length - 1;
  while (at >= 0 && !executed.contains(samples[at]!.executed)) at -= 1;
  return at;
}

/** What a node's lag is measured against. */
export interface LagBasis {
  readonly samples: readonly Sample[];
  readonly beats: readonly Beat[];
  readonly frozenAt: number | undefined;
}

/** The lag of a node by its last report and what has arrived since. */
export function measureLag(node: NodeView, basis: LagBasis): LagState {
  const report = node.lastReport;
  if (report === undefined) return noLag;
  const replication = replicationOf(report);
  const appliedAll = hasAppliedAll(report, node.executed);
  const sampled = node.executed && bySamples(node.executed, report, basis);
  const beaten = sampled?.caughtUpTo === undefined ? byBeats(report.heartbeat, basis) : undefined;
  return { ...replication, ...(beaten ?? sampled ?? byItself(report)), appliedAll };
}

type Known = Pick<LagState, 'caughtUpTo' | 'low' | 'source'>;

function bySamples(executed: GtidSet, report: LiveReport, { samples, frozenAt }: LagBasis): Known {
  const at = newestContained(samples, executed);
  const missing = samples[at + 1];
  // What a node lacks at the moment of its probe was acknowledged before the primary's answer came: at least that old.
  const seenAt = Math.min(report.sentAt, frozenAt ?? report.sentAt);
  const low = missing === undefined ? 0 : Math.max(0, seenAt - missing.answeredAt);
  return { caughtUpTo: samples[at]?.sentAt, low, source: 'watermark' };
}

// A stopped thread or a delay means that more may be waiting elsewhere; a connection that is being tried is what a dead
// primary looks like.
function hasAppliedAll({ channels, group }: LiveReport, executed: GtidSet | undefined): boolean {
  if (executed === undefined || channels === undefined) return false;
  if (channels.length === 0) return group?.received !== undefined && executed.contains(group.received);
  return channels.every(
    ({ io, sql, delaySeconds, retrieved }) =>
      io !== 'stopped' &&
      sql === 'running' &&
      delaySeconds === 0 &&
      retrieved !== undefined &&
      executed.contains(retrieved),
  );
}

// Without GTIDs: what the server itself says.
function byItself(report: LiveReport): Known {
  const { low, high, source } = report.behind ?? bySeconds(report) ?? NOTHING;
  return { caughtUpTo: Number.isFinite(high) ? report.sentAt - high : undefined, low, source };
}

const NOTHING = { low: 0, high: Number.POSITIVE_INFINITY, source: 'none' } as const;

// Whole seconds, rounded down, and only while both threads run (the server then compares its clock with the source's;
// manual, "SHOW REPLICA STATUS").
function bySeconds({ channels }: LiveReport): Behind | undefined {
  const running = channels !== undefined && channels.length > 0 && channels.every(isRunning);
  const seconds = running ? channels.map((channel) => channel.secondsBehind) : [];
  const known = seconds.filter((value) => value !== undefined);
  if (known.length === 0 || known.length < seconds.length) return undefined;
  const worst = Math.max(...known);
  return { low: Math.max(0, worst - 1) * 1000, high: (worst + 1) * 1000, source: 'seconds-behind' };
}
