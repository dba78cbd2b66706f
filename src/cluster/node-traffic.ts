import type { NodeLoad } from '../routing/route.js';

const WEIGHT = 0.1;

/** What this process sends to one node: the load that balancing looks at, and counters for `status()`. */
export class NodeTraffic implements NodeLoad {
  inFlight = 0;
  responseMs = 0;
  arrivalMs: number | undefined;
  blockedUntil = 0;
  reads = 0;
  writes = 0;
  errors = 0;

  begin(access: 'read' | 'write'): void {
    this.inFlight++;
    if (access === 'read') this.reads++;
    else this.writes++;
  }

  end(ms: number, failed: boolean): void {
    this.inFlight--;
    if (failed) this.errors++;
    else this.responseMs += (ms - this.responseMs) * (this.responseMs === 0 ? 1 : WEIGHT);
  }
}
