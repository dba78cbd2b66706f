import type { Connection, RowDataPacket } from 'mysql2';
import { afterEach, describe, expect, it } from 'vitest';
import { createPool as createCallbackPool } from '../../src/index.js';
import {
  type ClusteredPromisePool,
  type ClusteredPromisePoolConnection,
  createConnection,
  RouteConflictError,
} from '../../src/promise.js';
import { failureOf, lab, nameOf, rowsOf, TEST_MS, until } from './support/lab.js';

const here = lab({ databases: ['shop', 'other'] }, async (made) => {
  await made.mark();
  for (const sql of TABLES) await made.cluster.query(made.primary, sql);
  await made.cluster.waitForReplication();
});

const TABLES = [
  'CREATE TABLE shop.t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)',
  'INSERT INTO shop.t (v) VALUES (1), (2), (3)',
  'CREATE TABLE shop.place (v VARCHAR(10))',
  "INSERT INTO shop.place VALUES ('shop')",
  'CREATE TABLE other.place (v VARCHAR(10))',
  "INSERT INTO other.place VALUES ('other')",
  'CREATE TABLE shop.stale (v INT)',
  `CREATE TRIGGER shop.stale_once BEFORE INSERT ON shop.stale FOR EACH ROW
     IF @told IS NULL THEN SET @told = 1; SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1615; END IF`,
];

afterEach(() => here.endAll());

async function taken(options: object = {}, outer: object = {}): Promise<ClusteredPromisePoolConnection> {
  const pool = await here.pool({ consistency: 'eventual', ...options }, outer);
  return here.use(await pool.getConnection(), (connection) => connection.release());
}

describe('answers to the statement before', { timeout: TEST_MS }, () => {
  it('come from the replica that ran it', async () => {
    const connection = await taken();
    expect(await nameOf(connection)).not.toBe(here.primary.name);
    const { threadId } = connection;
    expect(await rowsOf(connection, 'SELECT CONNECTION_ID() AS id')).toEqual([{ id: threadId }]);
    await connection.query('SELECT v FROM t');
    expect(await rowsOf(connection, 'SELECT FOUND_ROWS() AS n')).toEqual([{ n: 3 }]);
    await connection.query("SELECT CAST('x' AS SIGNED) FROM t LIMIT 1");
    expect(await rowsOf(connection, 'SHOW WARNINGS')).toMatchObject([{ Code: 1292 }]);
    await failureOf(connection.query('SELECT nothing FROM t'));
    expect(await rowsOf(connection, 'SHOW ERRORS')).toMatchObject([{ Code: 1054 }]);
  });

  it('LAST_INSERT_ID() is of the last insert, also after reads on a replica', async () => {
    const connection = await taken();
    const [made] = await connection.query('INSERT INTO t (v) VALUES (9)');
    const { insertId } = made as { insertId: number };
    expect(await nameOf(connection)).not.toBe(here.primary.name);
    expect(await rowsOf(connection, 'SELECT LAST_INSERT_ID() AS id')).toEqual([{ id: insertId }]);
    await connection.query('DELETE FROM t WHERE id = ?', [insertId]);
    expect(await rowsOf(connection, 'SELECT ROW_COUNT() AS n')).toEqual([{ n: 1 }]);
  });

  it('are an error when the connection that had them is lost', async () => {
    const connection = await taken();
    await connection.query('INSERT INTO t (v) VALUES (9)');
    const { threadId } = connection;
    await here.asRoot(here.primary, [`KILL ${threadId}`]);
    await until(async () => (await failureOf(connection.query('SELECT LAST_INSERT_ID()'))).code === 'SESSION_LOST');
    await connection.query('DELETE FROM t WHERE v = 9');
    expect(await rowsOf(connection, 'SELECT ROW_COUNT() AS n')).toEqual([{ n: 1 }]);
  });

  it('asked of the pool: the primary answers, and a warning says so once for each form', async () => {
    const pool = await here.pool();
    const warnings: string[] = [];
    pool.cluster.on('warning', ({ code, message }) => warnings.push(`${code} ${message}`));
    const asked = ['SELECT LAST_INSERT_ID()', 'select last_insert_id( )', 'SHOW WARNINGS', 'SELECT ROW_COUNT()'];
    for (const sql of [...asked, ...asked]) await pool.query(sql);
    await pool.query('SELECT CONNECTION_ID()');
    expect(warnings).toHaveLength(3);
    for (const warning of warnings) expect(warning).toMatch(/^NO_EARLIER_STATEMENT .*getConnection/);
  });
});

describe('pins', { timeout: TEST_MS }, () => {
  it.each([
    ['a transaction', 'BEGIN', 'COMMIT'],
    ['autocommit=0', 'SET autocommit = 0', 'SET autocommit = 1'],
    ['a temporary table', 'CREATE TEMPORARY TABLE tmp (a INT)', 'DROP TEMPORARY TABLE tmp'],
    ['a user lock', "SELECT GET_LOCK('answers', 0)", 'DO RELEASE_ALL_LOCKS()'],
    ['LOCK TABLES', 'LOCK TABLES t READ', 'UNLOCK TABLES'],
    ['a prepared statement', "PREPARE s FROM 'SELECT 1'", 'DEALLOCATE PREPARE s'],
    ['an XA transaction', "XA START 'answers'", "XA END 'answers'; XA ROLLBACK 'answers'"],
    ['the next transaction', 'SET TRANSACTION READ ONLY', 'COMMIT'],
    ['a user variable', 'SET @a = 1', undefined],
    ['an open HANDLER', 'HANDLER t OPEN', undefined],
    ['a session variable', 'SET timestamp = 1', undefined],
  ])('%s: status() counts it, and it ends with its end or at release', async (reason, begin, end) => {
    const pool = await here.pool({}, { multipleStatements: true });
    const connection = await pool.getConnection();
    await connection.query(begin);
    expect(pool.cluster.status().pins).toMatchObject({ [reason]: 1 });
    if (end !== undefined) {
      await connection.query(end);
      expect(pool.cluster.status().pins).toEqual({});
    }
    connection.release();
    expect(pool.cluster.status().pins).toEqual({});
  });

  it('explain() of a connection names them', async () => {
    const connection = here.use(await createConnection(here.options()), (made) => made.end());
    expect(connection.cluster.explain('SELECT v FROM t').access).toBe('read');
    await connection.query('SET @a = 1');
    expect(connection.cluster.explain('SELECT v FROM t')).toMatchObject({
      decision: 'use',
      node: here.primary.address,
      because: expect.stringContaining('a user variable'),
    });
  });

  it('a transaction that a SELECT opens under autocommit=0 is reported at release', async () => {
    const pool = await here.pool();
    const warnings: string[] = [];
    pool.cluster.on('warning', ({ code }) => warnings.push(code));
    const connection = await pool.getConnection();
    await connection.query('SET autocommit = 0');
    await connection.query('SELECT v FROM t');
    expect(pool.cluster.status().pins).toEqual({ 'autocommit=0': 1, 'a transaction': 1 });
    connection.release();
    await until(() => warnings.includes('TRANSACTION_LEFT_OPEN'));
  });

  it('what a READ ONLY transaction left on a replica keeps writes away, with a clear error, until release', async () => {
    const pool = await here.pool({ consistency: 'eventual' });
    const connection = await pool.getConnection();
    await connection.query('START TRANSACTION READ ONLY');
    await connection.query('SET @a = 5');
    await connection.query('COMMIT');
    expect(await rowsOf(connection, 'SELECT @a AS a')).toEqual([{ a: 5 }]);
    for (const sql of ['DELETE FROM t WHERE id = -1', 'BEGIN', 'SELECT v FROM t FOR UPDATE']) {
      const error = await failureOf(connection.query(sql));
      expect(error).toBeInstanceOf(RouteConflictError);
      expect(error.message).toMatch(/a user variable/);
    }
    connection.release();
    await pool.query('DELETE FROM t WHERE id = -1');
  });
});

describe('autocommit off', { timeout: TEST_MS }, () => {
  const counted = 'SELECT COUNT(*) AS n FROM t WHERE v = 500';

  async function check(pool: ClusteredPromisePool): Promise<void> {
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    const reads = [];
    for (let i = 0; i < 3; i++) {
      await connection.query(counted);
      await connection.query('INSERT INTO t (v) VALUES (500)');
      await connection.query('COMMIT');
      reads.push(...(await rowsOf(connection, counted)), ...(await rowsOf(pool, counted)));
    }
    expect(reads.map(({ n }) => n)).toEqual([1, 1, 2, 2, 3, 3]);
    await connection.query('DELETE FROM t WHERE v = 500');
    await connection.query('COMMIT');
  }

  it('by a listener of connections: no read has an old snapshot, and writes go to the primary', async () => {
    const pool = await here.pool();
    pool.on('connection', (raw) => void (raw as unknown as Connection).query('SET autocommit = 0'));
    await check(pool);
  });

  it('by the servers themselves: the same', async () => {
    for (const node of here.cluster.nodes) await here.asRoot(node, ['SET GLOBAL autocommit = 0']);
    try {
      await check(await here.pool());
    } finally {
      for (const node of here.cluster.nodes) await here.asRoot(node, ['SET GLOBAL autocommit = 1']);
    }
  });
});

describe('prepared statements', { timeout: TEST_MS }, () => {
  it('a handle of prepare() serves on every lease, and its reads on replicas', async () => {
    const connection = await taken();
    const read = await connection.prepare('SELECT name FROM whoami WHERE name <> ?');
    const write = await connection.prepare('INSERT INTO t (v) VALUES (?)');
    const nameBy = async (): Promise<unknown> => ((await read.execute(['']))[0] as RowDataPacket[])[0]?.name;
    expect(await nameBy()).not.toBe(here.primary.name);
    await write.execute([77]);
    expect(await nameBy()).not.toBe(here.primary.name);
    await connection.beginTransaction();
    expect(await nameBy()).toBe(here.primary.name);
    await connection.commit();
    expect(await nameBy()).not.toBe(here.primary.name);
    await read.close();
    expect(await nameBy()).not.toBe('');
    await connection.query('DELETE FROM t WHERE v = 77');
    expect(await failureOf(connection.prepare('SELECT FROM'))).toMatchObject({ errno: 1064 });
    expect(await nameOf(connection)).not.toBe(here.primary.name);
  });

  it('one that was prepared in another schema, by another user of the same lease, is not run', async () => {
    const pool = await here.pool({ consistency: 'eventual' }, { connectionLimit: 2 });
    const sql = 'SELECT v FROM place WHERE v <> ?';
    for (const suffix of ['', ' FOR UPDATE']) {
      for (const schema of ['shop', 'other', 'shop', 'other']) {
        const connection = await pool.getConnection();
        await connection.query(`USE ${schema}`);
        const [rows] = await connection.execute<RowDataPacket[]>(sql + suffix, ['']);
        expect(rows).toEqual([{ v: schema }]);
        connection.release();
      }
    }
    const [rows] = await pool.execute<RowDataPacket[]>(sql, ['']);
    expect(rows).toEqual([{ v: 'shop' }]);
  });

  it('one that the server wants prepared anew (1615), or has forgotten (1243), is prepared again and run', async () => {
    const raws: Connection[] = [];
    const pool = here.use(createCallbackPool(here.options({}, { connectionLimit: 1 })), (made) => made.promise().end());
    pool.on('connection', (raw) => raws.push(raw));
    await pool.cluster.ready();
    const run = (sql: string): Promise<unknown> =>
      new Promise((resolve, reject) => {
        pool.execute(sql, [], (error, result) => (error ? reject(error) : resolve(result)));
      });
    expect(await run('INSERT INTO stale VALUES (1)')).toMatchObject({ affectedRows: 1 });
    expect(await here.cluster.query(here.primary, 'SELECT COUNT(*) AS n FROM shop.stale')).toEqual([{ n: 1 }]);
    const sql = 'SELECT v FROM place FOR UPDATE';
    await run(sql);
    const onPrimary = raws.filter(({ config }) => config.port === here.primary.port).at(-1);
    // The server closes it behind the back of mysql2's cache.
    await new Promise<void>((resolve, reject) => {
      onPrimary?.prepare(sql, (error, statement) => {
        if (error) return reject(error);
        statement.close();
        resolve();
      });
    });
    expect(await run(sql)).toEqual([{ v: 'shop' }]);
  });

  it('sql_mode of the handshake (IGNORE_SPACE) comes back after a session with its own', async () => {
    const pool = await here.pool({}, { connectionLimit: 2 });
    const sql = { sql: 'SELECT @@sql_mode AS m', cluster: { route: 'primary' as const } };
    const before = await rowsOf(pool, sql);
    expect(String(before[0]?.m)).toContain('IGNORE_SPACE');
    const connection = await pool.getConnection();
    await connection.query("SET sql_mode = 'ANSI_QUOTES'");
    connection.release();
    expect(await rowsOf(pool, sql)).toEqual(before);
  });
});
