import type { DiscoverContext } from './address-book.js';
import type { HealthContext } from './node-health.js';
import type { Address, NodeId } from './node-report.js';
import type { NodeTraits } from './topology.js';

/** What `apply` needs beside the report: the time, and the options that count. */
export interface ApplyContext extends DiscoverContext, HealthContext {
  /** What the user says of the node with these addresses. */
  readonly traitsOf: (addresses: readonly Address[]) => NodeTraits;
  readonly wishes?: Wishes;
}

/** What people wish of the nodes, beside the control table. */
export interface Wishes {
  /** The nodes that this process drains, and since when, ms. */
  readonly drained: ReadonlyMap<NodeId, number>;
  /** How long a primary that is to take nothing new holds its writes, ms. */
  readonly holdMs: number;
  readonly requireSemiSync: 'off' | 'warn' | 'refuse';
}
