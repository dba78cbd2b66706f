import type { Seed } from '../seeds.js';
import type { Address } from '../topology/node-report.js';
import type { NodeTraits } from '../topology/topology.js';

const NO_TRAITS: NodeTraits = { weight: 1, zone: undefined, tags: [] };

/**
 * What the user says of the node with these addresses. Of several names of one node the first counts, and the role of the
 * primary before that of a replica: an address that moves with the primary makes the node behind it the primary.
 */
export function traitsOf(seeds: Iterable<Seed>, addresses: readonly Address[]): NodeTraits {
  const named = [...seeds].filter((seed) => addresses.includes(seed.address));
  const [first] = named;
  return first && named.some(({ role }) => role === 'primary') ? { ...first, role: 'primary' } : (first ?? NO_TRAITS);
}
