import type { Balancer } from '../route.js';
import { atPoint } from './weights.js';

// The golden ratio's fraction steps through the weights evenly, whatever they are: no node's turns bunch together.
const STEP = 0.618_033_988_749_894_9;

/** One node after the other by the count of routes, as often as its weight says. */
export const roundRobin: Balancer = (nodes, { turn }) => {
  const { weight } = nodes[0]!.traits;
  if (weight > 0 && nodes.every(({ traits }) => traits.weight === weight)) return nodes[turn % nodes.length]!;
  return atPoint(nodes, (turn * STEP) % 1);
};
