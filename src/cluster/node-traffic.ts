import type { NodeLoad } from '../routing/route.js';

const WEIGHT = 0.1;
/** After a pause of this length, ms, an answer outweighs what was known before. */
const MEMORY_MS = 1000;

/** What this process sends to one node: the load that balancing looks at, and counters for `status()`. */
export class NodeTraffic implements NodeLoad {
  inFlight = 0;
  responseMs = 0;
  respondedAt = 0;
  arrivalMs: number | undefined;
  blockedUntil = 0;
  lagging = false;
  reads = 0;
  writes = 0;
  errors = 0;

  begin(access: 'read' | 'write'): void {
    this.inFlight++;
    if (access === 'read') this.reads++;
    else this.writes++;
  }

  /** A statement that ran for `ms` ended at `now`. */
  end(ms: number, failed: boolean, now: number): void {
    this.inFlight--;
    if (failed) {
      this.errors++;
      return;
    }
    const weight = this.responseMs === 0 ? 1 : Math.max(WEIGHT, Math.min(1, (now - this.respondedAt) / MEMORY_MS));
    this.responseMs += (ms - this.responseMs) * weight;
    this.respondedAt = now;
  }
}
