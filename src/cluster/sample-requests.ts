import type { Clock, Timer } from '../clock.js';

/** What the requests need of their surroundings. */
export interface SampleSource {
  readonly clock: Clock;
  /** When the newest sample that is known was sent. */
  readonly newest: () => number | undefined;
  /** Takes one, sent now or later. */
  readonly take: () => void;
}

const PAUSE_MS = 5;

/** Fresh samples of the primary for those who ask: one serves all who began before it was sent, and they are a pause apart. */
export class SampleRequests {
  readonly #source: SampleSource;
  #takenAt = Number.NEGATIVE_INFINITY;
  #since = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(source: SampleSource) {
    this.#source = source;
  }

  /** When one was taken last. */
  get takenAt(): number {
    return this.#takenAt;
  }

  /** Somebody needs a sample that was sent at `since` or later. */
  want(since: number): void {
    this.#since = Math.max(this.#since, since);
    if (this.#timer !== undefined || this.#isThere()) return;
    const { clock } = this.#source;
    const wait = this.#takenAt + PAUSE_MS - clock.now();
    if (wait <= 0) return this.#take();
    this.#timer = clock.after(
      wait,
      () => {
        this.#timer = undefined;
        if (!this.#isThere()) this.#take();
      },
      true,
    );
  }

  #isThere(): boolean {
    const newest = this.#source.newest();
    return newest !== undefined && newest >= this.#since;
  }

  #take(): void {
    this.#takenAt = this.#source.clock.now();
    this.#source.take();
  }
}
