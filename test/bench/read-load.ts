import type { Pool, RowDataPacket } from 'mysql2/promise';
import { idAt, POINT_SELECT } from './bench-cluster.js';

/** What the readers saw. */
export interface ReadResult {
  readonly reads: number;
  readonly failed: number;
  readonly worstMs: number;
  /** The longest time in which no read of any reader ended. */
  readonly worstGapMs: number;
  /** The first of the errors. */
  readonly error: unknown;
}

const PAUSE_AFTER_ERROR_MS = 5;

/** So many readers, each running one point select after the other, until stopped. */
export class ReadLoad {
  readonly #pool: Pool;
  readonly #readers: readonly Promise<void>[];
  #running = true;
  #started = 0;
  #reads = 0;
  #failed = 0;
  #inFlight = 0;
  #worstMs = 0;
  #worstGapMs = 0;
  #endedAt = performance.now();
  #error: unknown;

  constructor(pool: Pool, concurrency: number) {
    this.#pool = pool;
    this.#readers = Array.from({ length: concurrency }, () => this.#readOn());
  }

  /** Lets the reads in flight end; those that have not within `timeoutMs` count as failed. */
  async stop(timeoutMs: number): Promise<ReadResult> {
    this.#running = false;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([Promise.all(this.#readers), late]);
    clearTimeout(timer);
    if (this.#inFlight > 0) this.#error ??= new Error(`${this.#inFlight} reads have not ended after ${timeoutMs} ms`);
    return {
      reads: this.#reads,
      failed: this.#failed + this.#inFlight,
      worstMs: this.#worstMs,
      worstGapMs: this.#worstGapMs,
      error: this.#error,
    };
  }

  async #readOn(): Promise<void> {
    while (this.#running) {
      const error = await this.#readOne(idAt(this.#started++));
      if (error === undefined) continue;
      this.#failed++;
      this.#error ??= error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_AFTER_ERROR_MS));
    }
  }

  async #readOne(id: number): Promise<unknown> {
    const startedAt = performance.now();
    this.#inFlight++;
    try {
      const [rows] = await this.#pool.query<RowDataPacket[]>(POINT_SELECT, [id]);
      return rows[0]?.id === id ? undefined : new Error(`the row ${id} was not found`);
    } catch (error) {
      return error ?? new Error('rejected with nothing');
    } finally {
      this.#inFlight--;
      this.#reads++;
      const now = performance.now();
      this.#worstMs = Math.max(this.#worstMs, now - startedAt);
      this.#worstGapMs = Math.max(this.#worstGapMs, now - this.#endedAt);
      this.#endedAt = now;
    }
  }
}
