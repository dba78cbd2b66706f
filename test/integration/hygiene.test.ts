import { type ResultSetHeader, type RowDataPacket, raw } from 'mysql2/promise';
import { afterEach, describe, expect, it } from 'vitest';
import { createPool as createCallbackPool } from '../../src/index.js';
import { lab, TEST_MS, until } from './support/lab.js';

const here = lab({ replicas: 1 }, async (it) => {
  await it.mark();
  const { cluster, primary } = it;
  await cluster.query(primary, 'CREATE TABLE shop.t (id INT PRIMARY KEY, v INT)');
  await cluster.query(primary, "CREATE PROCEDURE shop.opens() BEGIN START TRANSACTION; SIGNAL SQLSTATE '45000'; END");
  await cluster.waitForReplication();
});

afterEach(() => here.endAll());

describe('what one caller leaves behind does not reach another', { timeout: TEST_MS }, () => {
  it('a routine that opens a transaction and fails: the next write on the pool is committed', async () => {
    const pool = await here.pool({ pool: { max: 1 } });
    await expect(pool.query('CALL opens()')).rejects.toMatchObject({ errno: 1644 });
    await pool.query('INSERT INTO t VALUES (1, 1)');
    const rows = await here.cluster.query(here.primary, 'SELECT v FROM shop.t WHERE id = 1');
    expect(rows).toEqual([{ v: 1 }]);
  });

  it('the same on a connection that is given back', async () => {
    const pool = await here.pool({ pool: { max: 1 } });
    const connection = await pool.getConnection();
    await expect(connection.query('CALL opens()')).rejects.toMatchObject({ errno: 1644 });
    connection.release();
    await pool.query('INSERT INTO t VALUES (2, 2)');
    const rows = await here.cluster.query(here.primary, 'SELECT v FROM shop.t WHERE id = 2');
    expect(rows).toEqual([{ v: 2 }]);
  });

  it('destroy() while a statement waits for a connection: none is lost', async () => {
    const pool = await here.pool({ pool: { max: 1, reserve: 0, acquireTimeoutMs: 5000 } });
    const connection = await pool.getConnection();
    const long = pool.query('DO SLEEP(0.3)');
    const waiting = connection.query('INSERT INTO t VALUES (3, 3)').catch((error: Error) => error);
    connection.destroy();
    expect(await waiting).toBeInstanceOf(Error);
    await long;
    const [header] = await pool.query<ResultSetHeader>('INSERT INTO t VALUES (4, 4)');
    expect(header.affectedRows).toBe(1);
  });

  it('values that cannot be sent are told once, and leave nothing on the connection', async () => {
    const pool = await here.pool({ pool: { max: 1 } });
    for (let i = 0; i < 3; i++) {
      await expect(pool.execute('INSERT INTO t VALUES (?, 1)', [undefined] as never)).rejects.toThrow('undefined');
    }
    await pool.query('INSERT INTO t VALUES (5, 5)');
    expect(pool.cluster.status().nodes.map(({ traffic }) => traffic.inFlight)).toEqual([0, 0]);
  });
});

describe("callers' own functions", { timeout: TEST_MS }, () => {
  it('statements that fail at once are told in their order, however many', async () => {
    const pool = here.use(createCallbackPool({ user: 'app', cluster: { nodes: ['127.0.0.1:1'] } }), (made) =>
      made.promise().end(),
    );
    const told: number[] = [];
    for (let i = 0; i < 3000; i++) pool.query('SELECT 1', () => told.push(i));
    await until(() => told.length === 3000);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  });

  it('SQL that comes in a value is classified with its text, and not trusted where it cannot be seen', async () => {
    const pool = await here.pool({}, { namedPlaceholders: true });
    const nameOf = async (sql: string, values: unknown) => {
      const [rows] = await pool.query<RowDataPacket[]>(sql, values as never);
      return rows[0]?.name;
    };
    expect(await nameOf('SELECT name FROM whoami ?', [raw('FOR UPDATE')])).toBe(here.primary.name);
    expect(await nameOf('SELECT name FROM whoami :lock', { lock: raw('LOCK IN SHARE MODE') })).toBe(here.primary.name);
    const plain = (): Promise<unknown> => nameOf('SELECT name FROM whoami WHERE name <> :no', { no: 'x' });
    await until(async () => (await plain()) !== here.primary.name);
  });

  it('a read that may not use the primary waits for what a write without a GTID did', async () => {
    const pool = await here.pool({ consistencyWaitMs: 2000 });
    for (let i = 0; i < 20; i++) {
      await pool.query('UPDATE t SET v = v WHERE id = -1');
      const [rows] = await pool.query<RowDataPacket[]>({
        sql: 'SELECT name FROM whoami',
        cluster: { route: 'replica' },
      } as never);
      expect(rows[0]?.name).not.toBe(here.primary.name);
    }
  });
});
