import type { RowDataPacket } from 'mysql2/promise';
import { expect } from 'vitest';
import type { ClusteredPromisePool } from '../../../src/promise.js';
import type { TestCluster, TestNode } from '../../../src/testing/index.js';
import { type Lab, nameOf, pause, until } from './lab.js';

/** What became of the statements of a load. */
export interface LoadResult {
  /** Ids of writes that were acknowledged. */
  readonly acknowledged: readonly number[];
  /** Ids of writes whose outcome was said to be unknown. */
  readonly unknown: readonly number[];
  /** All other failures. */
  readonly failures: readonly unknown[];
  readonly reads: number;
}

interface LoadOptions {
  readonly writers?: number;
  readonly readers?: number;
  /** Between two statements of one of them, ms: what catches up meanwhile gets its turn. */
  readonly pauseMs?: number;
}

/** Writes and reads in loops until it is stopped. */
export class Load {
  readonly #pool: ClusteredPromisePool;
  readonly #pauseMs: number;
  readonly #acknowledged: number[] = [];
  readonly #unknown: number[] = [];
  readonly #failures: unknown[] = [];
  readonly #loops: Promise<void>[] = [];
  #reads = 0;
  #running = true;

  constructor(pool: ClusteredPromisePool, { writers = 0, readers = 0, pauseMs = 0 }: LoadOptions) {
    this.#pool = pool;
    this.#pauseMs = pauseMs;
    for (let i = 0; i < writers; i++) this.#loops.push(this.#write());
    for (let i = 0; i < readers; i++) this.#loops.push(this.#read());
  }

  get writes(): number {
    return this.#acknowledged.length;
  }

  get reads(): number {
    return this.#reads;
  }

  async stop(): Promise<LoadResult> {
    this.#running = false;
    await Promise.all(this.#loops);
    return {
      acknowledged: this.#acknowledged,
      unknown: this.#unknown,
      failures: this.#failures,
      reads: this.#reads,
    };
  }

  async #write(): Promise<void> {
    while (this.#running) {
      const id = nextId();
      try {
        await this.#pool.query('INSERT INTO written VALUES (?)', [id]);
        this.#acknowledged.push(id);
      } catch (error) {
        if ((error as { code?: string }).code === 'WRITE_OUTCOME_UNKNOWN') this.#unknown.push(id);
        else this.#failures.push(error);
        await breath();
      }
      if (this.#pauseMs > 0) await pause(this.#pauseMs);
    }
  }

  async #read(): Promise<void> {
    while (this.#running) {
      try {
        await this.#pool.query('SELECT name FROM whoami WHERE name <> ?', ['nobody']);
        this.#reads++;
      } catch (error) {
        this.#failures.push(error);
        await breath();
      }
      if (this.#pauseMs > 0) await pause(this.#pauseMs);
    }
  }
}

let lastId = 0;

/** A number that no other write of this process has. */
export function nextId(): number {
  return ++lastId;
}

// A loop that fails at once must not starve the rest.
function breath(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

/** How often each id is in `shop.written` on a node. The table has no key: a write that ran twice is there twice. */
export async function written(cluster: TestCluster, node: TestNode): Promise<ReadonlyMap<number, number>> {
  const sql = 'SELECT id, COUNT(*) AS n FROM shop.written GROUP BY id';
  const rows = await cluster.query<RowDataPacket[]>(node, sql);
  return new Map(rows.map((row) => [Number(row.id), Number(row.n)]));
}

/** Which of the acknowledged writes a node lacks, and which writes it has more than once. */
export async function damage(
  cluster: TestCluster,
  { acknowledged }: Pick<LoadResult, 'acknowledged'>,
): Promise<{ readonly lost: readonly number[]; readonly doubled: readonly number[] }> {
  const found = await written(cluster, cluster.primary);
  return {
    lost: acknowledged.filter((id) => !found.has(id)),
    doubled: [...found].filter(([, n]) => n > 1).map(([id]) => id),
  };
}

/** Kills the primary and only then writes to `shop.written`: the write waits for the promotion, and is the first to succeed. */
export async function holdsWrite(lab: Lab): Promise<void> {
  const pool = await lab.pool();
  await nameOf(pool, 'SELECT name FROM whoami FOR UPDATE');
  await lab.cluster.kill(lab.primary);
  const id = nextId();
  const held = pool.execute('INSERT INTO written VALUES (?)', [id]);
  held.catch(() => undefined);
  await until(() => pool.cluster.status().held === 1);
  const promoted = await lab.cluster.promote();
  await held;
  expect((await written(lab.cluster, promoted)).get(id)).toBe(1);
  expect(await nameOf(pool, 'SELECT name FROM whoami FOR UPDATE')).toBe(promoted.name);
}
