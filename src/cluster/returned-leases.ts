import type { Clock, Timer } from '../clock.js';
import type { PhysicalConnection } from './physical-connection.js';

const KEEP_MS = 5;

/**
 * Leases that came back a moment ago. Who asks in that moment, as a callback does that sends its next statement, gets one at
 * once; what nobody asked for goes back to the pool that owns it.
 */
export class ReturnedLeases {
  readonly #putBack: (lease: PhysicalConnection) => void;
  readonly #clock: Clock;
  readonly #leases: PhysicalConnection[] = [];
  #timer: Timer | undefined;

  constructor(clock: Clock, putBack: (lease: PhysicalConnection) => void) {
    this.#clock = clock;
    this.#putBack = putBack;
  }

  get size(): number {
    return this.#leases.length;
  }

  add(lease: PhysicalConnection): void {
    this.#leases.push(lease);
    this.#timer ??= this.#clock.after(KEEP_MS, this.#endMoment, true);
  }

  /** The one that came back last and lives. */
  take(): PhysicalConnection | undefined {
    for (;;) {
      const lease = this.#leases.pop();
      if (lease === undefined || !lease.dead) return lease;
      this.#putBack(lease);
    }
  }

  putAllBack(): void {
    // The latest last: the pool lends that one first.
    for (const lease of this.#leases.splice(0)) this.#putBack(lease);
  }

  readonly #endMoment = (): void => {
    this.#timer = undefined;
    this.putAllBack();
  };
}
