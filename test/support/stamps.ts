import { type Connection, createConnection } from 'mysql2/promise';
import type { TestCluster, TestNode } from '../../src/testing/index.js';

/** A stamp that the primary has acknowledged. */
export interface Stamp {
  readonly n: number;
  /** When the acknowledgement came, `performance.now()`. */
  readonly at: number;
}

const START_MS = 30_000;
const WRITE = 'UPDATE stamp SET n = ? WHERE id = 1';
/** What a reader asks for the newest stamp that it can see. */
export const READ_STAMP = 'SELECT n FROM stamp WHERE id = 1';

/** Writes stamps on the primary itself, past the pools and the relay, and knows when each was acknowledged. */
export class Stamps {
  readonly #stamps: Stamp[] = [{ n: 0, at: Number.NEGATIVE_INFINITY }];
  readonly #connection: Connection;
  readonly #pauseMs: number;
  #running = true;
  #ended: Promise<void>;

  private constructor(connection: Connection, perSecond: number) {
    this.#connection = connection;
    this.#pauseMs = 1000 / perSecond;
    this.#ended = this.#write();
  }

  static async start(cluster: TestCluster, perSecond: number): Promise<Stamps> {
    const { primary, user, password, database } = cluster;
    await cluster.query(
      primary,
      `CREATE TABLE IF NOT EXISTS ${database}.stamp (id INT PRIMARY KEY, n BIGINT NOT NULL)`,
    );
    await cluster.query(primary, `REPLACE INTO ${database}.stamp VALUES (1, 0)`);
    await untilEmpty(cluster);
    const { host, serverPort: port } = primary;
    return new Stamps(await createConnection({ host, port, user, password, database }), perSecond);
  }

  get count(): number {
    return this.#stamps.length - 1;
  }

  /** The newest that was acknowledged at `time` or before. */
  newestAt(time: number): number {
    let [low, high] = [0, this.#stamps.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#stamps[middle]!.at <= time) low = middle;
      else high = middle - 1;
    }
    return this.#stamps[low]!.n;
  }

  /** Ends after the write in flight; throws what a write failed with. */
  async stop(): Promise<void> {
    this.#running = false;
    try {
      await this.#ended;
    } finally {
      this.#connection.destroy();
    }
  }

  // A write that took long is not made up for: what counts is that they come all the time.
  async #write(): Promise<void> {
    let due = performance.now();
    for (let n = 1; this.#running; n++) {
      await this.#connection.query(WRITE, [n]);
      const at = performance.now();
      this.#stamps.push({ n, at });
      due = Math.max(due + this.#pauseMs, at);
      if (due > at) await new Promise((resolve) => setTimeout(resolve, due - at));
    }
  }
}

// Not by GTIDs: there may be none.
async function untilEmpty(cluster: TestCluster): Promise<void> {
  const end = performance.now() + START_MS;
  for (const node of cluster.replicas) {
    while ((await newestOn(cluster, node)) !== 0) {
      if (performance.now() > end) throw new Error(`${node.name} has no fresh stamp after ${START_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

async function newestOn(cluster: TestCluster, node: TestNode): Promise<number | undefined> {
  const sql = `SELECT n FROM ${cluster.database}.stamp WHERE id = 1`;
  const rows = await cluster.query(node, sql).catch(() => []);
  return rows[0]?.n as number | undefined;
}
