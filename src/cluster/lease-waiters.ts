import type { Clock, Timer } from '../clock.js';
import type { PhysicalConnection } from './physical-connection.js';

/** Who waits for a connection. Exactly one of the two is called, once. */
export interface LeaseReceiver {
  /** `now` is the clock's time at this moment. */
  onLease(lease: PhysicalConnection, now: number): void;
  onPoolError(error: Error): void;
}

/** One wait of a receiver. */
export interface Waiter {
  readonly receiver: LeaseReceiver;
  /** When it began to wait; never, while an idle connection is about to be lent. */
  since: number;
  settled: boolean;
}

const SWEEP_MS = 20;

/** Those who wait for a connection of one pool. generic-pool cannot end a single wait: here each has its bound. */
export class LeaseWaiters {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #timeout: () => Error;
  readonly #waiting = new Set<Waiter>();
  #sweep: Timer | undefined;

  /** @param timeout makes the error of a wait that took `timeoutMs` */
  constructor(clock: Clock, timeoutMs: number, timeout: () => Error) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#timeout = timeout;
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(waiter: Waiter): void {
    if (waiter.since !== Number.POSITIVE_INFINITY) return;
    waiter.since = this.#clock.now();
    this.#waiting.add(waiter);
    this.#sweep ??= this.#clock.after(SWEEP_MS, () => this.#expire());
  }

  settle(waiter: Waiter): void {
    waiter.settled = true;
    if (waiter.since !== Number.POSITIVE_INFINITY) this.#waiting.delete(waiter);
  }

  fail(waiter: Waiter, error: Error): void {
    if (waiter.settled) return;
    this.settle(waiter);
    waiter.receiver.onPoolError(error);
  }

  /** Ends all waits. */
  failAll(error: Error): void {
    this.#sweep?.cancel();
    this.#sweep = undefined;
    for (const waiter of [...this.#waiting]) this.fail(waiter, error);
  }

  #expire(): void {
    this.#sweep = undefined;
    const latest = this.#clock.now() - this.#timeoutMs;
    // In the order of their coming: who is not due yet has nobody due behind.
    for (const waiter of this.#waiting) {
      if (waiter.since > latest) break;
      this.fail(waiter, this.#timeout());
    }
    if (this.#waiting.size > 0) this.#sweep = this.#clock.after(SWEEP_MS, () => this.#expire());
  }
}
