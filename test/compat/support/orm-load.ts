import { expect } from 'vitest';
import { nextId } from '../../integration/support/load.js';

/** What an ORM does under load: each is done again and again. */
export interface OrmActs {
  /** Inserts into `written`. */
  write(id: number): Promise<unknown>;
  /** The same in a transaction. */
  transact(id: number): Promise<unknown>;
  read(): Promise<unknown>;
}

type Act = keyof OrmActs;

const ACTS: readonly Act[] = ['write', 'transact', 'read'];

/** Of a write that was under way when its server died, nothing else may be told. */
const HONEST: Record<Act, readonly string[]> = {
  write: ['WRITE_OUTCOME_UNKNOWN'],
  transact: ['WRITE_OUTCOME_UNKNOWN', 'TRANSACTION_LOST'],
  read: [],
};

/** Two loops of each act. */
export class OrmLoad {
  readonly #acknowledged: number[] = [];
  readonly #failed: { readonly act: Act; readonly error: unknown }[] = [];
  readonly #done: Record<Act, number>[] = [];
  readonly #loops: Promise<void>[] = [];
  #marks: readonly Record<Act, number>[];
  #running = true;

  constructor(all: readonly OrmActs[]) {
    for (const acts of all) {
      const done = { write: 0, transact: 0, read: 0 };
      this.#done.push(done);
      for (const act of [...ACTS, ...ACTS]) this.#loops.push(this.#repeat(acts, act, done));
    }
    this.#marks = this.#done.map((done) => ({ ...done }));
  }

  /** From here on it is counted anew. */
  mark(): void {
    this.#marks = this.#done.map((done) => ({ ...done }));
  }

  /** Whether each act has succeeded so often since the mark. Fails when one failed as it must not. */
  isBeyond(count: number): boolean {
    this.#checkFailures();
    return this.#done.every((done, index) =>
      ACTS.every((act) => done[act] - (this.#marks[index]?.[act] ?? 0) >= count),
    );
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#loops);
  }

  /** @param found how often each id was written */
  check(found: ReadonlyMap<number, number>): void {
    this.#checkFailures();
    expect(this.#acknowledged.filter((id) => !found.has(id))).toEqual([]);
    expect([...found].filter(([, count]) => count > 1)).toEqual([]);
    // One statement of each writer was under way.
    expect(this.#failed.length).toBeLessThanOrEqual(4 * this.#done.length);
  }

  #checkFailures(): void {
    const dishonest = this.#failed.filter(({ act, error }) => !HONEST[act].includes(codeWithin(error)));
    expect(dishonest.map(({ act, error }) => `${act}: ${error instanceof Error ? error.stack : error}`)).toEqual([]);
  }

  async #repeat(acts: OrmActs, act: Act, done: Record<Act, number>): Promise<void> {
    while (this.#running) {
      const id = nextId();
      try {
        await acts[act](id);
        done[act]++;
        if (act !== 'read') this.#acknowledged.push(id);
      } catch (error) {
        this.#failed.push({ act, error });
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
}

/** The code of the package's own error, however the ORM has wrapped it. */
function codeWithin(error: unknown): string {
  const seen = new Set<unknown>();
  const queue = [error];
  for (const next of queue) {
    if (typeof next !== 'object' || next === null || seen.has(next)) continue;
    seen.add(next);
    const { code, cause, original, parent, driverError, previous } = next as Record<string, unknown>;
    if (code === 'WRITE_OUTCOME_UNKNOWN' || code === 'TRANSACTION_LOST') return code;
    queue.push(cause, original, parent, driverError, previous);
  }
  return '';
}
