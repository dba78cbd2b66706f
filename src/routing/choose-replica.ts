import type { NodeView } from '../topology/topology.js';
import { withoutReplica } from './fallback.js';
import { type Situation, whyUnfit } from './filters.js';
import type { Route } from './route.js';

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
  const shares = context.policy.primaryReads === 'share' && intent.route === 'auto' && primary !== undefined;
  if (first === undefined) return withoutReplica(situation);
  if (fit === 1 && !shares) return used(first, situation);
  const all = fit === replicas.length ? replicas : replicas.filter((node) => whyUnfit(node, situation) === undefined);
  const candidates = nearest(shares ? [...all, primary] : all, context.policy.zone);
  return used(context.policy.balance(candidates, context), situation);
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

/** The nodes of the zone, or all when it has none. */
function nearest(nodes: readonly NodeView[], zone: string | undefined): readonly NodeView[] {
  if (zone === undefined) return nodes;
  const near = nodes.filter((node) => node.traits.zone === zone);
  return near.length > 0 ? near : nodes;
}
