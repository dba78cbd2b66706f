import type { ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { afterEach, describe, expect, it } from 'vitest';
import type { ClusteredPromisePool } from '../../src/promise.js';
import type { TestNode } from '../../src/testing/index.js';
import { lab, pause, TEST_MS, until } from './support/lab.js';
import { disableGtids, followFrom, positionOf, waitForPosition } from './support/without-gtids.js';

const here = lab({ replicas: 2 }, async (made) => {
  await made.cluster.query(made.primary, 'CREATE TABLE shop.t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)');
  await disableGtids(made.cluster);
});

afterEach(() => here.endAll());

function replicas(pool: ClusteredPromisePool) {
  return pool.cluster.status().nodes.filter(({ role }) => role === 'replica');
}

function readsOfReplicas(pool: ClusteredPromisePool): number {
  return replicas(pool).reduce((sum, { traffic }) => sum + traffic.reads, 0);
}

async function insert(pool: ClusteredPromisePool, v = 1): Promise<number> {
  const [{ insertId }] = await pool.query<ResultSetHeader>('INSERT INTO t (v) VALUES (?)', [v]);
  return insertId;
}

async function has(pool: ClusteredPromisePool, id: number): Promise<boolean> {
  const [rows] = await pool.execute<RowDataPacket[]>('SELECT id FROM t WHERE id = ?', [id]);
  return rows.length === 1;
}

/** Replicas serve again, with a bound on their lag. */
async function untilReplicasServe(pool: ClusteredPromisePool): Promise<void> {
  await until(async () => {
    const before = readsOfReplicas(pool);
    await pool.query('SELECT COUNT(*) FROM t');
    return readsOfReplicas(pool) > before;
  });
}

describe('replication without GTIDs', { timeout: TEST_MS }, () => {
  it('tells roles, and lag by the primary’s binary log; one seed is enough', async () => {
    const [mode] = await here.cluster.query(here.primary, 'SELECT @@gtid_mode AS mode');
    expect(mode?.mode).toBe('OFF');
    const pool = await here.pool({ nodes: [here.replica(0).address] });
    const { primary, nodes } = pool.cluster.status();
    expect(primary).toBe(here.primary.address);
    expect(nodes.map(({ role }) => role).sort()).toEqual(['primary', 'replica', 'replica']);
    await untilReplicasServe(pool);
    await until(() => replicas(pool).every(({ lag }) => lag?.source === 'watermark' && (lag.high ?? Infinity) < 2000));
    expect(nodes.map(({ missingGtids }) => missingGtids)).toEqual([undefined, undefined, undefined]);
  });

  it('shows its own writes at once, and goes back to the replicas when they have them', async () => {
    const pool = await here.pool();
    for (let v = 1; v <= 60; v++) {
      const id = await insert(pool, v);
      expect(await has(pool, id)).toBe(true);
      if (v % 10 === 0) await untilReplicasServe(pool);
      expect(await has(pool, id)).toBe(true);
    }
    const connection = await pool.getConnection();
    await connection.beginTransaction();
    const [{ insertId }] = await connection.query<ResultSetHeader>('INSERT INTO t (v) VALUES (0)');
    await connection.commit();
    connection.release();
    expect(await has(pool, insertId)).toBe(true);
  });

  it('never reads an old state of what was written here, however late a replica is and whatever lag a call allows', async () => {
    const pool = await here.pool();
    await untilReplicasServe(pool);
    await here.cluster.setDelay(here.replica(0), 3);
    await here.cluster.stopReplication(here.replica(1), 'io');
    try {
      const end = Date.now() + 6000;
      while (Date.now() < end) {
        const id = await insert(pool);
        for (const maxLagMs of [0, 500, 60_000]) {
          const [rows] = await pool.query<RowDataPacket[]>({
            sql: 'SELECT id FROM t WHERE id = ?',
            values: [id],
            cluster: { maxLagMs },
          });
          expect(rows).toEqual([{ id }]);
        }
        await pause(100);
      }
      // What was written elsewhere may be old, within the limit: the thread that says that it is not behind received nothing.
      const high = replicas(pool).find(({ address }) => address === here.replica(1).address)?.lag?.high;
      expect(high === null || Number(high) > 2000).toBe(true);
    } finally {
      await here.cluster.setDelay(here.replica(0), 0);
      await here.cluster.startReplication(here.replica(1));
    }
    await untilReplicasServe(pool);
  });

  it('follows a planned change by hand under traffic: no statement fails, nothing acknowledged is lost', async () => {
    const pool = await here.pool();
    const traffic = new Traffic(pool);
    await pause(500);
    const [old, next, other] = [here.primary, here.replica(0), here.replica(1)];
    await switchByHand(old, next, other);
    await until(() => pool.cluster.status().primary === next.address);
    await pause(1000);
    await traffic.end();
    expect(traffic.failures).toEqual([]);
    expect(traffic.written.length).toBeGreaterThan(10);
    await untilReplicasServe(pool);
    const there = await idsOf(next);
    expect(traffic.written.filter((id) => !there.has(id))).toEqual([]);
    await switchByHand(next, old, other);
    await until(() => pool.cluster.status().primary === old.address);
    await untilReplicasServe(pool);
  });

  it('works with an account that may see nothing of replication: on the primary, and says what it lacks', async () => {
    const { user, password } = here.cluster.credentials.plain;
    const pool = await here.pool({}, { user, password });
    for (let v = 1; v <= 5; v++) expect(await has(pool, await insert(pool, v))).toBe(true);
    expect(pool.cluster.status().primary).toBe(here.primary.address);
    expect(replicas(pool).map(({ lag, missingGrants }) => [lag?.high, missingGrants])).toEqual([
      [null, ['REPLICATION CLIENT']],
      [null, ['REPLICATION CLIENT']],
    ]);
    expect(readsOfReplicas(pool)).toBe(0);
  });

  it('finds the node that was promoted by hand when the primary was killed', async () => {
    const pool = await here.pool();
    await untilReplicasServe(pool);
    const [old, next, other] = [here.primary, here.replica(0), here.replica(1)];
    await Promise.all([next, other].map((node) => waitForPosition(here.cluster, node, old)));
    await here.cluster.kill(old);
    const write = insert(pool);
    expect(await has(pool, 1)).toBe(true);
    const from = await promoteByHand(next);
    await followFrom(here.cluster, other, { source: next, from });
    expect(await has(pool, await write)).toBe(true);
    expect(pool.cluster.status().primary).toBe(next.address);
    await untilReplicasServe(pool);
    expect(await has(pool, await insert(pool))).toBe(true);
  });
});

async function idsOf(node: TestNode): Promise<Set<number>> {
  const rows = await here.cluster.query(node, 'SELECT id FROM shop.t');
  return new Set(rows.map(({ id }) => Number(id)));
}

async function promoteByHand(node: TestNode) {
  await here.cluster.query(node, 'STOP REPLICA');
  await here.cluster.query(node, 'RESET REPLICA ALL');
  const from = await positionOf(here.cluster, node);
  await here.cluster.query(node, 'SET GLOBAL super_read_only = OFF');
  await here.cluster.query(node, 'SET GLOBAL read_only = OFF');
  return from;
}

async function switchByHand(old: TestNode, next: TestNode, other: TestNode): Promise<void> {
  await here.cluster.query(old, 'SET GLOBAL super_read_only = ON');
  await Promise.all([next, other].map((node) => waitForPosition(here.cluster, node, old)));
  const from = await promoteByHand(next);
  await Promise.all([old, other].map((node) => followFrom(here.cluster, node, { source: next, from })));
}

/** Writes, and reads back what was written, until it is ended. */
class Traffic {
  readonly written: number[] = [];
  readonly failures: string[] = [];
  #ended = false;
  readonly #done: Promise<unknown>;

  constructor(pool: ClusteredPromisePool) {
    this.#done = Promise.all([this.#run(pool), this.#run(pool)]);
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#done;
  }

  async #run(pool: ClusteredPromisePool): Promise<void> {
    while (!this.#ended) {
      try {
        const id = await insert(pool);
        this.written.push(id);
        if (!(await has(pool, id))) this.failures.push(`row ${id} was not read back`);
      } catch (error) {
        this.failures.push((error as Error).message);
      }
      await pause(5);
    }
  }
}
