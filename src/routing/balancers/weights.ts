import type { NodeView } from '../../topology/topology.js';

/** The nodes of weight over 0, or all when none has any: weight 0 means "only when nothing else is left". */
export function withWeight(nodes: readonly NodeView[]): readonly NodeView[] {
  for (const node of nodes) {
    if (node.traits.weight > 0) continue;
    const weighty = nodes.filter(({ traits }) => traits.weight > 0);
    return weighty.length > 0 ? weighty : nodes;
  }
  return nodes;
}

/** The node at `point` (from 0, below 1) of all weights laid end to end. */
export function atPoint(nodes: readonly NodeView[], point: number): NodeView {
  let total = 0;
  for (const node of nodes) total += node.traits.weight;
  if (total === 0) return nodes[Math.floor(point * nodes.length)]!;
  let left = point * total;
  for (const node of nodes) {
    left -= node.traits.weight;
    if (left < 0) return node;
  }
  return nodes[nodes.length - 1]!;
}
