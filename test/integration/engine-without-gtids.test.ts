import type { ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { afterEach, describe, expect, it } from 'vitest';
import { createPool } from '../../src/promise.js';
import { lab, TEST_MS } from './support/lab.js';

const here = lab(
  { replicas: 0, mysqldArgs: ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF'] },
  async ({ cluster, primary }) => {
    await cluster.query(primary, 'CREATE TABLE shop.t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)');
  },
);

afterEach(() => here.endAll());

describe('a server without GTIDs', { timeout: TEST_MS }, () => {
  it('serves writes, reads and transactions; own writes are seen; nothing hangs', async () => {
    const [mode] = await here.cluster.query(here.primary, 'SELECT @@gtid_mode AS mode');
    expect(mode?.mode).toBe('OFF');
    const pool = here.use(createPool(here.options()), (made) => made.end());
    await pool.cluster.ready(30_000);
    for (let v = 1; v <= 50; v++) {
      const [{ insertId }] = await pool.query<ResultSetHeader>('INSERT INTO t (v) VALUES (?)', [v]);
      const [rows] = await pool.execute<RowDataPacket[]>('SELECT v FROM t WHERE id = ?', [insertId]);
      expect(rows).toEqual([{ v }]);
    }
    const connection = await pool.getConnection();
    await connection.beginTransaction();
    await connection.query('DELETE FROM t');
    await connection.rollback();
    connection.release();
    const [rows] = await pool.query<RowDataPacket[]>('SELECT COUNT(*) AS n FROM t');
    expect(rows).toEqual([{ n: 50 }]);
  });
});
