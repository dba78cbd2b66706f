import type { DiscoverContext } from './address-book.js';
import type { HealthContext } from './node-health.js';
import type { Address } from './node-report.js';
import type { NodeTraits } from './topology.js';

/** What `apply` needs beside the report: the time, and the options that count. */
export interface ApplyContext extends DiscoverContext, HealthContext {
  /** What the user says of the node with these addresses. */
  readonly traitsOf: (addresses: readonly Address[]) => NodeTraits;
}
