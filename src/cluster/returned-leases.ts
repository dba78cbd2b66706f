import type { PhysicalConnection } from './physical-connection.js';

/**
 * Leases that came back in this turn of the event loop. Who asks in the same turn, as a callback does that sends its next
 * statement, gets one at once; what is left at the end of the turn goes back to the pool that owns it.
 */
export class ReturnedLeases {
  readonly #putBack: (lease: PhysicalConnection) => void;
  readonly #leases: PhysicalConnection[] = [];
  #scheduled = false;

  constructor(putBack: (lease: PhysicalConnection) => void) {
    this.#putBack = putBack;
  }

  get size(): number {
    return this.#leases.length;
  }

  add(lease: PhysicalConnection): void {
    this.#leases.push(lease);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#endTurn);
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

  readonly #endTurn = (): void => {
    this.#scheduled = false;
    this.putAllBack();
  };
}
