import type { Clock } from '../clock.js';

const FAST_MS = 25;
const FAST_FOR_MS = 2_000;
const SLOWEST_SEARCH_MS = 200;
const CALM_AFTER_MS = 30_000;
const CALM_FACTOR = 4;
const JITTER = 0.1;

/** How often nodes are probed: the interval, faster while a primary is searched, slower when nobody asks anything. */
export class Pace {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #random: () => number;
  #searchingSince: number | undefined;
  #lastUse: number;
  #calmMs: number;

  constructor(clock: Clock, intervalMs: number, random: () => number = Math.random) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#random = random;
    this.#lastUse = clock.now();
    this.#calmMs = intervalMs * CALM_FACTOR;
  }

  /** Somebody reads with this limit: also in calm times, half of it is the longest that nothing is known. */
  keepFresh(maxLagMs: number): void {
    this.#calmMs = Math.max(this.#intervalMs, Math.min(this.#calmMs, maxLagMs / 2));
  }

  /** A statement was routed at `now`. */
  used(now: number): void {
    this.#lastUse = now;
  }

  /** Whether the primary is missing or under suspicion. */
  search(on: boolean): void {
    if (!on) this.#searchingSince = undefined;
    else this.#searchingSince ??= this.#clock.now();
  }

  /** Milliseconds until the next probe of a node. The jitter keeps processes apart. */
  next(): number {
    return this.#base() * (1 + JITTER * (2 * this.#random() - 1));
  }

  #base(): number {
    const now = this.#clock.now();
    if (this.#searchingSince !== undefined) {
      const late = Math.max(0, now - this.#searchingSince - FAST_FOR_MS);
      return Math.min(this.#intervalMs, SLOWEST_SEARCH_MS, FAST_MS + late / 20);
    }
    return now - this.#lastUse > CALM_AFTER_MS ? this.#calmMs : this.#intervalMs;
  }
}
