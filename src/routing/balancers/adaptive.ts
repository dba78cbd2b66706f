import type { NodeView } from '../../topology/topology.js';
import type { BalanceContext, Balancer } from '../route.js';
import { withWeight } from './weights.js';

/** Keeps nodes comparable whose answers take next to no time, ms. */
const BASE_MS = 0.5;
/** A node that lags by this time, ms, counts as twice as slow. */
const LAG_MS = 1000;

/**
 * The better of two nodes taken by chance: near the best of all at a constant cost, and no herd runs to one idle node
 * (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001).
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
  const work = ((load?.inFlight ?? 0) + 1) * ((load?.responseMs ?? 0) + BASE_MS);
  const behind = lag.caughtUpTo === undefined ? LAG_MS : Math.min(LAG_MS, Math.max(0, now - lag.caughtUpTo));
  return (work * (1 + behind / LAG_MS)) / (traits.weight || 1);
}
