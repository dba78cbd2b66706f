import { highAt } from './lag.js';
import type { Address, NodeId } from './node-report.js';
import type { NodeView, Topology } from './topology.js';

/** A replica became fit, or unfit, for reads that allow a limit. */
export interface LagChange {
  readonly node: NodeId;
  readonly address: Address;
  readonly previous: 'fit' | 'unfit';
  readonly next: 'fit' | 'unfit';
  /** The limit, ms. */
  readonly maxLagMs: number;
  readonly because: string;
}

/** The replicas that are unfit by one limit, and what of that is new. */
export interface LagFitness {
  readonly unfit: ReadonlySet<NodeId>;
  readonly changes: readonly LagChange[];
}

/** What has just happened. */
export interface LagStep {
  readonly previous: Topology;
  readonly next: Topology;
  readonly now: number;
  readonly maxLagMs: number;
}

/** A replica that was over the limit serves again below this share of it: one near the limit would come and go. */
const RETURN_SHARE = 0.75;

/** Who is over the limit, or was and is not clearly under it since. Leaving is at once, returning takes a distance. */
export function judgeLag(was: ReadonlySet<NodeId>, step: LagStep): LagFitness {
  const changes: LagChange[] = [];
  const unfit = new Set<NodeId>();
  for (const node of step.next.replicas) {
    const before = was.has(node.id);
    const over = isUnfit(node, before, step);
    if (over) unfit.add(node.id);
    if (over !== before) changes.push(changeOf(node, over, step));
  }
  return { unfit: changes.length === 0 && unfit.size === was.size ? was : unfit, changes };
}

function isUnfit(node: NodeView, was: boolean, { previous, next, now, maxLagMs }: LagStep): boolean {
  const high = highAt(node, next, now);
  // While the age stands still nothing comes and goes.
  if (next.frozenAt !== undefined) return isMeasured(node) ? high > maxLagMs : was;
  const before = previous.nodes.get(node.id);
  if (was) return isMeasured(node) ? high > maxLagMs * RETURN_SHARE : was;
  if (isBehind(node) && high > maxLagMs) return true;
  const passed = before !== undefined && isBehind(before) && highAt(before, previous, now) > maxLagMs;
  return passed && isMeasured(node) && high > maxLagMs * RETURN_SHARE;
}

// A replica that has answered before the primary's first sample came is neither.
function isMeasured({ executed, lag }: NodeView): boolean {
  return lag.caughtUpTo !== undefined || lag.low > 0 || executed === undefined;
}

// It is known to lack something, or says itself how far it is behind: that knowledge is old is no lag.
function isBehind({ lag }: NodeView): boolean {
  return lag.low > 0 || (lag.source !== 'watermark' && lag.source !== 'heartbeat');
}

function changeOf(node: NodeView, over: boolean, { next, now, maxLagMs }: LagStep): LagChange {
  const { id, address, lag } = node;
  const high = highAt(node, next, now);
  const age = Number.isFinite(high) ? `at most ${Math.ceil(high)} ms behind` : 'behind without a known bound';
  const place = over ? (high > maxLagMs ? 'over' : 'not clearly under') : 'clearly under';
  return {
    node: id,
    address,
    previous: over ? 'fit' : 'unfit',
    next: over ? 'unfit' : 'fit',
    maxLagMs,
    because: `it is ${age}, ${place} maxLagMs (${maxLagMs} ms); ${lag.because}`,
  };
}
