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
  ejectedUntil = 0;
  reads = 0;
  writes = 0;
  errors = 0;
  /** An answer that took longer counts as slow, ms. */
  slowOverMs = Number.POSITIVE_INFINITY;
  /** Moving average of the share of answers that did not come or were slow, 0 to 1. */
  badShare = 0;
  /** Since when that is too much, by the option `monitor.ejectPercent`; clock ms. */
  badSince: number | undefined;
  /** What the last of them was. */
  lastBad: 'lost' | 'slow' | undefined;
  /** How often in a row it was left out. */
  ejections = 0;

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
    this.#judge(ms > this.slowOverMs ? 'slow' : undefined);
  }

  /** A statement or a connection was lost, or an answer did not come in time. */
  fail(): void {
    this.#judge('lost');
  }

  #judge(bad: 'lost' | 'slow' | undefined): void {
    if (bad !== undefined) this.lastBad = bad;
    else if (this.badShare === 0) return;
    this.badShare += ((bad === undefined ? 0 : 1) - this.badShare) * WEIGHT;
  }
}
