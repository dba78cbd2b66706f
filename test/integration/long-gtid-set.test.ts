import type { RowDataPacket } from 'mysql2/promise';
import { afterEach, describe, expect, it } from 'vitest';
import { lab, nameOf, readersOf, TEST_MS, until } from './support/lab.js';

const FORMER_PRIMARIES = 60;

const here = lab({ replicas: 1 }, async (made) => {
  await made.mark();
  await made.cluster.query(made.primary, 'CREATE TABLE shop.t (id INT PRIMARY KEY)');
  // Of as many servers that were the primary once; 37 characters each and more.
  const ids = Array.from(
    { length: FORMER_PRIMARIES },
    (_, i) => `ffffffff-aaaa-aaaa-aaaa-${String(i).padStart(12, '0')}:7`,
  );
  const empty = ids.flatMap((id) => [`SET gtid_next = '${id}'`, 'BEGIN', 'COMMIT']);
  await made.asRoot(made.primary, [...empty, "SET gtid_next = 'AUTOMATIC'"]);
  await made.cluster.waitForReplication();
});

afterEach(() => here.endAll());

describe('a GTID set of more than 1,024 characters', { timeout: TEST_MS }, () => {
  it('is seen whole: roles, lag and own writes go by it', async () => {
    const [row] = await here.cluster.query<RowDataPacket[]>(here.primary, 'SELECT LENGTH(@@gtid_executed) AS n');
    expect(row?.n).toBeGreaterThan(2048);
    const pool = await here.pool();
    for (let id = 1; id <= 20; id++) {
      await pool.query('INSERT INTO t VALUES (?)', [id]);
      const [rows] = await pool.query<RowDataPacket[]>('SELECT id FROM t WHERE id = ?', [id]);
      expect(rows).toEqual([{ id }]);
    }
    expect(await readersOf(pool, [here.replica(0).name])).toContain(here.replica(0).name);
    await until(() => pool.cluster.status().nodes.every(({ missingGtids }) => missingGtids === ''));
    // What one node lacks is told, also where it stands behind the first 1,024 characters.
    await here.cluster.stopReplication(here.replica(0), 'sql');
    const id = `ffffffff-ffff-ffff-ffff-${'9'.repeat(12)}`;
    await here.asRoot(here.primary, [`SET gtid_next = '${id}:3'`, 'BEGIN', 'COMMIT', "SET gtid_next = 'AUTOMATIC'"]);
    const lacking = () => pool.cluster.status().nodes.find(({ address }) => address === here.replica(0).address);
    await until(() => lacking()?.missingGtids === `${id}:3`);
    await here.cluster.startReplication(here.replica(0));
    await until(() => lacking()?.missingGtids === '');
    expect(await nameOf(pool)).toBe(here.replica(0).name);
  });
});
