import { expect } from 'vitest';
import type { ClusteredPromisePool, NodeStatus } from '../../../src/promise.js';
import type { TestNode } from '../../../src/testing/index.js';
import { type Lab, rowsOf, until } from './lab.js';

const WORKERS = 8;
const FRESH_MS = 4000;
const INSERT = 'INSERT INTO kv VALUES (?, ?)';

/**
 * Writes to `kv` and reads back, from several workers at once.
 *
 * @returns the pairs that were stale
 */
export async function staleReads(
  pool: ClusteredPromisePool,
  pairs: number,
  protocol: 'query' | 'execute' = 'query',
): Promise<number[]> {
  const stale: number[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < pairs) {
      const id = ++next;
      await (protocol === 'query' ? pool.query(INSERT, [id, id]) : pool.execute(INSERT, [id, id]));
      const rows = await rowsOf(pool, `SELECT n FROM kv WHERE id = ${id}`);
      if (rows[0]?.n !== id) stale.push(id);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  return stale;
}

/** Reads the one row of `shop.beat` for some seconds: none is too old, although one of two replicas is, and the other serves. */
export async function staysFresh(
  lab: Lab,
  hinder: (node: TestNode) => Promise<unknown> = (node) => lab.cluster.setDelay(node, 1),
): Promise<void> {
  await hinder(lab.replica(0));
  const maxLagMs = 300;
  const pool = await lab.pool({ consistency: 'eventual', maxLagMs });
  // Acknowledged writes by time: what a read must hold is the newest that was acknowledged `maxLagMs` before it was sent.
  const acknowledged: { readonly n: number; readonly at: number }[] = [];
  let [writing, n] = [true, 0];
  const writer = (async () => {
    while (writing) {
      await lab.cluster.query(lab.primary, 'UPDATE shop.beat SET n = ? WHERE id = 1', [++n]);
      acknowledged.push({ n, at: performance.now() });
    }
  })();
  try {
    const late: unknown[] = [];
    await until(() => acknowledged.length > 0);
    const end = performance.now() + FRESH_MS;
    while (performance.now() < end) {
      const sentAt = performance.now();
      const seen = Number((await rowsOf(pool, 'SELECT n FROM beat WHERE id = 1'))[0]?.n);
      const must = acknowledged.findLast(({ at }) => at <= sentAt - maxLagMs)?.n ?? 0;
      if (!(seen >= must)) late.push({ seen, must });
    }
    expect(late).toEqual([]);
    expect(trafficOf(pool, lab.replica(1)).reads).toBeGreaterThan(50);
  } finally {
    writing = false;
    await writer;
  }
}

/** What a node had to do for the pool. */
export function trafficOf(pool: ClusteredPromisePool, { address }: TestNode): NodeStatus['traffic'] {
  return pool.cluster.status().nodes.find((node) => node.address === address)!.traffic;
}
