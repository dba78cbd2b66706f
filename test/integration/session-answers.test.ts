import type { Connection, RowDataPacket } from 'mysql2';
import { afterEach, describe, expect, it } from 'vitest';
import { createPool as createCallbackPool } from '../../src/index.js';
import { type ClusteredPromisePool, createConnection, RouteConflictError } from '../../src/promise.js';
import { failureOf, lab, nameOf, pause, rowsOf, TEST_MS, until } from './support/lab.js';

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
  `CREATE PROCEDURE shop.fails(IN given INT) BEGIN
     IF given IS NOT NULL THEN SET @set_inside = given; SET time_zone = '+03:00'; END IF;
     SIGNAL SQLSTATE '45000'; END`,
  'CREATE TABLE shop.stale (v INT)',
  `CREATE TRIGGER shop.stale_once BEFORE INSERT ON shop.stale FOR EACH ROW
     IF @told IS NULL THEN SET @told = 1; SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1615; END IF`,
];

afterEach(() => here.endAll());

async function taken(options: object = {}, outer: object = {}): ReturnType<ClusteredPromisePool['getConnection']> {
  const pool = await here.pool({ consistency: 'eventual', ...options }, outer);
  return here.use(await pool.getConnection(), (connection) => connection.release());
}

// As a primary says it.
const READ_ONLY_TRANSACTION = {
  errno: 1792,
  code: 'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION',
  sqlState: '25006',
  message: 'Cannot execute statement in a READ ONLY transaction.',
};

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

  it.each(["SET time_zone = '+04:00'", 'SET @a = 5', 'BEGIN', 'SAVEPOINT s', 'COMMIT', 'USE shop', 'UNLOCK TABLES'])(
    'FOUND_ROWS() is of the last read, also after %s on the primary',
    async (sql) => {
      const connection = await taken();
      await connection.query('SELECT v FROM t LIMIT 2');
      await connection.query(sql);
      await connection.ping();
      expect(await rowsOf(connection, 'SELECT FOUND_ROWS() AS n')).toEqual([{ n: 2 }]);
    },
  );

  it('a connection that was opened counts as no error', async () => {
    const pool = await here.pool();
    (await pool.getConnection()).release();
    expect(pool.cluster.status().nodes.map(({ traffic }) => traffic.errors)).toEqual([0, 0, 0]);
  });

  it('SHOW WARNINGS of a fresh connection has none of our own', async () => {
    const connection = await taken();
    expect(await rowsOf(connection, 'SHOW WARNINGS')).toEqual([]);
    await connection.changeUser({});
    expect(await rowsOf(connection, 'SELECT @@warning_count AS n')).toEqual([{ n: 0 }]);
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

  it('the id of the last insert is lost with its connection, whatever has run on the primary since, until there is another', async () => {
    const connection = await taken();
    await connection.query('INSERT INTO t (v) VALUES (9)');
    await here.asRoot(here.primary, [`KILL ${connection.threadId}`]);
    await until(async () => (await failureOf(connection.query('SELECT LAST_INSERT_ID()'))).code === 'SESSION_LOST');
    await connection.query('DELETE FROM t WHERE v = 9');
    expect((await failureOf(connection.query('INSERT INTO t (v) VALUES (LAST_INSERT_ID())'))).code).toBe(
      'SESSION_LOST',
    );
    const [made] = await connection.query('INSERT INTO t (v) VALUES (9)');
    const { insertId } = made as { insertId: number };
    await connection.query('DELETE FROM t WHERE v = 9');
    expect(await rowsOf(connection, 'SELECT LAST_INSERT_ID() AS id')).toEqual([{ id: insertId }]);
  });

  it('SQL_CALC_FOUND_ROWS asks for none: it runs on, also when the connection of the statement before is lost', async () => {
    const connection = await taken();
    const name = await nameOf(connection);
    const node = here.cluster.nodes.find((one) => one.name === name);
    await here.asRoot(node!, [`KILL ${connection.threadId}`]);
    const counting = 'SELECT SQL_CALC_FOUND_ROWS v FROM t ORDER BY id LIMIT 1';
    await until(() =>
      rowsOf(connection, counting).then(
        () => true,
        () => false,
      ),
    );
    expect(await rowsOf(connection, 'SELECT FOUND_ROWS() AS n')).toEqual([{ n: 3 }]);
  });

  it('a transaction that a statement may have committed before it failed is not said to be lost', async () => {
    for (const [failing, code] of [
      ['CREATE TABLE t (v INT)', 'WRITE_OUTCOME_UNKNOWN'],
      ['SELECT nothing FROM t', 'TRANSACTION_LOST'],
    ] as const) {
      const connection = await taken();
      await connection.beginTransaction();
      await connection.query('INSERT INTO t (v) VALUES (9)');
      await failureOf(connection.query(failing));
      await here.asRoot(here.primary, [`KILL ${connection.threadId}`]);
      expect((await failureOf(connection.query('SELECT v FROM t'))).code).toBe(code);
    }
    const rows = await here.cluster.query(here.primary, 'SELECT v FROM shop.t WHERE v = 9');
    expect(rows).toHaveLength(1);
    await here.cluster.query(here.primary, 'DELETE FROM shop.t WHERE v = 9');
    await here.cluster.waitForReplication();
  });

  it.each([
    'GET DIAGNOSTICS @n = NUMBER',
    'SET @n = @@warning_count',
    'SET @n = FOUND_ROWS()',
    'SELECT FOUND_ROWS() INTO @n',
    'INSERT INTO t (v) VALUES (FOUND_ROWS())',
    'INSERT INTO t (v) VALUES (ROW_COUNT())',
    'SELECT FOUND_ROWS() AS n FROM t FOR UPDATE',
  ])('that a replica has are never those of the primary: %s', async (asking) => {
    const connection = await taken({}, { multipleStatements: true });
    await connection.query("SELECT CAST('x' AS SIGNED) FROM t FOR UPDATE");
    expect(await nameOf(connection)).not.toBe(here.primary.name);
    expect(await failureOf(connection.query(asking))).toBeInstanceOf(RouteConflictError);
    // On the primary it has its answer.
    await connection.query({ sql: 'SELECT v FROM t', cluster: { route: 'primary' } });
    await connection.query(asking);
  });

  it('what comes with another statement in one text, and what only prepares an answer, is refused by nobody', async () => {
    const connection = await taken({}, { multipleStatements: true });
    const fromReplica = async () => expect(await nameOf(connection)).not.toBe(here.primary.name);
    const made: string[] = [];
    connection.cluster.on('misrouted', ({ sql }) => made.push(sql));
    await fromReplica();
    const [[, rows]] = await connection.query<RowDataPacket[][]>('DELETE FROM stale; SELECT ROW_COUNT() AS n');
    expect(rows).toEqual([{ n: 0 }]);
    await fromReplica();
    await connection.query('SELECT SQL_CALC_FOUND_ROWS v FROM t LIMIT 1 FOR UPDATE');
    expect(await rowsOf(connection, 'SELECT FOUND_ROWS() AS n')).toEqual(
      await rowsOf(connection, 'SELECT COUNT(*) AS n FROM t'),
    );
    await fromReplica();
    await connection.query('SET profiling = 0');
    expect(made).toEqual([]);
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

  it('a deadlock ends the transaction: reads go to replicas again, and release() has nothing to report', async () => {
    const pool = await here.pool();
    const warnings: string[] = [];
    pool.cluster.on('warning', ({ code }) => warnings.push(code));
    const [one, two] = [await pool.getConnection(), await pool.getConnection()];
    for (const [at, on] of [one, two].entries()) {
      await on.beginTransaction();
      await on.query('UPDATE t SET v = v WHERE id = ?', [at + 1]);
    }
    const failed = await Promise.race(
      [one, two].map(async (on, at) => {
        const error = await on.query('UPDATE t SET v = v WHERE id = ?', [2 - at]).then(
          () => undefined,
          (told) => told,
        );
        return error === undefined ? new Promise<never>(() => undefined) : { on, error };
      }),
    );
    expect(failed.error).toMatchObject({ errno: 1213 });
    expect(pool.cluster.status().pins).toMatchObject({ 'a transaction, unless it was rolled back': 1 });
    await nameOf(failed.on);
    expect(await nameOf(failed.on)).not.toBe(here.primary.name);
    failed.on.release();
    const other = failed.on === one ? two : one;
    await other.rollback();
    other.release();
    expect(warnings).toEqual([]);
  });

  it('explain() of a connection reads the text by its sql_mode', async () => {
    const connection = await taken();
    await connection.query("SET sql_mode = 'NO_BACKSLASH_ESCAPES'");
    const locking = "SELECT '\\' a FROM t FOR UPDATE -- '";
    expect(connection.cluster.explain(locking)).toMatchObject({
      access: 'write',
      node: here.primary.address,
    });
  });

  it("explain() of a pool's connection names them too", async () => {
    const pool = await here.pool();
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    expect(connection.cluster.explain('SELECT v FROM t').because).not.toMatch(/bound/);
    await connection.query('BEGIN');
    expect(connection.cluster.explain('SELECT v FROM t').because).toMatch(/bound .*a transaction/);
    expect(pool.cluster.explain('SELECT v FROM t').because).not.toMatch(/bound/);
    await connection.query('COMMIT');
    const inside = await connection.cluster.transaction((on) => rowsOf(on, 'SELECT CONNECTION_ID() AS id'));
    expect(inside).toEqual([{ id: connection.threadId }]);
  });

  it('an open stream binds its connection: the next statement, and release(), wait for its end', async () => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    const connection = await pool.getConnection();
    const { connection: callback } = connection as unknown as { connection: Connection };
    const sql = "SELECT a.id, REPEAT('x', 1000) AS pad FROM t a, t b, t c, t d, t e, t f, t g, t h";
    const stream = callback.query(sql).stream({ highWaterMark: 2 });
    let rows = 0;
    stream.on('data', () => rows++);
    await new Promise((resolve) => stream.once('data', resolve));
    stream.pause();
    expect(pool.cluster.status().pins).toEqual({ 'an open result': 1 });
    const { decision, because } = connection.cluster.explain('SELECT v FROM t');
    expect([decision, because]).toEqual(['wait', expect.stringContaining('an open result')]);
    const order: string[] = [];
    const next = connection.query('SELECT v FROM t').then(() => order.push('next'));
    connection.release();
    const other = pool.getConnection().then((taken) => {
      order.push('other');
      taken.release();
    });
    stream.once('end', () => order.push('end')).resume();
    await Promise.all([next, other]);
    expect(order).toEqual(['end', 'next', 'other']);
    expect(rows).toBeGreaterThanOrEqual(3 ** 8);
    expect(pool.cluster.status().pins).toEqual({});
  });

  it.each([
    [
      'of one name in two schemas',
      ['USE other', 'CREATE TEMPORARY TABLE tmp (a INT)', 'DROP TEMPORARY TABLE tmp'],
      'shop.tmp',
    ],
    [
      'that has another name now',
      ['ALTER TABLE tmp RENAME TO renamed', 'DROP TEMPORARY TABLE IF EXISTS tmp'],
      'renamed',
    ],
    [
      'that EXECUTE made',
      [
        "PREPARE s FROM 'CREATE TEMPORARY TABLE made (a INT)'",
        'EXECUTE s',
        'DEALLOCATE PREPARE s',
        'DROP TEMPORARY TABLE tmp',
      ],
      'made',
    ],
  ])('a temporary table %s is not forgotten', async (_what, texts, table) => {
    const connection = await taken();
    for (const sql of ['CREATE TEMPORARY TABLE tmp (a INT)', ...texts]) await connection.query(sql);
    expect(await rowsOf(connection, `SELECT a FROM ${table}`)).toEqual([]);
  });

  const long = "SELECT v, REPEAT('x', 3000) AS pad FROM t JOIN (SELECT 1 UNION SELECT 2 UNION SELECT 3) many LIMIT 9";
  it.each<[string, object, string, 'query' | 'execute' | 'stream']>([
    ['few rows', {}, 'SELECT v FROM t', 'query'],
    ['no row', {}, 'SELECT v FROM t WHERE v = 99', 'query'],
    ['many', {}, long, 'query'],
    ['prepared', {}, 'SELECT v FROM t WHERE v > ?', 'execute'],
    ['rows one by one, held back', {}, long, 'stream'],
    ['compressed', { compress: true }, 'SELECT v FROM t', 'query'],
    ['many compressed', { compress: true }, long, 'query'],
    ['encrypted', { ssl: { rejectUnauthorized: false } }, 'SELECT v FROM t', 'query'],
  ])('the end of rows tells that a SELECT opened a transaction: %s', async (_what, outer, sql, how) => {
    const connection = await taken({}, outer);
    await connection.query('SET autocommit = 0');
    expect(connection.cluster.status().pins).toEqual({ 'autocommit=0': 1 });
    if (how === 'execute') await connection.execute(sql, [0]);
    else if (how === 'query') await connection.query(sql);
    else {
      const rows: unknown[] = [];
      const stream = (connection.connection as unknown as Connection).query(sql).stream({ highWaterMark: 1 });
      for await (const row of stream) {
        rows.push(row);
        await pause(1);
      }
      expect(rows).toHaveLength(9);
    }
    expect(connection.cluster.status().pins).toEqual({ 'autocommit=0': 1, 'a transaction': 1 });
    await connection.query('COMMIT');
    await connection.query('SET autocommit = 1');
    await connection.query(how === 'execute' ? 'SELECT v FROM t' : sql);
    expect(connection.cluster.status().pins).toEqual({});
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

  it.each(['BEGIN', 'SET autocommit = 0; INSERT INTO t (v) VALUES (77)'])(
    'a transaction that the pool itself was asked to begin is rolled back, and reported: %s',
    async (sql) => {
      const pool = await here.pool({}, { multipleStatements: true });
      const warnings: string[] = [];
      pool.cluster.on('warning', ({ code }) => warnings.push(code));
      await pool.query(sql);
      await until(() => warnings.includes('TRANSACTION_LEFT_OPEN'));
      expect(await rowsOf(pool, { sql: 'SELECT v FROM t WHERE v = 77', cluster: { route: 'primary' } })).toEqual([]);
      expect(warnings).toEqual(['TRANSACTION_LEFT_OPEN']);
    },
  );

  it('a procedure that failed binds until the server tells that it set nothing', async () => {
    const connection = await taken();
    expect((await failureOf(connection.query('CALL fails(NULL)'))).code).toBe('ER_SIGNAL_EXCEPTION');
    expect(connection.cluster.status().pins).toEqual({ 'session state': 1 });
    expect(await nameOf(connection)).toBe(here.primary.name);
    await connection.query('DO 1');
    expect(connection.cluster.status().pins).toEqual({});
    expect(await nameOf(connection)).not.toBe(here.primary.name);
  });

  it('what a procedure set before it failed is there afterwards', async () => {
    const connection = await taken();
    expect((await failureOf(connection.query('CALL fails(7)'))).code).toBe('ER_SIGNAL_EXCEPTION');
    for (const sql of ['DO 1', 'BEGIN', 'COMMIT', 'DO 1']) await connection.query(sql);
    expect(await rowsOf(connection, 'SELECT @@time_zone AS z')).toEqual([{ z: '+03:00' }]);
    expect(await rowsOf(connection, 'SELECT @set_inside AS v')).toEqual([{ v: 7 }]);
    expect(connection.cluster.status().pins).toEqual({ 'session state': 1 });
  });

  it('a procedure that failed in a READ ONLY transaction on a replica keeps no write away after it', async () => {
    const connection = await taken();
    await connection.query('START TRANSACTION READ ONLY');
    expect((await failureOf(connection.query('CALL fails(NULL)'))).code).toBe('ER_SIGNAL_EXCEPTION');
    expect((await failureOf(connection.query('EXECUTE nothing'))).code).toBe('ER_UNKNOWN_STMT_HANDLER');
    await connection.query('ROLLBACK');
    await connection.query('UPDATE t SET v = v WHERE id = -1');
    expect(connection.cluster.status().pins).toEqual({});
  });

  it('nor does one before what sets something itself, whose report would be of both', async () => {
    const connection = await taken();
    await connection.query('START TRANSACTION READ ONLY');
    expect(await nameOf(connection)).not.toBe(here.primary.name);
    expect((await failureOf(connection.query('CALL fails(NULL)'))).code).toBe('ER_SIGNAL_EXCEPTION');
    await connection.query("SET time_zone = '+02:00'");
    await connection.query('ROLLBACK');
    await connection.query('UPDATE t SET v = v WHERE id = -1');
    expect(connection.cluster.status().pins).toEqual({});
    expect(await rowsOf(connection, 'SELECT @@time_zone AS z')).toEqual([{ z: '+02:00' }]);
  });

  it('what it set is told from what a statement after it sets', async () => {
    const connection = await taken();
    expect((await failureOf(connection.query('CALL fails(7)'))).code).toBe('ER_SIGNAL_EXCEPTION');
    await connection.query("SET time_zone = '+02:00'");
    expect(await rowsOf(connection, 'SELECT @@time_zone AS z, @set_inside AS v')).toEqual([{ z: '+02:00', v: 7 }]);
    expect(connection.cluster.status().pins).toEqual({ 'session state': 1 });
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

describe('XA', { timeout: TEST_MS }, () => {
  const insert = 'INSERT INTO t (v) VALUES (600)';

  it.each([
    ['COMMIT ONE PHASE', ["XA COMMIT 'x' ONE PHASE"], 1],
    ['PREPARE and COMMIT', ["XA PREPARE 'x'", "XA COMMIT 'x'"], 1],
    ['PREPARE and ROLLBACK', ["XA PREPARE 'x'", "XA ROLLBACK 'x'"], 0],
    ['ROLLBACK', ["XA ROLLBACK 'x'"], 0],
  ])('%s: bound until then, and what was written is read after it', async (_what, ends, n) => {
    const pool = await here.pool();
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    for (const sql of ["XA START 'x'", insert, "XA END 'x'", ...ends.slice(0, -1)]) {
      await connection.query(sql);
      expect(pool.cluster.status().pins).toMatchObject({ 'an XA transaction': 1 });
    }
    await connection.query(ends.at(-1) ?? '');
    expect(pool.cluster.status().pins).toEqual({});
    expect(await rowsOf(connection, 'SELECT COUNT(*) AS n FROM t WHERE v = 600')).toEqual([{ n }]);
    await connection.query('DELETE FROM t WHERE v = 600');
  });

  it('a prepared branch outlives its connection, lost or released, and any other decides it', async () => {
    const pool = await here.pool();
    const warnings: string[] = [];
    pool.cluster.on('warning', ({ code }) => warnings.push(code));
    for (const lost of [true, false]) {
      const connection = await pool.getConnection();
      for (const sql of ["XA START 'y'", insert, "XA END 'y'", "XA PREPARE 'y'"]) await connection.query(sql);
      if (lost) {
        await here.asRoot(here.primary, [`KILL ${connection.threadId}`]);
        await until(() => (connection as unknown as { connection: { _fatalError: unknown } }).connection._fatalError);
        expect(await failureOf(connection.query("XA COMMIT 'y'"))).toMatchObject({ code: 'SESSION_LOST' });
      }
      connection.release();
      await until(async () => (await failureOf(pool.query("XA COMMIT 'y'")).catch(() => undefined)) === undefined);
    }
    expect(await rowsOf(pool, 'SELECT COUNT(*) AS n FROM t WHERE v = 600')).toEqual([{ n: 2 }]);
    expect(warnings).toEqual([]);
    await pool.query('DELETE FROM t WHERE v = 600');
  });
});

describe('the server closes the connection at the end of a transaction', { timeout: TEST_MS }, () => {
  it.each(['COMMIT RELEASE', 'ROLLBACK RELEASE'])('%s: what comes next runs on another', async (end) => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    const connection = await pool.getConnection();
    for (let i = 0; i < 20; i++) {
      await connection.query('BEGIN');
      const { threadId } = connection;
      await connection.query(end);
      await connection.query('UPDATE t SET v = v WHERE id = 1');
      expect(connection.threadId).not.toBe(threadId);
    }
    connection.release();
    for (let i = 0; i < 20; i++) {
      await pool.query(end);
      await pool.query('UPDATE t SET v = v WHERE id = 1');
    }
  });

  it('completion_type: RELEASE loses the session, as it loses a connection; CHAIN begins the next', async () => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    const connection = await pool.getConnection();
    await connection.query("SET completion_type = 'CHAIN'");
    await connection.query('BEGIN');
    await connection.query('COMMIT');
    expect(pool.cluster.status().pins).toMatchObject({ 'a transaction': 1 });
    await connection.query("SET completion_type = 'RELEASE'");
    await connection.query('COMMIT');
    expect(await failureOf(connection.query('UPDATE t SET v = v WHERE id = 1'))).toMatchObject({
      code: 'SESSION_LOST',
    });
    connection.release();
    await pool.query('UPDATE t SET v = v WHERE id = 1');
  });
});

describe('SET TRANSACTION READ ONLY', { timeout: TEST_MS }, () => {
  const LEVEL = 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED';
  const ON_REPLICA: [string, string[], string][] = [
    ['BEGIN', ['SET TRANSACTION READ ONLY', 'BEGIN'], 'REPEATABLE READ'],
    ['START TRANSACTION, a level too', [LEVEL, 'SET TRANSACTION READ ONLY', 'START TRANSACTION'], 'READ COMMITTED'],
    ['START TRANSACTION READ ONLY, the level alone', [LEVEL, 'START TRANSACTION READ ONLY'], 'READ COMMITTED'],
  ];

  it.each(ON_REPLICA)(
    'and %s: all of it is on one replica that has every write before it',
    async (_what, begin, level) => {
      const pool = await here.pool();
      const connection = here.use(await pool.getConnection(), (taken) => taken.release());
      for (let i = 1; i <= 5; i++) {
        await connection.query('INSERT INTO t (v) VALUES (700)');
        for (const sql of begin) await connection.query(sql);
        const name = await nameOf(connection);
        const node = here.cluster.replicas.find((replica) => replica.name === name);
        expect(await rowsOf(connection, 'SELECT COUNT(*) AS n FROM t WHERE v = 700')).toEqual([{ n: i }]);
        const sql = `SELECT e.ISOLATION_LEVEL AS level, e.ACCESS_MODE AS access FROM performance_schema.events_transactions_current e
        JOIN performance_schema.threads t USING (THREAD_ID) WHERE t.PROCESSLIST_ID = ${connection.threadId}`;
        expect((await here.asRoot(node ?? here.primary, [sql]))[0]).toEqual([{ level, access: 'READ ONLY' }]);
        expect(await failureOf(connection.query('DELETE FROM t'))).toMatchObject(READ_ONLY_TRANSACTION);
        expect(await nameOf(connection)).toBe(name);
        await connection.query('COMMIT');
        expect(pool.cluster.status().pins).toEqual({});
      }
      await connection.query('DELETE FROM t WHERE v = 700');
    },
  );

  it('is for one transaction, wherever it ran', async () => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    for (const sql of ['SET TRANSACTION READ ONLY', 'BEGIN', 'SELECT v FROM t', 'COMMIT']) await connection.query(sql);
    for (let i = 0; i < 3; i++) {
      await connection.query('BEGIN');
      expect(await nameOf(connection)).toBe(here.primary.name);
      await connection.query('DELETE FROM t WHERE id = -1');
      await connection.query('COMMIT');
    }
    await connection.query('DELETE FROM t WHERE id = -1');
  });

  it.each([
    ['READ WRITE is said later', ['SET TRANSACTION READ ONLY', 'START TRANSACTION READ WRITE']],
    ['SERIALIZABLE, whose reads take locks', ['SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY', 'BEGIN']],
    ['something came between', ['SET TRANSACTION READ ONLY', 'SELECT v FROM t', 'BEGIN']],
    ['something else binds the connection', ['SET @a = 1', 'SET TRANSACTION READ ONLY', 'BEGIN']],
  ])('stays on the primary: %s', async (_why, begin) => {
    const connection = await taken();
    for (const sql of begin) await connection.query(sql);
    expect(await nameOf(connection)).toBe(here.primary.name);
    await connection.query('ROLLBACK');
  });

  it('explain() says where it would begin', async () => {
    const connection = await taken();
    await connection.query('SET TRANSACTION READ ONLY');
    expect(connection.cluster.explain('BEGIN').node).not.toBe(here.primary.address);
    expect(connection.cluster.explain('SELECT v FROM t').node).toBe(here.primary.address);
  });
});

describe('in a READ ONLY transaction on a replica', { timeout: TEST_MS }, () => {
  it('the id of the last insert is the one that the primary gave', async () => {
    const session = await taken();
    await session.query('INSERT INTO t (v) VALUES (7)');
    const [outside] = await rowsOf(session, 'SELECT LAST_INSERT_ID() AS id');
    await session.query('START TRANSACTION READ ONLY');
    expect(await nameOf(session)).not.toBe(here.primary.name);
    expect(await rowsOf(session, 'SELECT LAST_INSERT_ID() AS id')).toEqual([outside]);
    expect(await nameOf(session)).not.toBe(here.primary.name);
    await session.query('COMMIT');
  });

  it('SHOW WARNINGS is of the statement before, also when the primary answered that', async () => {
    const session = await taken();
    await session.query('INSERT INTO t (v) VALUES (7)');
    await session.query('START TRANSACTION READ ONLY');
    expect(await nameOf(session)).not.toBe(here.primary.name);
    await expect(session.query('HANDLER h CLOSE')).rejects.toThrow('h');
    expect(await rowsOf(session, 'SHOW WARNINGS')).toHaveLength(1);
    await session.query('SELECT LAST_INSERT_ID() AS id');
    expect(await rowsOf(session, 'SHOW WARNINGS')).toEqual([]);
    await session.query('COMMIT');
  });

  it('START TRANSACTION READ WRITE ends it, and begins on the primary', async () => {
    const session = await taken();
    await session.query('START TRANSACTION READ ONLY');
    expect(await nameOf(session)).not.toBe(here.primary.name);
    await session.query('START TRANSACTION READ WRITE');
    await session.query('INSERT INTO t (v) VALUES (8)');
    await session.query('ROLLBACK');
    expect(await rowsOf(session, 'SELECT id FROM t WHERE v = 8')).toEqual([]);
    expect(await nameOf(session)).not.toBe(here.primary.name);
  });
});

describe('what lifts the rule that nothing is written in a transaction on a replica', { timeout: TEST_MS }, () => {
  const refused = [
    ['READ WRITE beside what binds it there', ['SET @a = 1'], 'START TRANSACTION READ WRITE'],
    ['READ WRITE in a text of several', [], 'COMMIT; START TRANSACTION READ WRITE; INSERT INTO t (v) VALUES (9)'],
    ['a variable', ['SET SESSION transaction_read_only = 0'], 'BEGIN'],
  ] as const;

  it.each(refused)('%s is refused', async (_, before, sql) => {
    const session = await taken({}, { multipleStatements: true });
    await session.query('START TRANSACTION READ ONLY');
    expect(await nameOf(session)).not.toBe(here.primary.name);
    for (const text of before) await session.query(text);
    expect(await failureOf(session.query(sql))).toBeInstanceOf(RouteConflictError);
    await session.query('ROLLBACK');
  });

  it('READ WRITE after what SET TRANSACTION had said goes to the primary', async () => {
    const session = await taken();
    for (const sql of ['SET TRANSACTION READ ONLY', 'BEGIN', 'START TRANSACTION READ WRITE']) await session.query(sql);
    expect(await nameOf(session)).toBe(here.primary.name);
    await session.query('ROLLBACK');
  });
});

describe('a read of what a replica does not know', { timeout: TEST_MS }, () => {
  it.each([{ node: () => here.replica(0).address }, { route: () => 'replica' }])(
    'asked there, %o, ends as there',
    async (wish) => {
      const pool = await here.pool();
      const cluster = Object.fromEntries(Object.entries(wish).map(([name, value]) => [name, value()]));
      expect(await failureOf(pool.query({ sql: 'SELECT * FROM nowhere', cluster } as never))).toMatchObject({
        errno: 1146,
      });
    },
  );
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

  it('after DDL they give the columns of the table as it is, and those forgotten are closed on the servers', async () => {
    const prepared = async (): Promise<number> => {
      const sql = "SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'";
      const counts = await Promise.all(here.cluster.nodes.map(async (node) => (await here.asRoot(node, [sql]))[0]));
      return counts.reduce((sum, rows) => sum + Number(rows?.[0]?.Value), 0);
    };
    const before = await prepared();
    const pool = await here.pool({ consistency: 'pool' }, { connectionLimit: 2, maxPreparedStatements: 3 });
    const connection = await pool.getConnection();
    await connection.query('CREATE TABLE IF NOT EXISTS ddl (a INT)');
    await connection.query('INSERT INTO ddl VALUES (1)');
    const columns = async (): Promise<string[][]> => {
      const texts = ['SELECT * FROM ddl WHERE 1 = ?', 'SELECT * FROM ddl WHERE 1 = ? FOR UPDATE'];
      const rows = [];
      for (const sql of texts) rows.push(...(await connection.execute<RowDataPacket[]>(sql, [1]))[0]);
      return rows.map((row) => Object.keys(row));
    };
    expect(await columns()).toEqual([['a'], ['a']]);
    await connection.query("ALTER TABLE ddl ADD COLUMN b DATETIME DEFAULT '2020-01-01'");
    expect(await columns()).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
    await connection.query('ALTER TABLE ddl DROP COLUMN a');
    expect(await columns()).toEqual([['b'], ['b']]);
    await connection.query('DROP TABLE ddl');
    for (let i = 0; i < 20; i++) {
      await connection.query(`USE ${i % 2 ? 'shop' : 'other'}`);
      await connection.execute(`SELECT ${i}, v FROM shop.place WHERE v <> ?`, ['']);
      await connection.execute(`UPDATE shop.place SET v = v WHERE v = ? AND ${i} = 1`, ['']);
    }
    // At most so many on each of the two leases.
    expect((await prepared()) - before).toBeLessThanOrEqual(6);
    connection.release();
    await pool.end();
    await until(async () => (await prepared()) <= before);
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
