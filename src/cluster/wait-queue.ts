import type { Clock, Timer } from '../clock.js';

/** Somebody who waits for the topology to change. */
export interface QueuedRequest {
  /** Clock ms at which the wait ends. */
  readonly until: number;
  /** The topology has changed, or a moment has passed: try again. */
  retry(): void;
  /** The wait has ended without success. */
  expire(): void;
}

const SWEEP_MS = 10;
// Nodes that refused connections may take them again without a report that says so.
const SWEEPS_A_FLUSH = 5;

/** Statements that wait for a node, first come first served. Each wait has an end. */
export class WaitQueue {
  readonly #clock: Clock;
  #queue: QueuedRequest[] = [];
  #timer: Timer | undefined;
  #sweeps = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#queue.length;
  }

  add(request: QueuedRequest): void {
    this.#queue.push(request);
    this.#timer ??= this.#clock.after(SWEEP_MS, () => this.#sweep());
  }

  /** Lets everybody try again; who still has to wait comes back by {@link WaitQueue.add}. */
  flush(): void {
    const queue = this.#queue;
    if (queue.length === 0) return;
    this.#queue = [];
    const now = this.#clock.now();
    for (const request of queue) {
      if (request.until <= now) request.expire();
      else request.retry();
    }
  }

  #sweep(): void {
    this.#timer = undefined;
    if (++this.#sweeps % SWEEPS_A_FLUSH === 0) this.flush();
    else this.#expire();
    if (this.#queue.length > 0) this.#timer ??= this.#clock.after(SWEEP_MS, () => this.#sweep());
  }

  #expire(): void {
    const now = this.#clock.now();
    const expired = this.#queue.filter((request) => request.until <= now);
    if (expired.length === 0) return;
    this.#queue = this.#queue.filter((request) => request.until > now);
    for (const request of expired) request.expire();
  }
}
