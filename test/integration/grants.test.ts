import type { RowDataPacket } from 'mysql2/promise';
import { afterEach, describe, expect, it } from 'vitest';
import { createPool } from '../../src/promise.js';
import { lab, TEST_MS, until } from './support/lab.js';

const here = lab({ replicas: 2 }, async ({ cluster, primary }) => {
  await cluster.query(primary, 'CREATE TABLE shop.t (id INT PRIMARY KEY)');
});

afterEach(() => here.endAll());

describe('an account with no more than its schema', { timeout: TEST_MS }, () => {
  it('finds the primary, spreads reads, sees its own writes, follows a failover, and says what it lacks', async () => {
    const { user, password } = here.cluster.credentials.plain;
    const pool = here.use(createPool(here.options({}, { user, password })), (made) => made.end());
    const warnings: string[] = [];
    pool.cluster.on('warning', ({ code }) => warnings.push(code));
    await pool.cluster.ready(30_000);
    const replicas = () =>
      pool.cluster.status().nodes.filter(({ role, health }) => role === 'replica' && health === 'up');
    await until(() => replicas().length === 2);
    for (let id = 1; id <= 20; id++) {
      await pool.query('INSERT INTO t VALUES (?)', [id]);
      const [rows] = await pool.query<RowDataPacket[]>('SELECT id FROM t WHERE id = ?', [id]);
      expect(rows).toEqual([{ id }]);
    }
    // Right behind a write a busy machine may not have one at a replica in time.
    await until(async () => {
      await pool.query('SELECT COUNT(*) FROM t');
      return replicas().some(({ traffic }) => traffic.reads > 0);
    });
    const { nodes, primary } = pool.cluster.status();
    expect(primary).toBe(here.primary.address);
    expect(nodes.every(({ missingGrants }) => missingGrants.includes('REPLICATION CLIENT'))).toBe(true);
    expect(warnings).toEqual(['MISSING_GRANT']);

    await here.cluster.kill(here.primary);
    await here.cluster.promote();
    await pool.query('INSERT INTO t VALUES (1000)');
    expect(pool.cluster.status().primary).toBe(here.primary.address);
  });
});
