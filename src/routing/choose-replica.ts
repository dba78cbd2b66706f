import type { NodeView } from '../topology/topology.js';
import { withWeight } from './balancers/weights.js';
import { withoutReplica } from './fallback.js';
import { type Situation, whyUnfit } from './filters.js';
import type { Route, RouteContext } from './route.js';

/** Routes a read: a fit replica, else what `withoutReplica` finds. The hot path: allocates the answer and little else. */
export function chooseReplica(situation: Situation): Route {
  const { topology, intent, context } = situation;
  const { replicas, primary } = topology;
  let fit = 0;
  let first: NodeView | undefined;
  // By index: an iterator would be allocated for each query.
  for (let i = 0; i < replicas.length; i++) {
    const replica = replicas[i]!;
    if (whyUnfit(replica, situation) !== undefined) continue;
    first ??= replica;
    fit += 1;
  }
  const shares =
    context.policy.primaryReads === 'share' && intent.route === 'auto' && primary?.duty.status === 'online';
  if (first === undefined) return withoutReplica(situation);
  if (fit === 1 && !shares) return used(first, situation);
  const all = fit === replicas.length ? replicas : replicas.filter((node) => whyUnfit(node, situation) === undefined);
  const warm = warmed(shares ? [...all, primary] : all, context);
  return used(context.policy.balance(nearest(warm, context), context), situation);
}

function used(node: NodeView, { topology, intent }: Situation): Route {
  return { type: 'use', node, because: reason(node, topology.primary, intent.need !== undefined) };
}

// Constant texts: a route is made for each query.
function reason(node: NodeView, primary: NodeView | undefined, needed: boolean): string {
  if (node === primary) return 'the primary shares the reads';
  if (primary === undefined) return 'no primary, lag frozen: it had applied what the primary was last seen to have';
  return needed ? 'it is fresh enough and has the transactions that must be seen' : 'it is fresh enough';
}

/** A node that has just begun to serve gets so much of its share, and more with time. */
const FIRST_SHARE = 0.02;

/** The nodes without those that are to rest this time: a replica that has just begun to serve is chosen as seldom as it is cold. */
function warmed(
  nodes: readonly NodeView[],
  { policy: { slowStartMs }, now, random }: RouteContext,
): readonly NodeView[] {
  if (slowStartMs === 0 || nodes.every((node) => now - node.servingSince >= slowStartMs)) return nodes;
  const share = ({ servingSince }: NodeView): number => Math.max(FIRST_SHARE, (now - servingSince) / slowStartMs);
  const warm = nodes.filter((node) => node.role === 'primary' || share(node) >= 1 || random() < share(node));
  return warm.length > 0 ? warm : nodes;
}

/** The nodes of the zone; all when it has none, or when those have all their connections in use. */
function nearest(nodes: readonly NodeView[], context: RouteContext): readonly NodeView[] {
  const { zone } = context.policy;
  if (zone === undefined) return nodes;
  const able = withWeight(nodes);
  const near = able.filter((node) => node.traits.zone === zone);
  if (near.length === 0) return able;
  if (near.some((node) => !isFull(node, context))) return near;
  const free = able.filter((node) => !isFull(node, context));
  return free.length > 0 ? free : near;
}

function isFull({ id, maxConnections }: NodeView, { loads, policy: { poolMax } }: RouteContext): boolean {
  return (loads.get(id)?.inFlight ?? 0) >= Math.min(poolMax, maxConnections ?? poolMax);
}
