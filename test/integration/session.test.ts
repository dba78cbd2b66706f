import { Readable } from 'node:stream';
import { createPool as createPlainPool, type Pool, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import { afterEach, describe, expect, it } from 'vitest';
import { createConnection as createCallbackConnection, createPool as createCallbackPool } from '../../src/index.js';
import { type ClusteredPromisePool, createConnection, SessionLostError } from '../../src/promise.js';
import { failureOf, lab, nameOf, pause, rowsOf, TEST_MS, until } from './support/lab.js';

const ROWS = 20_000;

const here = lab({ databases: ['shop', 'other'], mysqldArgs: ['--local-infile=1'] }, async (made) => {
  await made.mark();
  for (const sql of TABLES) await made.cluster.query(made.primary, sql);
  await made.cluster.waitForReplication();
});

const DIGITS = '(SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4)';
const TABLES = [
  'CREATE TABLE shop.t (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(100))',
  'CREATE TABLE shop.place (v VARCHAR(10) PRIMARY KEY)',
  "INSERT INTO shop.place VALUES ('shop')",
  'CREATE TABLE other.place (v VARCHAR(10) PRIMARY KEY)',
  "INSERT INTO other.place VALUES ('other')",
  'CREATE TABLE shop.big (id INT AUTO_INCREMENT PRIMARY KEY, pad CHAR(200) NOT NULL)',
  `INSERT INTO shop.big (pad) SELECT REPEAT('x', 200) FROM ${[1, 2, 3, 4, 5, 6].map((n) => `${DIGITS} d${n}`).join(', ')},
   (SELECT 1 UNION SELECT 2) e LIMIT ${ROWS}`,
];

const replicas = (): string[] => here.cluster.replicas.map((node) => node.name).sort();

afterEach(async () => {
  await here.endAll();
  await here.cluster.query(here.primary, 'TRUNCATE shop.t');
  await here.cluster.waitForReplication();
});

async function take(pool: ClusteredPromisePool): ReturnType<ClusteredPromisePool['getConnection']> {
  return here.use(await pool.getConnection(), (taken) => taken.release());
}

/** mysql2's own pool on the primary: what is right is what it does. */
function plainPool(options: object = {}): Pool {
  const { host, port } = here.primary;
  const { user, password, database } = here.cluster;
  return here.use(createPlainPool({ host, port, user, password, database, ...options }), (pool) => pool.end());
}

/** Opens connections to all nodes, and gives the number of those lent and not given back. */
function lent(pool: Pick<ClusteredPromisePool, 'cluster'>): number {
  const pools = pool.cluster.status().nodes.map((node) => node.pool);
  return pools.reduce((sum, about) => sum + (about ? about.size - about.idle : 0), 0);
}

describe('transactions', { timeout: TEST_MS }, () => {
  it('all of a transaction runs on one connection of the primary; COMMIT keeps it, reads go to replicas again', async () => {
    const pool = await here.pool({ consistency: 'eventual' });
    const connection = await take(pool);
    for (const begin of ['BEGIN', 'START TRANSACTION', '/* x */ start transaction with consistent snapshot']) {
      await connection.query(begin);
      expect(await nameOf(connection)).toBe(here.primary.name);
      const id = connection.threadId;
      await connection.query('INSERT INTO t (v) VALUES (?)', [begin]);
      expect(await rowsOf(connection, 'SELECT v FROM t WHERE v = ?', [begin])).toHaveLength(1);
      expect(connection.threadId).toBe(id);
      await connection.query('COMMIT');
      expect(replicas()).toContain(await nameOf(connection));
    }
    const rows = await here.cluster.query(here.primary, 'SELECT v FROM shop.t');
    expect(rows).toHaveLength(3);
  });

  it('ROLLBACK undoes it; savepoints work', async () => {
    const connection = await take(await here.pool());
    await connection.beginTransaction();
    await connection.query("INSERT INTO t (v) VALUES ('a')");
    await connection.query('SAVEPOINT s');
    await connection.query("INSERT INTO t (v) VALUES ('b')");
    await connection.query('ROLLBACK TO SAVEPOINT s');
    expect(await rowsOf(connection, 'SELECT v FROM t')).toEqual([{ v: 'a' }]);
    await connection.rollback();
    expect(await rowsOf(connection, 'SELECT v FROM t')).toEqual([]);
  });

  it('START TRANSACTION READ ONLY runs on a replica, on one, and sees one snapshot', async () => {
    const pool = await here.pool();
    const connection = await take(pool);
    await until(async () => (await nameOf(pool)) !== here.primary.name);
    await connection.query('START TRANSACTION READ ONLY');
    const first = await nameOf(connection);
    expect(replicas()).toContain(first);
    expect(await rowsOf(connection, 'SELECT v FROM t')).toEqual([]);
    await pool.query("INSERT INTO t (v) VALUES ('later')");
    await here.cluster.waitForReplication();
    expect(await rowsOf(connection, 'SELECT v FROM t')).toEqual([]);
    expect(await nameOf(connection)).toBe(first);
    await connection.query('COMMIT');
    expect(await rowsOf(connection, 'SELECT v FROM t')).toEqual([{ v: 'later' }]);
  });

  it('SET autocommit = 0 keeps everything on the primary until it is on again', async () => {
    const connection = await take(await here.pool({ consistency: 'eventual' }));
    await connection.query('SET autocommit = 0');
    expect(await nameOf(connection)).toBe(here.primary.name);
    await connection.query("INSERT INTO t (v) VALUES ('a')");
    await connection.query('ROLLBACK');
    expect(await rowsOf(connection, 'SELECT v FROM t')).toEqual([]);
    await connection.query('SET autocommit = 1');
    expect(replicas()).toContain(await nameOf(connection));
  });

  it('a release with an open transaction rolls it back, and a warning says so', async () => {
    const pool = await here.pool();
    const warnings: string[] = [];
    pool.cluster.on('warning', ({ code }) => warnings.push(code));
    const connection = await pool.getConnection();
    await connection.beginTransaction();
    await connection.query("INSERT INTO t (v) VALUES ('left')");
    connection.release();
    await until(() => warnings.includes('TRANSACTION_LEFT_OPEN'));
    expect(await rowsOf(pool, 'SELECT v FROM t FOR UPDATE')).toEqual([]);
    const again = await take(pool);
    await again.query("INSERT INTO t (v) VALUES ('kept')");
    expect(await here.cluster.query(here.primary, 'SELECT v FROM shop.t')).toEqual([{ v: 'kept' }]);
  });

  it('a BEGIN by pool.query opens nothing that another caller could fall into', async () => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    await pool.query('BEGIN');
    await pool.query("INSERT INTO t (v) VALUES ('a')");
    expect(await here.cluster.query(here.primary, 'SELECT v FROM shop.t')).toEqual([{ v: 'a' }]);
  });

  it('two statements without await keep their order', async () => {
    const connection = await take(await here.pool());
    const ended: string[] = [];
    await Promise.all([
      connection.query("INSERT INTO t (v) SELECT 'a' FROM place WHERE SLEEP(0.2) = 0").then(() => ended.push('insert')),
      connection.query<RowDataPacket[]>('SELECT v FROM t').then(([rows]) => ended.push(`read ${rows.length}`)),
      connection.query('DELETE FROM t').then(() => ended.push('delete')),
      connection.query<RowDataPacket[]>('SELECT v FROM t').then(([rows]) => ended.push(`read ${rows.length}`)),
    ]);
    expect(ended).toEqual(['insert', 'read 1', 'delete', 'read 0']);
  });
});

describe('leases', { timeout: TEST_MS }, () => {
  it('a connection that writes and reads in turn keeps at most one lease of each node', async () => {
    for (const node of here.cluster.replicas) await here.cluster.stopReplication(node, 'sql');
    const pool = await here.pool();
    try {
      const connection = await take(pool);
      for (let i = 0; i < 6; i++) {
        await connection.query("INSERT INTO t (v) VALUES ('a')");
        await rowsOf(connection, 'SELECT v FROM t');
      }
      expect(lent(pool)).toBeLessThanOrEqual(3);
      connection.release();
      await until(() => lent(pool) === 0);
    } finally {
      for (const node of here.cluster.replicas) await here.cluster.startReplication(node);
    }
  });

  it('a connection that writes and reads for long does not exhaust the pool', async () => {
    const pool = await here.pool({ pool: { acquireTimeoutMs: 2000 } }, { connectionLimit: 3 });
    const connection = await take(pool);
    for (let i = 0; i < 50; i++) {
      await connection.query('UPDATE t SET v = 1 WHERE id = -1');
      await rowsOf(connection, 'SELECT v FROM t');
    }
    connection.release();
    await until(() => lent(pool) === 0);
  });

  it('a read on the primary uses the lease that the connection has there', async () => {
    const pool = await here.pool({ pool: { max: 1, reserve: 0, acquireTimeoutMs: 2000 } });
    const connection = await take(pool);
    await connection.query('UPDATE t SET v = 1 WHERE id = -1');
    const writer = connection.threadId;
    const read = { sql: 'SELECT name FROM whoami', cluster: { route: 'primary' } };
    expect(await nameOf(connection, read)).toBe(here.primary.name);
    expect(connection.threadId).toBe(writer);
  });

  it('getConnection alone does not send the reads of the pool to the primary', async () => {
    const pool = await here.pool({ monitor: { intervalMs: 60_000 } });
    const connections = [await take(pool), await take(pool)];
    expect(pool.cluster.explain('SELECT 1').because).not.toMatch(/without telling its GTID/);
    await connections[0]?.ping();
    expect(pool.cluster.explain('SELECT 1').because).not.toMatch(/without telling its GTID/);
  });

  it('a released connection is handed out again as the same object, at most connectionLimit of them', async () => {
    const pool = await here.pool({}, { connectionLimit: 2, waitForConnections: true });
    const [one, two] = [await pool.getConnection(), await pool.getConnection()];
    const third = pool.getConnection();
    expect(await Promise.race([third, pause(100)])).toBeUndefined();
    one.release();
    const object = (wrapped: unknown): unknown => (wrapped as { connection: unknown }).connection;
    const got = await third;
    expect(object(got)).toBe(object(one));
    got.release();
    got.release();
    two.release();
    expect([object(one), object(two)]).toContain(object(await take(pool)));
  });

  it.each([
    ['a read', 'SELECT SLEEP(6) FROM place'],
    ['a locking read', 'SELECT SLEEP(6) FROM place FOR UPDATE'],
    ['a write', 'UPDATE place SET v = v WHERE SLEEP(6) = 1'],
  ])('destroy() ends %s in flight at once, and it is not run again', async (_what, sql) => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    const connection = await pool.getConnection();
    const sent = failureOf(connection.query(sql));
    sent.catch(() => undefined);
    await pause(300);
    connection.destroy();
    expect(await Promise.race([sent, pause(3000)])).toBeInstanceOf(Error);
    expect(await nameOf(await take(pool))).not.toBe('');
  });

  it('after destroy() the pool hands out another object', async () => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    const connection = await pool.getConnection();
    connection.destroy();
    connection.release();
    const object = (wrapped: unknown): unknown => (wrapped as { connection: unknown }).connection;
    expect(object(await take(pool))).not.toBe(object(connection));
  });
});

describe('session state', { timeout: TEST_MS }, () => {
  const state = "SELECT name, HOUR(FROM_UNIXTIME(0)) AS h, COLLATION('a') AS c FROM shop.whoami";
  const onReplica = state;
  const onPrimary = `${state} FOR UPDATE`;

  it.each([
    ["SET SESSION time_zone = '+05:00'", { h: 5 }],
    ["SET time_zone = '+04:00'", { h: 4 }],
    ["SET @@session.time_zone := '+03:00'", { h: 3 }],
    ['SET NAMES latin1', { c: 'latin1_swedish_ci' }],
    ['SET NAMES utf8mb4 COLLATE utf8mb4_bin', { c: 'utf8mb4_bin' }],
    ["SET collation_connection = 'utf8mb4_spanish_ci'", { c: 'utf8mb4_spanish_ci' }],
  ])('%s is in force on both leases', async (sql, expected) => {
    const connection = await take(await here.pool({ consistency: 'eventual' }));
    const [before] = await rowsOf(connection, onReplica);
    expect(before).not.toMatchObject(expected);
    await connection.query(sql);
    const [read] = await rowsOf(connection, onReplica);
    const [locked] = await rowsOf(connection, onPrimary);
    expect([read, locked]).toMatchObject([expected, expected]);
    expect(replicas()).toContain(read?.name);
    expect(locked?.name).toBe(here.primary.name);
  });

  it.each([
    ["SET collation_connection = 'utf8mb4_spanish_ci'", 'SET character_set_connection = utf8mb4'],
    ['SET NAMES utf8mb4 COLLATE utf8mb4_bin', 'SET @@character_set_connection = latin1'],
    ["SET collation_connection = 'latin1_bin'", 'SET CHARACTER SET utf8mb4'],
  ])('%s, and then %s: the collation is that of one connection', async (...settings) => {
    const connection = await take(await here.pool({ consistency: 'eventual' }));
    const plain = here.use(await plainPool().getConnection(), (taken) => taken.release());
    for (const sql of settings) {
      await plain.query(sql);
      await connection.query(sql);
      const collation = "SELECT COLLATION('a') AS c, v FROM place";
      expect(await rowsOf(connection, collation)).toEqual(await rowsOf(plain, collation));
    }
  });

  it('sql_auto_is_null: IS NULL asks for the last insert', async () => {
    const connection = await take(await here.pool({ consistency: 'eventual' }));
    await connection.query('SET sql_auto_is_null = 1');
    await connection.query("INSERT INTO t (v) VALUES ('mine')");
    expect(await rowsOf(connection, 'SELECT v FROM t WHERE id IS NULL')).toEqual([{ v: 'mine' }]);
  });

  it('what a function sets is in force for the reads behind it, and those go to replicas when the server has told', async () => {
    const { root } = here.cluster.credentials;
    const bodies = {
      sets: "SET time_zone = '+08:00'",
      makes: "CREATE TEMPORARY TABLE place AS SELECT 'temporary' AS v",
      writes: 'UPDATE shop.t SET v = v',
    };
    for (const [name, body] of Object.entries(bodies)) {
      const head = `CREATE FUNCTION shop.${name}() RETURNS INT DETERMINISTIC`;
      await here.cluster.query(here.primary, `${head} BEGIN ${body}; RETURN 1; END`);
    }
    const pool = await here.pool({ consistency: 'eventual' }, root);
    const connection = await take(pool);
    await connection.query('SELECT shop.sets()');
    expect((await rowsOf(connection, onReplica))[0]).toMatchObject({ h: 8, name: here.primary.name });
    await connection.query('UPDATE t SET v = v');
    await connection.query('SELECT shop.makes()');
    expect(await rowsOf(connection, 'SELECT v FROM place')).toEqual([{ v: 'temporary' }]);
    const other = await take(pool);
    await other.query('SELECT shop.writes()');
    expect(await nameOf(other)).toBe(here.primary.name);
    await other.query('UPDATE t SET v = v');
    expect(replicas()).toContain(await nameOf(other));
  });

  it('what a hint has set for one read binds nobody to the replica that ran it', async () => {
    const pool = await here.pool({ consistency: 'eventual' }, { connectionLimit: 1 });
    const connection = await take(pool);
    const hint = '/*+ SET_VAR(max_seeks_for_key = 5) SET_VAR(sort_buffer_size = 65536) */';
    expect(replicas()).toContain(await nameOf(connection, `SELECT ${hint} name FROM whoami`));
    await connection.query('START TRANSACTION READ ONLY');
    expect(replicas()).toContain(await nameOf(connection, `SELECT ${hint} name FROM whoami`));
    await connection.query('COMMIT');
    await connection.query("INSERT INTO t (v) VALUES ('written')");
    expect(replicas()).toContain(await nameOf(connection));
  });

  it('a schema that is dropped while it is in use: none is left, and others have their own', async () => {
    const { root } = here.cluster.credentials;
    const pool = await here.pool({ consistency: 'eventual' }, { ...root, connectionLimit: 2 });
    const connection = await take(pool);
    for (const sql of ['CREATE DATABASE brief', 'USE brief', 'DROP DATABASE brief']) await connection.query(sql);
    expect((await failureOf(connection.query('SELECT v FROM place'))).code).toBe('ER_NO_DB_ERROR');
    await connection.query('USE other');
    expect(await rowsOf(connection, 'SELECT v FROM place')).toEqual([{ v: 'other' }]);
    for (const sql of ['CREATE DATABASE brief', 'USE brief', 'DROP DATABASE brief']) await connection.query(sql);
    connection.release();
    for (let i = 0; i < 5; i++) expect(await rowsOf(pool, 'SELECT v FROM place FOR UPDATE')).toEqual([{ v: 'shop' }]);
  });

  it('sql_mode: ANSI_QUOTES is in force on both leases, and changes how texts are read', async () => {
    const connection = await take(await here.pool({ consistency: 'eventual' }));
    await connection.query("SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')");
    const [read] = await rowsOf(connection, 'SELECT "name" FROM whoami');
    expect(replicas()).toContain(read?.name);
    const [locked] = await rowsOf(connection, 'SELECT "name" FROM whoami FOR UPDATE');
    expect(locked?.name).toBe(here.primary.name);
  });

  it('USE is in force on both leases, and is undone for other users of their connections', async () => {
    const pool = await here.pool({ consistency: 'eventual' }, { connectionLimit: 2 });
    const connection = await take(pool);
    for (const schema of ['other', 'shop', 'other']) {
      await connection.query(`USE ${schema}`);
      expect(await rowsOf(connection, 'SELECT v FROM place')).toEqual([{ v: schema }]);
      expect(await rowsOf(connection, 'SELECT v FROM place FOR UPDATE')).toEqual([{ v: schema }]);
    }
    connection.release();
    for (let i = 0; i < 20; i++) expect(await rowsOf(pool, 'SELECT v FROM place')).toEqual([{ v: 'shop' }]);
    expect(await rowsOf(pool, 'SELECT v FROM place FOR UPDATE')).toEqual([{ v: 'shop' }]);
  });

  it('session variables do not leak to other users of the pool', async () => {
    const pool = await here.pool({ consistency: 'eventual' }, { connectionLimit: 2 });
    const [before] = await rowsOf(pool, "SELECT HOUR(FROM_UNIXTIME(0)) AS h, COLLATION('a') AS c FROM place");
    const connection = await take(pool);
    await connection.query("SET SESSION time_zone = '+07:00', sql_mode = 'ANSI_QUOTES', group_concat_max_len = 5");
    await connection.query('SET NAMES latin1');
    await rowsOf(connection, onReplica);
    connection.release();
    for (const suffix of ['', ' FOR UPDATE']) {
      const sql = `SELECT HOUR(FROM_UNIXTIME(0)) AS h, COLLATION('a') AS c, "text" AS t, v FROM place${suffix}`;
      expect(await rowsOf(pool, sql)).toEqual([{ ...before, t: 'text', v: 'shop' }]);
    }
    await pool.query("SET SESSION time_zone = '+06:00'");
    for (let i = 0; i < 5; i++) {
      const [row] = await rowsOf(pool, 'SELECT HOUR(FROM_UNIXTIME(0)) AS h FROM place FOR UPDATE');
      expect(row?.h).toBe(before?.h);
    }
  });

  it('variables belong to the connection object and survive release(), as in mysql2', async () => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    const connection = await pool.getConnection();
    await connection.query("SET SESSION time_zone = '+09:00'");
    connection.release();
    const [row] = await rowsOf(await take(pool), onReplica);
    expect(row?.h).toBe(9);
  });

  it.each([
    ['a user variable', 'SET @a = 5', 'SELECT name, @a AS seen FROM whoami', 5],
    ['an assignment in a read', 'SELECT @a := 6', 'SELECT name, @a AS seen FROM whoami', 6],
    ['SELECT INTO', 'SELECT 7 INTO @a', 'SELECT name, @a AS seen FROM whoami', 7],
    [
      'a user lock',
      "SELECT GET_LOCK('session', 5)",
      "SELECT name, IS_USED_LOCK('session') = CONNECTION_ID() AS seen FROM whoami",
      1,
    ],
    [
      'a temporary table',
      'CREATE TEMPORARY TABLE temp AS SELECT 8 AS n',
      'SELECT name, n AS seen FROM whoami, temp',
      8,
    ],
    ['a text-protocol statement', "PREPARE s FROM 'SELECT name, 9 AS seen FROM whoami'", 'EXECUTE s', 9],
  ])('%s binds the connection to the primary until it is released', async (_what, sql, check, seen) => {
    const pool = await here.pool({ consistency: 'eventual' });
    const connection = await take(pool);
    expect(replicas()).toContain(await nameOf(connection));
    await connection.query(sql);
    expect(await rowsOf(connection, check)).toEqual([{ name: here.primary.name, seen }]);
    expect(await nameOf(connection)).toBe(here.primary.name);
    expect(await rowsOf(connection, check)).toEqual([{ name: here.primary.name, seen }]);
    connection.release();
    const again = await take(pool);
    expect(replicas()).toContain(await nameOf(again));
  });

  it('a user lock is free after release()', async () => {
    const pool = await here.pool();
    const connection = await take(pool);
    await connection.query("SELECT GET_LOCK('mine', 5)");
    const free = async (): Promise<unknown> =>
      (await here.cluster.query(here.primary, "SELECT IS_FREE_LOCK('mine') AS f"))[0]?.f;
    expect(await free()).toBe(0);
    connection.release();
    await until(async () => (await free()) === 1);
  });

  it('LOCK TABLES … UNLOCK TABLES', async () => {
    const connection = await take(await here.pool({ consistency: 'eventual' }));
    await connection.query('LOCK TABLES t WRITE, whoami READ');
    expect(await nameOf(connection)).toBe(here.primary.name);
    await connection.query("INSERT INTO t (v) VALUES ('locked')");
    await connection.query('UNLOCK TABLES');
    expect(replicas()).toContain(await nameOf(connection));
  });

  it('answers of the statement before: LAST_INSERT_ID(), ROW_COUNT(), SHOW WARNINGS', async () => {
    const connection = await take(await here.pool());
    const [{ insertId }] = await connection.query<ResultSetHeader>("INSERT INTO t (v) VALUES ('a'), ('b')");
    expect(await rowsOf(connection, 'SELECT ROW_COUNT() AS n')).toEqual([{ n: 2 }]);
    await connection.query<ResultSetHeader>("INSERT INTO t (v) VALUES ('c')");
    expect(await rowsOf(connection, 'SELECT LAST_INSERT_ID() AS id')).toEqual([{ id: insertId + 2 }]);
    await connection.query("SELECT CAST('x' AS SIGNED) FROM t FOR UPDATE");
    expect((await rowsOf(connection, 'SHOW WARNINGS'))[0]).toMatchObject({ Code: 1292 });
    // The same of a statement that ran on a replica.
    await connection.query("SELECT CAST('y' AS SIGNED) FROM place");
    expect((await rowsOf(connection, 'SHOW WARNINGS'))[0]).toMatchObject({ Code: 1292 });
  });

  it('changeUser and reset', async () => {
    const connection = await take(await here.pool({ consistency: 'eventual' }));
    await connection.query("SET SESSION time_zone = '+02:00'");
    const { user, password } = here.cluster.credentials.plain;
    await connection.changeUser({ user, password, database: 'other' });
    expect(await rowsOf(connection, 'SELECT v FROM place')).toEqual([{ v: 'other' }]);
    expect((await rowsOf(connection, 'SELECT CURRENT_USER() AS u'))[0]?.u).toMatch(/^plain@/);
    expect((await rowsOf(connection, 'SELECT HOUR(FROM_UNIXTIME(0)) AS h FROM place'))[0]?.h).not.toBe(2);
    expect((await rowsOf(connection, 'SELECT \'a\' AS "x" FROM place FOR UPDATE'))[0]).toEqual({ x: 'a' });
  });
});

describe('a connection is lost', { timeout: TEST_MS }, () => {
  /** Ends when the pool has noticed. */
  async function killLease(pool: ClusteredPromisePool, connection: { threadId: number }): Promise<void> {
    const size = () => pool.cluster.status().nodes.find(({ role }) => role === 'primary')?.pool?.size ?? 0;
    const before = size();
    await here.cluster.query(here.primary, `KILL CONNECTION ${connection.threadId}`);
    await until(() => size() < before);
  }

  it('idle and bound to nothing: the next statement runs on another', async () => {
    const pool = await here.pool();
    const connection = await take(pool);
    await connection.query("SET SESSION time_zone = '+03:00'");
    await connection.query("INSERT INTO t (v) VALUES ('a')");
    await killLease(pool, connection);
    await connection.query("INSERT INTO t (v) VALUES ('b')");
    expect(await rowsOf(connection, 'SELECT v FROM t ORDER BY id FOR UPDATE')).toEqual([{ v: 'a' }, { v: 'b' }]);
    expect((await rowsOf(connection, 'SELECT HOUR(FROM_UNIXTIME(0)) AS h FROM place FOR UPDATE'))[0]?.h).toBe(3);
  });

  it('bound by a temporary table: SessionLostError, an error event, and the pool goes on', async () => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    const connection = await pool.getConnection();
    const events: Error[] = [];
    connection.on('error', (error) => events.push(error));
    await connection.query('CREATE TEMPORARY TABLE temp (id INT)');
    await killLease(pool, connection);
    const error = await failureOf(connection.query('SELECT id FROM temp'));
    expect(error).toBeInstanceOf(SessionLostError);
    expect(error.message).toContain('temporary table');
    expect(events).toHaveLength(1);
    expect(await failureOf(connection.query('SELECT 1'))).toBeInstanceOf(SessionLostError);
    connection.release();
    expect(await nameOf(await take(pool))).not.toBe('');
  });
});

describe('createConnection', { timeout: TEST_MS }, () => {
  it("callbacks: 'connect' comes by itself, connect(cb) calls back before and after, queued queries run in order", async () => {
    const connection = here.use(createCallbackConnection(here.options()), (made) => made.end());
    const order: string[] = [];
    connection.once('connect', () => order.push('connect'));
    await new Promise<void>((resolve, reject) => {
      connection.query('SELECT name FROM whoami', (error) => (error ? reject(error) : order.push('first')));
      connection.query('SELECT name FROM whoami FOR UPDATE', (error) => (error ? reject(error) : order.push('second')));
      connection.connect((error) => (error ? reject(error) : resolve()));
    });
    await until(() => order.length === 3);
    expect(order.filter((entry) => entry !== 'connect')).toEqual(['first', 'second']);
    await new Promise<void>((resolve, reject) => connection.connect((error) => (error ? reject(error) : resolve())));
    expect(connection.threadId).toBeGreaterThan(0);
    expect((connection as unknown as { stream: { destroyed: boolean } }).stream.destroyed).toBe(false);
  });

  it('promise: transactions, reads on replicas, end()', async () => {
    const connection = here.use(await createConnection(here.options({ consistency: 'eventual' })), (made) =>
      made.end(),
    );
    expect('getConnection' in connection).toBe(false);
    expect(replicas()).toContain(await nameOf(connection));
    await connection.beginTransaction();
    expect(await nameOf(connection)).toBe(here.primary.name);
    await connection.query("INSERT INTO t (v) VALUES ('a')");
    await connection.commit();
    expect(replicas()).toContain(await nameOf(connection));
    await connection.end();
    await failureOf(connection.query('SELECT 1'));
  });

  it('end() of a connection that wrote and read is prompt', async () => {
    const connection = here.use(await createConnection(here.options()), (made) => made.end());
    await connection.query("INSERT INTO t (v) VALUES ('a')");
    await rowsOf(connection, 'SELECT v FROM t');
    await rowsOf(connection, 'SELECT v FROM t');
    const ended = connection.end().then(() => 'ended');
    expect(await Promise.race([ended, pause(4000)])).toBe('ended');
  });

  it('a second end() settles, as with mysql2', async () => {
    const connection = await createConnection(here.options());
    await connection.end();
    const settled = connection.end().then(
      () => 'settled',
      () => 'settled',
    );
    expect(await Promise.race([settled, pause(3000)])).toBe('settled');
  });

  it('destroy() of a connection of the promise door ends it', async () => {
    const connection = await createConnection(here.options());
    here.use((connection as unknown as { connection: { end(): void } }).connection, (made) => made.end());
    await nameOf(connection);
    connection.destroy();
    expect(await failureOf(connection.query('SELECT 1'))).toBeInstanceOf(Error);
  });

  it('end() lets what runs finish', async () => {
    const connection = here.use(await createConnection(here.options()), (made) => made.end());
    const sent = connection.query("INSERT INTO t (v) SELECT 'late' FROM place WHERE SLEEP(0.3) = 0");
    await Promise.all([sent, connection.end()]);
    expect(await here.cluster.query(here.primary, 'SELECT v FROM shop.t')).toEqual([{ v: 'late' }]);
  });
});

describe('streams', { timeout: TEST_MS }, () => {
  it('a large result in order, with backpressure: a slow reader is not flooded', async () => {
    const pool = await here.pool();
    const query = pool.pool.query('SELECT id, pad FROM big ORDER BY id');
    let results = 0;
    query.on('result', () => {
      results++;
    });
    const stream = query.stream({ highWaterMark: 5 });
    let [count, last] = [0, 0];
    for await (const row of stream) {
      count++;
      expect(row.id).toBeGreaterThan(last);
      last = row.id;
      if (count === 20) {
        await pause(500);
        expect(results).toBeLessThan(ROWS / 2);
      }
    }
    expect(count).toBe(ROWS);
  });

  it("'fields', 'result' and 'end' without a callback, on a pool and on a connection", async () => {
    const pool = await here.pool();
    const connection = await take(pool);
    for (const on of [pool.pool, (connection as unknown as { connection: typeof pool.pool }).connection]) {
      const seen: unknown[] = [];
      await new Promise<void>((resolve, reject) => {
        const query = on.query('SELECT id FROM big ORDER BY id LIMIT 3');
        query.on('fields', (fields: { name: string }[]) => seen.push(fields[0]?.name));
        query.on('result', (row: { id: number }) => seen.push(row.id));
        query.on('error', reject);
        query.on('end', () => resolve());
      });
      expect(seen).toEqual(['id', 1, 2, 3]);
    }
  });

  it('a stream that is destroyed early gives its connection back', async () => {
    const pool = await here.pool({ pool: { acquireTimeoutMs: 5000, reserve: 0 } }, { connectionLimit: 1 });
    for (let i = 0; i < 4; i++) {
      const stream = pool.pool.query('SELECT id, pad FROM big').stream({ highWaterMark: 2 });
      await new Promise((resolve) => stream.once('data', resolve));
      stream.destroy();
    }
    await until(() => lent(pool) === 0, 15_000);
    expect(await rowsOf(pool, 'SELECT COUNT(*) AS n FROM big')).toEqual([{ n: ROWS }]);
  });

  it('an error comes out of the stream, as of mysql2', async () => {
    const pool = await here.pool();
    const errorOf = (on: typeof pool.pool, sql: string): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const stream = on.query(sql).stream();
        stream.once('error', (error: { errno?: number }) => resolve(error.errno));
        stream.once('end', () => reject(new Error('should have failed')));
        stream.resume();
      });
    const { pool: plain } = plainPool() as unknown as { pool: typeof pool.pool };
    for (const sql of ['SELECT nothing FROM big', 'SELEC', 'SELECT id, IF(id > 3, EXP(id * 1000), 1) FROM big']) {
      const expected = await errorOf(plain, sql);
      expect(expected).toBeGreaterThan(1000);
      expect(await errorOf(pool.pool, sql)).toBe(expected);
    }
    expect(await rowsOf(pool, 'SELECT v FROM place')).toEqual([{ v: 'shop' }]);
  });

  it('a stream on a connection of a transaction', async () => {
    const connection = await take(await here.pool());
    await connection.beginTransaction();
    const { connection: callback } = connection as unknown as {
      connection: { query(sql: string): { stream(): Readable } };
    };
    let count = 0;
    for await (const _row of callback.query('SELECT id FROM big').stream()) count++;
    await connection.commit();
    expect(count).toBe(ROWS);
  });
});

describe('what mysql2 can do', { timeout: TEST_MS }, () => {
  it('execute() with values of all types, as mysql2 itself', async () => {
    const [pool, plain] = [await here.pool(), plainPool()];
    const values = [
      null,
      1,
      -1.5,
      2n ** 60n,
      'text ✓',
      '',
      true,
      false,
      new Date(86_400_000),
      Buffer.from([0, 255]),
      { a: [1] },
      10 ** 15,
    ];
    const sql = `SELECT ${values.map((_value, i) => `? AS v${i}`).join(', ')} FROM place`;
    for (const suffix of ['', ' FOR UPDATE']) {
      const [expected] = await plain.execute<RowDataPacket[]>(sql + suffix, values as never);
      const [rows] = await pool.execute<RowDataPacket[]>(sql + suffix, values as never);
      expect(rows).toEqual(expected);
    }
  });

  it('a value that cannot be bound fails as with mysql2, and gives its connection back', async () => {
    const [pool, plain] = [await here.pool({}, { connectionLimit: 1 }), plainPool()];
    for (const values of [[undefined], [() => 1]]) {
      const expected = await failureOf(plain.execute('SELECT ?', values as never));
      const error = await failureOf(pool.execute('SELECT ?', values as never));
      expect({ name: error.name, message: error.message }).toEqual({ name: expected.name, message: expected.message });
    }
    expect(await rowsOf(pool, 'SELECT v FROM place')).toEqual([{ v: 'shop' }]);
    expect(lent(pool)).toBe(0);
  });

  it('several statements of which a replica lacks a table run on the primary, and the connection goes on', async () => {
    const pool = await here.pool({ consistency: 'eventual', maxLagMs: 60_000 }, { multipleStatements: true });
    const connection = await take(pool);
    for (const node of here.cluster.replicas) await here.cluster.stopReplication(node, 'sql');
    try {
      await here.cluster.query(here.primary, 'CREATE TABLE shop.late AS SELECT 7 AS v');
      const [rows] = await connection.query('SELECT name FROM whoami; SELECT v FROM late');
      expect(rows).toEqual([[{ name: here.primary.name }], [{ v: 7 }]]);
      expect(replicas()).toContain(await nameOf(connection));
    } finally {
      for (const node of here.cluster.replicas) await here.cluster.startReplication(node);
      await here.cluster.query(here.primary, 'DROP TABLE IF EXISTS shop.late');
    }
  });

  it('multipleStatements and CALL give the same results and fields as mysql2', async () => {
    const options = { multipleStatements: true };
    const [pool, plain] = [await here.pool({}, options), plainPool(options)];
    await pool.query('DROP PROCEDURE IF EXISTS two');
    await pool.query('CREATE PROCEDURE two() BEGIN SELECT 1 AS a; SELECT v FROM place; END');
    for (const sql of ['SELECT 1 AS a; SELECT v FROM place', 'CALL two()', "SELECT 1 AS a; DO 0; SELECT 'x' AS b"]) {
      const [expected, expectedFields] = await plain.query(sql);
      const [rows, fields] = await pool.query(sql);
      expect(shape(rows)).toEqual(shape(expected));
      expect(fieldNames(fields)).toEqual(fieldNames(expectedFields));
    }
  });

  it('namedPlaceholders, typeCast, rowsAsArray, nestTables, dateStrings: per pool and per query', async () => {
    const sql = 'SELECT :a AS a, v FROM place';
    const named = await here.pool({}, { namedPlaceholders: true });
    expect(await rowsOf(named, sql, { a: 5 })).toEqual([{ a: 5, v: 'shop' }]);
    expect((await named.execute(sql, { a: 'x' }))[0]).toEqual([{ a: 'x', v: 'shop' }]);
    const connection = await take(named);
    expect((await connection.execute(`${sql} FOR UPDATE`, { a: 'y' }))[0]).toEqual([{ a: 'y', v: 'shop' }]);
    const pool = await here.pool({}, { dateStrings: true });
    expect(await rowsOf(pool, { sql: 'SELECT v FROM place', rowsAsArray: true })).toEqual([['shop']]);
    expect(await rowsOf(pool, { sql: 'SELECT v FROM place', nestTables: true })).toEqual([{ place: { v: 'shop' } }]);
    const typeCast = (field: { string(): string }): string => `<${field.string()}>`;
    expect(await rowsOf(pool, { sql: 'SELECT v FROM place', typeCast })).toEqual([{ v: '<shop>' }]);
    expect(await rowsOf(pool, "SELECT DATE('2020-01-02') AS d FROM place")).toEqual([{ d: '2020-01-02' }]);
    expect(await rowsOf(named, { sql: 'SELECT :a AS a FROM place', values: { a: 1 } })).toEqual([{ a: 1 }]);
  });

  it('LOAD DATA LOCAL', async () => {
    const pool = await here.pool();
    const infileStreamFactory = (): Readable => Readable.from([Buffer.from('one\n'), Buffer.from('two\n')]);
    const sql = "LOAD DATA LOCAL INFILE 'x' INTO TABLE t (v)";
    const [header] = await pool.query<ResultSetHeader>({ sql, infileStreamFactory } as never);
    expect(header.affectedRows).toBe(2);
    expect(await rowsOf(pool, 'SELECT v FROM t ORDER BY id')).toEqual([{ v: 'one' }, { v: 'two' }]);
  });

  it(
    "timeout of a query: mysql2's error, and the pool goes on",
    async () => {
      const [pool, plain] = [await here.pool({}, { connectionLimit: 1 }), plainPool()];
      for (const sql of ['SELECT SLEEP(3) FROM place', 'SELECT SLEEP(3) FROM place FOR UPDATE']) {
        const expected = await failureOf(plain.query({ sql, timeout: 200 }));
        const error = await failureOf(pool.query({ sql, timeout: 200 }));
        expect({ code: error.code, message: error.message }).toEqual({
          code: expected.code,
          message: expected.message,
        });
        expect(await rowsOf(pool, 'SELECT v FROM place')).toEqual([{ v: 'shop' }]);
        expect(await rowsOf(pool, 'SELECT v FROM place FOR UPDATE')).toEqual([{ v: 'shop' }]);
      }
    },
    TEST_MS,
  );

  it('a pool of callbacks: prepared statements by execute(), many times', async () => {
    const pool = here.use(createCallbackPool(here.options({}, { connectionLimit: 2 })), (made) => made.promise().end());
    const ask = (id: number): Promise<unknown> =>
      new Promise((resolve, reject) =>
        pool.execute('SELECT id FROM big WHERE id = ?', [id], (error, rows) => (error ? reject(error) : resolve(rows))),
      );
    const answers = await Promise.all(Array.from({ length: 200 }, (_value, i) => ask(i + 1)));
    expect(answers).toEqual(Array.from({ length: 200 }, (_value, i) => [{ id: i + 1 }]));
  });
});

// Results without what differs by connection: headers keep their counts only.
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (value?.constructor?.name !== 'ResultSetHeader') return value;
  const { affectedRows, insertId, warningStatus } = value as ResultSetHeader;
  return { header: { affectedRows, insertId, warningStatus } };
}

function fieldNames(fields: unknown): unknown {
  if (!Array.isArray(fields)) return fields;
  return fields.map((field) =>
    Array.isArray(field) ? fieldNames(field) : (field as { name?: string } | undefined)?.name,
  );
}
