import type { NodeView } from '../../topology/topology.js';
import type { Balancer } from '../route.js';
import { withWeight } from './weights.js';

/** The node with the fewest statements in flight for its weight; of equal ones, one by chance. */
export const leastInFlight: Balancer = (all, { loads, random }) => {
  const nodes = withWeight(all);
  const offset = Math.floor(random() * nodes.length);
  let best = nodes[offset]!;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < nodes.length; i += 1) {
    const node = nodes[(offset + i) % nodes.length]!;
    const load = busy(node, loads.get(node.id)?.inFlight ?? 0);
    if (load < least) {
      least = load;
      best = node;
    }
  }
  return best;
};

function busy({ traits }: NodeView, inFlight: number): number {
  return (inFlight + 1) / (traits.weight || 1);
}
