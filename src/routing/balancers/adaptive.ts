import type { NodeView } from '../../topology/topology.js';
import type { BalanceContext, Balancer, NodeLoad } from '../route.js';
import { withWeight } from './weights.js';

/** Keeps nodes comparable whose answers take next to no time, ms. */
const BASE_MS = 0.5;
/** A node that lags by this time, ms, counts as twice as slow. */
const LAG_MS = 1000;
/** A response time that nothing has confirmed for this time, ms, counts for a third. */
const FADE_MS = 1000;

/**
 * The better of two nodes taken by chance: near the best of all at a constant cost, and no herd runs to one idle node
 * (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001). What was measured of a node fades while
 * the node is not used: one slow answer would keep it out for ever.
 */
export const adaptive: Balancer = (all, context) => {
  const nodes = withWeight(all);
  const first = Math.floor(context.random() * nodes.length);
  const a = nodes[first]!;
  if (nodes.length === 1) return a;
  const other = Math.floor(context.random() * (nodes.length - 1));
  const b = nodes[other < first ? other : other + 1]!;
  return cost(b, context) < cost(a, context) ? b : a;
};

function cost({ id, traits, lag }: NodeView, { loads, now }: BalanceContext): number {
  const load = loads.get(id);
  const work = load === undefined ? BASE_MS : (load.inFlight + 1) * (BASE_MS + responseMs(load, now));
  const behind = lag.caughtUpTo === undefined ? LAG_MS : Math.min(LAG_MS, Math.max(0, now - lag.caughtUpTo));
  return (work * (1 + behind / LAG_MS)) / (traits.weight || 1);
}

function responseMs({ responseMs, respondedAt }: NodeLoad, now: number): number {
  return responseMs * Math.exp((respondedAt - now) / FADE_MS);
}
