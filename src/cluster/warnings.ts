import type { ClusterEvents } from '../observe/events.js';
import type { Address } from '../topology/node-report.js';

type Warning = ClusterEvents['warning'][0];

/** Warnings that are told once, however often there is a reason. */
export class Warnings {
  readonly #tell: (warning: Warning) => void;
  readonly #told = new Set<string>();

  constructor(tell: (warning: Warning) => void) {
    this.#tell = tell;
  }

  once(code: Warning['code'], message: string, about = message): void {
    if (this.#told.has(about)) return;
    this.#told.add(about);
    this.#tell({ code, message });
  }

  ofGrants(address: Address, missing: readonly string[]): void {
    for (const grant of missing) {
      const lost = grant.startsWith('SELECT')
        ? 'or there is no such table; it is not read, and lag is known less well'
        : 'discovery and fencing by replication source are off';
      this.once('MISSING_GRANT', `the account of the probes lacks ${grant} (seen on ${address}): ${lost}`, grant);
    }
  }
}
