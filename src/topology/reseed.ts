import { seedView } from './address-book.js';
import type { Address } from './node-report.js';
import type { AddressView, Topology } from './topology.js';

/**
 * The topology with these seeds in place of those before. An address that is none any more stays while its node answers there,
 * or is named by others; nodes that are gone from it are dropped in time, like discovered ones.
 */
export function reseed(topology: Topology, seeds: Iterable<Address>, now: number): Topology {
  const wanted = new Set(seeds);
  const addresses = new Map<Address, AddressView>();
  for (const [address, view] of topology.addresses) {
    if (wanted.has(address)) addresses.set(address, view.seed ? view : { ...view, seed: true });
    else if (!view.seed) addresses.set(address, view);
    else if (view.node !== undefined) addresses.set(address, { ...view, seed: false, namedAt: now });
  }
  for (const address of wanted) if (!addresses.has(address)) addresses.set(address, seedView(address));
  return Object.freeze({ ...topology, addresses, version: topology.version + 1 });
}
