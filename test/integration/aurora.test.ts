import type { ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { afterEach, describe, expect, it } from 'vitest';
import { probeOf } from '../../src/probes/probe-of.js';
import { type ClusteredPromisePool, createPool } from '../../src/promise.js';
import { AuroraFronts } from './support/aurora-front.js';
import { failureOf, lab, pause, TEST_MS, until } from './support/lab.js';

/** Aurora itself cannot run here. These are real servers behind fronts that answer the probes as Amazon documents it. */
let fronts: AuroraFronts;
const here = lab({ replicas: 2 }, async ({ cluster, primary }) => {
  await cluster.query(primary, 'CREATE TABLE shop.t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)');
});

afterEach(() => here.endAll());

async function open(user = here.cluster.credentials.plain): Promise<ClusteredPromisePool> {
  fronts = here.use(await AuroraFronts.before(here.cluster.nodes, here.primary), (made) => made.end());
  const nodes = [fronts.address(here.replica(0).name)];
  const resolve = (address: string): string => fronts.address(address.slice(0, address.indexOf(':')));
  const pool = here.use(createPool(here.options({ nodes, resolve }, user)), (made) => made.end());
  await pool.cluster.ready(30_000);
  await until(() => pool.cluster.status().nodes.filter(({ role }) => role !== 'unknown').length === 3);
  return pool;
}

function readers(pool: ClusteredPromisePool) {
  return pool.cluster.status().nodes.filter(({ role }) => role === 'replica');
}

async function untilReadersServe(pool: ClusteredPromisePool): Promise<void> {
  const reads = (): number => readers(pool).reduce((sum, { traffic }) => sum + traffic.reads, 0);
  await until(async () => {
    const before = reads();
    await pool.query('SELECT COUNT(*) FROM t');
    return reads() > before;
  });
}

async function writeAndRead(pool: ClusteredPromisePool): Promise<void> {
  const [{ insertId }] = await pool.query<ResultSetHeader>('INSERT INTO t (v) VALUES (1)');
  for (const maxLagMs of [500, 60_000]) {
    const [rows] = await pool.query<RowDataPacket[]>({
      sql: 'SELECT id FROM t WHERE id = ?',
      values: [insertId],
      cluster: { maxLagMs },
    });
    expect(rows).toEqual([{ id: insertId }]);
  }
}

describe('servers that answer as Aurora does', { timeout: TEST_MS }, () => {
  it('are asked in words that MySQL understands: all that is missing is the table', async () => {
    const [, hosts] = probeOf('aurora').queries({ tick: 0, last: undefined, version: '8.0.28', heartbeat: undefined });
    const error = await failureOf(here.cluster.query(here.primary, hosts?.sql ?? ''));
    expect(error.message).toContain("Unknown table 'REPLICA_HOST_STATUS' in information_schema");
  });

  it('are told from one reader, by an account without any grant; lag is what the reader’s row says', async () => {
    const pool = await open();
    const { primary, because, nodes } = pool.cluster.status();
    expect([primary, because]).toEqual([fronts.address(here.primary.name), 'its group names it']);
    expect(nodes.map(({ kind, id, missingGrants }) => [kind, id, missingGrants]).sort()).toEqual(
      here.cluster.nodes.map(({ name }) => ['aurora', name, []]),
    );
    await untilReadersServe(pool);
    await until(() => readers(pool).every(({ lag }) => lag?.source === 'storage' && (lag.high ?? 0) >= 300));
    fronts.instance(here.replica(0)).lag = 5000;
    await until(() => readers(pool).some(({ lag }) => (lag?.high ?? 0) > 5000));
  });

  it('show own writes, though nothing tells transactions, and readers serve again when they have them', async () => {
    const pool = await open();
    for (let round = 0; round < 4; round++) {
      await untilReadersServe(pool);
      for (let i = 0; i < 10; i++) await writeAndRead(pool);
    }
    const slow = here.replica(1);
    fronts.instance(slow).lag = 4000;
    await here.cluster.setDelay(slow, 3);
    const end = Date.now() + 5000;
    while (Date.now() < end) {
      await writeAndRead(pool);
      await pause(50);
    }
    await here.cluster.setDelay(slow, 0);
  });

  it('fail over: the writer that is told next is followed, and no statement fails', async () => {
    const pool = await open();
    const writes: Promise<unknown>[] = [];
    const timer = setInterval(() => writes.push(pool.query('INSERT INTO t (v) VALUES (2)')), 20);
    try {
      await pause(500);
      const next = await here.cluster.switchover(here.replica(0));
      fronts.writer = next.name;
      await until(() => pool.cluster.status().primary === fronts.address(next.name));
      await pause(500);
    } finally {
      clearInterval(timer);
    }
    const outcomes = await Promise.allSettled(writes);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
    expect(pool.cluster.status().generation).toBe(2);
    await untilReadersServe(pool);
  });
});
