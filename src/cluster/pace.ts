import type { Clock } from '../clock.js';
import type { Topology } from '../topology/topology.js';
import {
  type Crowd,
  intervalOf,
  JITTER,
  longestRetryOf,
  type PaceFacts,
  shortestGapOf,
  spreadOf,
} from './pace-rules.js';

/** How often nodes are probed: by the rules of `pace-rules`, with what is the case now, and chance. One for a cluster. */
export class Pace {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #random: () => number;
  #searchingSince: number | undefined;
  readonly #madeAt: number;
  #lastUse: number;
  #maxLagMs = Number.POSITIVE_INFINITY;
  #crowd: Crowd = { sessions: 0, gtidBytes: 0 };

  constructor(clock: Clock, intervalMs: number, random: () => number = Math.random) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#random = random;
    this.#madeAt = clock.now();
    this.#lastUse = this.#madeAt;
  }

  /** Somebody reads with this limit: also in calm or crowded times, no lag passes half of it for want of a probe. */
  keepFresh(maxLagMs: number): void {
    this.#maxLagMs = Math.min(this.#maxLagMs, maxLagMs);
  }

  /** A statement was routed at `now`. */
  used(now: number): void {
    this.#lastUse = now;
  }

  /** Whether a statement has been routed since the beginning. */
  get wasUsed(): boolean {
    return this.#lastUse !== this.#madeAt;
  }

  /** Whether the primary is missing or under suspicion. */
  search(on: boolean): void {
    if (!on) this.#searchingSince = undefined;
    else this.#searchingSince ??= this.#clock.now();
  }

  /** How crowded the servers are. */
  crowded(crowd: Crowd): void {
    this.#crowd = crowd;
  }

  /** Milliseconds until the next probe of a node that has left so many unanswered in a row. Chance keeps processes apart. */
  next(failures = 0): number {
    const facts = this.#facts();
    if (failures > 0) return this.#random() * longestRetryOf(facts, failures);
    return intervalOf(facts) * (1 + JITTER * this.#random());
  }

  /** Milliseconds until a node may be probed out of turn that was probed last at `startedAt`. */
  soon(startedAt: number): number {
    const gap = startedAt + shortestGapOf(this.#facts()) - this.#clock.now();
    return Math.max(0, gap, this.spread());
  }

  /** Milliseconds to wait, by chance, before what all processes do at the same event; 0 where they are few. */
  spread(): number {
    return this.#random() * spreadOf(this.#crowd);
  }

  #facts(): PaceFacts {
    const now = this.#clock.now();
    return {
      intervalMs: this.#intervalMs,
      maxLagMs: this.#maxLagMs,
      searchingMs: this.#searchingSince === undefined ? undefined : now - this.#searchingSince,
      unusedMs: now - this.#lastUse,
      crowd: this.#crowd,
    };
  }
}

/** How crowded the nodes are, by what each has said last. */
export function crowdOf({ nodes }: Pick<Topology, 'nodes'>): Crowd {
  let sessions = 0;
  let gtidBytes = 0;
  for (const { lastReport } of nodes.values()) {
    sessions = Math.max(sessions, lastReport?.sessions ?? 0);
    gtidBytes = Math.max(gtidBytes, lastReport?.executed?.toString().length ?? 0);
  }
  return { sessions, gtidBytes };
}
