import type { Pool } from 'mysql2/promise';

/** One attempt to write a row with an id of its own. Times by `performance.now()`. */
export interface Write {
  readonly id: number;
  readonly endedAt: number;
  /** Undefined when it was acknowledged. */
  readonly error: unknown;
}

// A writer that cannot even wait must not spin.
const PAUSE_AFTER_ERROR_MS = 1;

/** Writes one row after the other, each the next as soon as the one before has ended or failed. */
export class PromotionWriter {
  readonly writes: Write[] = [];
  readonly #pool: Pool;
  #lastId = 0;
  #running = false;
  #ended: Promise<void> = Promise.resolve();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Ids that were acknowledged. */
  get acknowledged(): readonly number[] {
    return this.writes.filter(({ error }) => error === undefined).map(({ id }) => id);
  }

  start(): void {
    this.#running = true;
    this.#ended = this.#write();
  }

  /** Ends after the write in flight. */
  stop(): Promise<void> {
    this.#running = false;
    return this.#ended;
  }

  /** When the first write was acknowledged after `time`. Waits for it, at most `timeoutMs`. */
  async firstAfter(time: number, timeoutMs: number): Promise<number> {
    const until = performance.now() + timeoutMs;
    for (;;) {
      const found = this.writes.find(({ endedAt, error }) => endedAt > time && error === undefined);
      if (found) return found.endedAt;
      if (performance.now() > until) {
        throw new Error(`no write was acknowledged within ${timeoutMs} ms`, { cause: this.writes.at(-1)?.error });
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async #write(): Promise<void> {
    while (this.#running) {
      const id = ++this.#lastId;
      const error = await this.#pool.query('INSERT INTO w (id) VALUES (?)', [id]).then(
        () => undefined,
        (reason: unknown) => reason ?? new Error('rejected with nothing'),
      );
      this.writes.push({ id, endedAt: performance.now(), error });
      if (error !== undefined) await new Promise((resolve) => setTimeout(resolve, PAUSE_AFTER_ERROR_MS));
    }
  }
}
