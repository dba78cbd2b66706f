import type { Waiter } from './lease-waiters.js';

/** Waiters in the order of their coming, for the leases that come back. Those who were told meanwhile are passed over. */
export class ParkedWaiters {
  #coming: Waiter[] = [];
  #going: Waiter[] = [];

  push(waiter: Waiter): void {
    this.#coming.push(waiter);
    // Those who gave up are at the head: nobody may come for them as long as no lease comes back.
    const next = this.next();
    if (next) this.#going.push(next);
  }

  /** Puts one back that has been next already. */
  pushFirst(waiter: Waiter): void {
    this.#going.push(waiter);
  }

  /** Takes the next who still waits. */
  next(): Waiter | undefined {
    for (;;) {
      if (this.#going.length === 0) [this.#coming, this.#going] = [this.#going, this.#coming.reverse()];
      const waiter = this.#going.pop();
      if (waiter === undefined || !waiter.settled) return waiter;
    }
  }
}
