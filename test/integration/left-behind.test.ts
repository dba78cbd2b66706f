import type { RowDataPacket } from 'mysql2/promise';
import { afterEach, describe, expect, it } from 'vitest';
import { type ClusteredPromisePool, createPool, SessionLostError, TransactionLostError } from '../../src/promise.js';
import type { TestNode } from '../../src/testing/index.js';
import { failureOf, lab, nameOf, TEST_MS, until } from './support/lab.js';

const here = lab({ replicas: 2 }, async (made) => {
  await made.mark();
  await made.cluster.query(made.primary, 'CREATE TABLE shop.t (id INT PRIMARY KEY)');
  await made.cluster.waitForReplication();
});

afterEach(async () => {
  await here.endAll();
  for (const node of here.cluster.nodes) await here.cluster.heal(node);
  for (const node of here.cluster.nodes) if (node.name !== here.primary.name) await here.cluster.rebuild(node);
  for (const node of here.cluster.replicas) await here.cluster.setDelay(node, 0);
  await here.cluster.query(here.primary, 'DELETE FROM shop.t');
  await here.cluster.waitForReplication();
});

/** Promotes a replica while the old primary lives on, writable; waits until the pool follows. */
async function depose(pool: ClusteredPromisePool): Promise<string> {
  const old = here.primary;
  const { address } = await here.cluster.promote();
  await until(() => pool.cluster.status().primary === address);
  return old.name;
}

async function idsOn(node: string): Promise<number[]> {
  const rows = await here.cluster.query(node, 'SELECT id FROM shop.t ORDER BY id');
  return rows.map(({ id }) => id);
}

describe('a session on a primary that was replaced and is still writable', { timeout: TEST_MS }, () => {
  it.each(['INSERT INTO t VALUES (2)', 'COMMIT', 'SELECT id FROM t'])(
    'an open transaction: %s gets TransactionLostError, and nothing is written there',
    async (sql) => {
      const pool = await here.pool();
      const connection = here.use(await pool.getConnection(), (taken) => taken.destroy());
      await connection.beginTransaction();
      await connection.query('INSERT INTO t VALUES (1)');
      const old = await depose(pool);
      const error = await failureOf(connection.query(sql));
      expect(error).toBeInstanceOf(TransactionLostError);
      expect(error.message).toContain('another node is the primary now');
      expect(await idsOn(old)).toEqual([]);
      connection.release();
      await pool.query('INSERT INTO t VALUES (3)');
      expect(await idsOn(here.primary.name)).toEqual([3]);
      expect(await idsOn(old)).toEqual([]);
    },
  );

  it('bound by a temporary table: its next write gets SessionLostError and is not made', async () => {
    const pool = await here.pool();
    const connection = here.use(await pool.getConnection(), (taken) => taken.destroy());
    await connection.query('CREATE TEMPORARY TABLE mine (id INT)');
    const old = await depose(pool);
    expect(await failureOf(connection.query('INSERT INTO t VALUES (1)'))).toBeInstanceOf(SessionLostError);
    expect(await idsOn(old)).toEqual([]);
    expect(await idsOn(here.primary.name)).toEqual([]);
  });

  it('bound by nothing: its next write goes to the new primary', async () => {
    const pool = await here.pool();
    const connection = here.use(await pool.getConnection(), (taken) => taken.destroy());
    await connection.query('INSERT INTO t VALUES (1)');
    await here.cluster.waitForReplication();
    const old = await depose(pool);
    await connection.query('INSERT INTO t VALUES (2)');
    expect([await idsOn(here.primary.name), await idsOn(old)]).toEqual([[1, 2], [1]]);
  });
});

describe('a replica that joins late', { timeout: TEST_MS }, () => {
  it('and is behind: own writes that all others had already are seen', async () => {
    const late = here.replica(1);
    await here.cluster.setDelay(late, 3600);
    // It goes on receiving: only clients cannot reach it yet.
    await here.cluster.partition(late, { replication: false });
    const role = (node: TestNode): string | undefined =>
      pool.cluster.status().nodes.find(({ address, health }) => address === node.address && health === 'up')?.role;
    // Lag alone does not keep it out.
    const pool = here.use(createPool(here.options({ maxLagMs: 86_400_000 })), (opened) => opened.end());
    await until(() => role(here.primary) === 'primary' && role(here.replica(0)) === 'replica');
    await pool.query('INSERT INTO t VALUES (1)');
    // After a report of the other replica nothing has to be remembered of that write.
    await until(() => pool.cluster.explain('SELECT id FROM t').because === 'it is fresh enough');
    expect(role(late)).toBeUndefined();
    await here.cluster.heal(late);
    await until(() => role(late) === 'replica');
    for (let i = 0; i < 200; i++) {
      const [rows] = await pool.query<RowDataPacket[]>('SELECT id FROM t');
      expect(rows).toEqual([{ id: 1 }]);
    }
    expect(await idsOn(late.name)).toEqual([]);
    // It was the write that kept it out, not its lag.
    const eventual = pool.cluster.explain('SELECT id FROM t', undefined, { consistency: 'eventual' });
    expect(eventual.nodes[late.address]).toBe('it is fresh enough');
    await here.cluster.setDelay(late, 0);
    await until(async () => (await nameOf(pool)) === late.name);
  });
});
