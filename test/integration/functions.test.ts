import type { RowDataPacket } from 'mysql2';
import { type Connection, createConnection, type ResultSetHeader } from 'mysql2/promise';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ClusteredPromisePool } from '../../src/promise.js';
import { pureFunctions } from '../../src/sql/routines/pure-functions.js';
import type { Routine } from '../../src/sql/routines/routine.js';
import type { TestNode } from '../../src/testing/index.js';
import { filesOf, type RoutineCase } from '../support/routine-cases.js';
import { lab, nameOf, namesOf, pause, TEST_MS, until } from './support/lab.js';

const here = lab({}, async (made) => {
  await made.mark();
  for (const sql of SCHEMA) await made.cluster.query(made.primary, sql);
  await made.cluster.waitForReplication();
});

const SCHEMA = [
  'SET GLOBAL log_bin_trust_function_creators = 1',
  'CREATE TABLE shop.t (id INT PRIMARY KEY, a INT, b INT, name VARCHAR(20))',
  "INSERT INTO shop.t VALUES (1, 1, 2, 'x'), (2, NULL, 4, 'y')",
  'CREATE TABLE shop.log (id INT AUTO_INCREMENT PRIMARY KEY, n INT)',
  'CREATE DATABASE other',
  'CREATE FUNCTION shop.g() RETURNS INT DETERMINISTIC RETURN 7',
  'CREATE FUNCTION shop.count_of(n INT) RETURNS INT DETERMINISTIC RETURN n',
  'CREATE FUNCTION other.h(n INT) RETURNS INT DETERMINISTIC RETURN n + 1',
  'CREATE PROCEDURE shop.p() INSERT INTO log (n) VALUES (1)',
];

afterEach(() => here.endAll());

describe('the server agrees', { timeout: TEST_MS }, () => {
  const cases = filesOf()
    .flatMap(([, found]) => found)
    .filter(({ schema, flavor }) => schema === undefined && flavor === undefined);
  let onPrimary: Connection;
  let onReplica: Connection;

  beforeAll(async () => {
    onPrimary = await open(here.primary);
    onReplica = await open(here.replica(0));
    return () => {
      onPrimary.destroy();
      onReplica.destroy();
    };
  });

  it('what only reads is not refused by a replica, and leaves session and server as they were', async () => {
    const wrong: string[] = [];
    const counts = { pure: 0, others: 0, refused: 0 };
    for (const example of cases) {
      const isTaken = await create(onPrimary, example);
      if (isTaken === (example.refusedByMysql === true)) wrong.push(`${example.body}: taken ${isTaken}`);
      if (!isTaken) continue;
      await here.cluster.waitForReplication();
      const isPure = (await pureOf(onPrimary)).has('shop.f');
      if (isPure) wrong.push(...(await callIt(onReplica, example)).map((what) => `${example.body}: ${what}`));
      else if (await isRefused(onReplica, example)) counts.refused++;
      counts[isPure ? 'pure' : 'others']++;
      // The server's own text is read as ours was, but for what it does not keep.
      const isKept = example.dataAccess === undefined && !example.body.includes('/*!');
      if (isKept && isPure !== example.reads) wrong.push(`${example.body}: reads ${isPure}`);
    }
    console.log(JSON.stringify(counts));
    expect(wrong).toEqual([]);
    expect(counts.pure).toBeGreaterThan(50);
    expect(counts.others).toBeGreaterThan(30);
    expect(counts.refused).toBeGreaterThan(10);
  });

  it('no server lets a function be changed by a procedure, or prepared', async () => {
    for (const body of [
      'CREATE FUNCTION q() RETURNS INT RETURN 1',
      'DROP FUNCTION g',
      "PREPARE s FROM 'DROP FUNCTION g'; EXECUTE s",
    ]) {
      await onPrimary.query('DROP PROCEDURE IF EXISTS changes');
      const made = await onPrimary.query(`CREATE PROCEDURE changes() BEGIN ${body}; END`).then(
        () => true,
        () => false,
      );
      if (made) await expect(onPrimary.query('CALL changes()')).rejects.toThrow();
    }
  });
});

async function open({ host, serverPort: port }: TestNode): Promise<Connection> {
  const { user, password } = here.cluster.credentials.root;
  return createConnection({ host, port, user, password, database: 'shop' });
}

/** Makes it `shop.f` on the primary. False when the server does not take it. */
async function create(connection: Connection, example: RoutineCase): Promise<boolean> {
  const { parameters = '', returns = 'INT', characteristics = '', body, sqlMode = '' } = example;
  const sql = `CREATE FUNCTION f(${parameters}) RETURNS ${returns} DETERMINISTIC ${characteristics} ${body}`;
  await connection.query('DROP FUNCTION IF EXISTS shop.f');
  await connection.query(`SET SESSION sql_mode = '${sqlMode}'`);
  return connection.query(sql).then(
    () => true,
    () => false,
  );
}

/** As the catalogue reads them. */
async function pureOf(connection: Connection): Promise<ReadonlySet<string>> {
  const routines: Routine[] = [];
  for (const [schema, name] of [
    ['shop', 'f'],
    ['shop', 'g'],
    ['shop', 'count_of'],
    ['other', 'h'],
  ] as const) {
    const [[row]] = await connection.query<RowDataPacket[]>(`SHOW CREATE FUNCTION ${schema}.${name}`);
    if (row === undefined) throw new Error(`no function ${name}`);
    const { sql_mode: sqlMode, character_set_client: charset } = row;
    routines.push({ schema, name, definition: row['Create Function'], sqlMode, charset, dataAccess: '' });
  }
  return pureFunctions(routines, { serverVersion: '9.7.0', flavor: 'mysql' });
}

function callOf({ parameters = '' }: RoutineCase): string {
  const types = parameters === '' ? [] : parameters.split(/,(?![^(]*\))/);
  return `f(${types.map((type) => (/enum/i.test(type) ? "'a'" : '1')).join(', ')})`;
}

const STATE = `SELECT @@global.gtid_executed AS gtids, @x AS x, @y AS y, @@session.sort_buffer_size AS size,
  @@session.sql_log_bin AS log, LAST_INSERT_ID() AS id,
  (SELECT COUNT(*) FROM performance_schema.metadata_locks WHERE OBJECT_TYPE = 'USER LEVEL LOCK') AS locks,
  (SELECT COUNT(*) FROM performance_schema.data_locks WHERE LOCK_TYPE = 'RECORD' AND OBJECT_SCHEMA = 'shop') AS row_locks`;

/** Calls it as a read would on a lease of a replica, and says what it did that no read does. */
async function callIt(connection: Connection, example: RoutineCase): Promise<string[]> {
  const state = async (): Promise<string> => JSON.stringify((await connection.query(STATE))[0]);
  const wrong: string[] = [];
  const before = await state();
  await connection.query('SET SESSION transaction_read_only = 1');
  await connection.query('START TRANSACTION READ ONLY');
  const error = await connection.query(`SELECT ${callOf(example)}`).then(
    () => undefined,
    (failure: { errno?: number; message: string }) => failure,
  );
  if (error !== undefined && error.errno !== 1001) wrong.push(error.message);
  if ((await state()) !== before) wrong.push('changed the server or the session');
  const [{ serverStatus }] = await connection.query<ResultSetHeader>('DO 0');
  if ((serverStatus & 1) === 0) wrong.push('ended the transaction');
  await connection.query('COMMIT');
  return wrong;
}

async function isRefused(connection: Connection, example: RoutineCase): Promise<boolean> {
  await connection.query('SET SESSION transaction_read_only = 1');
  const errno = await connection.query(`SELECT ${callOf(example)}`).then(
    () => 0,
    (failure: { errno?: number }) => failure.errno ?? 0,
  );
  await connection.query('DO RELEASE_ALL_LOCKS()');
  return [1290, 1792, 1836].includes(errno);
}

describe('a pool', { timeout: TEST_MS }, () => {
  const SEEN = 'CREATE FUNCTION seen() RETURNS VARCHAR(20) READS SQL DATA RETURN (SELECT name FROM whoami)';
  const WRITES = `CREATE FUNCTION seen() RETURNS VARCHAR(20) MODIFIES SQL DATA
    BEGIN INSERT INTO log (n) VALUES (1); RETURN (SELECT name FROM whoami); END`;
  const ask = (pool: ClusteredPromisePool): Promise<string> => nameOf(pool, 'SELECT seen() AS name');
  const isRead = (pool: ClusteredPromisePool): boolean =>
    pool.cluster.explain('SELECT seen() AS name').access === 'read';

  async function poolWith(...statements: readonly string[]): Promise<ClusteredPromisePool> {
    const pool = await here.pool();
    await pool.query('DROP FUNCTION IF EXISTS seen');
    for (const sql of statements) await pool.query(sql);
    return pool;
  }

  const replicas = (): string[] => here.cluster.replicas.map(({ name }) => name);

  it('runs a function that only reads on the replicas, after its first call', async () => {
    const pool = await poolWith(SEEN);
    expect(await ask(pool)).toBe(here.primary.name);
    await until(() => isRead(pool));
    // The first call may have written: for a moment reads stay where it ran.
    await until(async () => (await ask(pool)) !== here.primary.name);
    expect(await namesOf(() => ask(pool), 60, 2)).toEqual(replicas().sort());
    expect(await nameOf(pool, 'SELECT shop.seen() AS name')).not.toBe(here.primary.name);
    const [rows] = await pool.execute<RowDataPacket[]>('SELECT seen() AS name WHERE ? = 1', [1]);
    expect(replicas()).toContain(rows[0]?.name);
    expect(pool.cluster.status().totals.misrouted).toBe(0);
  });

  it('runs one that writes on the primary, whatever it declares', async () => {
    const pool = await poolWith(WRITES.replace('MODIFIES', 'READS'));
    for (let count = 0; count < 5; count++) {
      expect(await ask(pool)).toBe(here.primary.name);
      await pause(100);
    }
    expect(isRead(pool)).toBe(false);
    expect(pool.cluster.status().totals.misrouted).toBe(0);
  });

  it('sees that a function has been changed through a pool of this process', async () => {
    const pool = await poolWith(SEEN);
    const other = await here.pool();
    await ask(pool);
    await until(() => isRead(pool));
    await other.query('DROP FUNCTION seen');
    await other.query(WRITES);
    for (let count = 0; count < 5; count++) {
      expect(await ask(pool)).toBe(here.primary.name);
      await pause(100);
    }
    await other.query('DROP FUNCTION seen');
    await other.query(SEEN);
    await until(async () => (await ask(pool)) !== here.primary.name);
    expect(pool.cluster.status().totals.misrouted).toBe(0);
  });

  it('what another process changed is refused by a replica, runs once on the primary, and is read anew', async () => {
    const pool = await poolWith(SEEN);
    await ask(pool);
    await until(async () => (await ask(pool)) !== here.primary.name);
    const { host, serverPort: port } = here.primary;
    const { user, password } = here.cluster;
    const another = await createConnection({ host, port, user, password, database: 'shop' });
    for (const sql of ['DELETE FROM log', 'DROP FUNCTION seen', WRITES]) await another.query(sql);
    another.destroy();
    await here.cluster.waitForReplication();
    expect(await ask(pool)).toBe(here.primary.name);
    const [row] = await here.cluster.query<RowDataPacket[]>(here.primary, 'SELECT COUNT(*) AS n FROM shop.log');
    expect(row?.n).toBe(1);
    expect(pool.cluster.status().totals.misrouted).toBe(1);
    // Another form of it is not remembered as refused: the body itself tells.
    const form = "SELECT seen() AS name, 'x' AS another";
    expect(pool.cluster.explain(form).access).toBe('write');
    await pause(500);
    expect(pool.cluster.explain(form).access).toBe('write');
  });

  it('knows nothing of what its account may not see', async () => {
    const pool = await poolWith();
    await here.asRoot(here.primary, ['USE shop', SEEN.replace('seen', 'hidden')]);
    const sql = 'SELECT hidden() AS name';
    expect(await nameOf(pool, sql)).toBe(here.primary.name);
    await pause(500);
    expect(pool.cluster.explain(sql).access).toBe('write');
    expect(await nameOf(pool, sql)).toBe(here.primary.name);
  });

  it('asks no more than it must: nothing without functions', async () => {
    const pool = await here.pool();
    const before = await readings();
    for (let count = 0; count < 5; count++) await pool.query('SELECT UPPER(name) FROM whoami');
    await pause(300);
    expect(await readings()).toBe(before);
  });

  it('reads anew when there is another primary', async () => {
    const pool = await poolWith(SEEN);
    await ask(pool);
    await until(() => isRead(pool));
    await here.cluster.kill(here.primary);
    const promoted = await here.cluster.promote();
    await until(() => pool.cluster.status().primary === promoted.address);
    const before = await readings();
    await until(async () => (await ask(pool)) !== promoted.name);
    expect(await readings()).toBe(before + 1);
    expect(isRead(pool)).toBe(true);
    expect(pool.cluster.status().totals.misrouted).toBe(0);
  });
});

/** How often the primary was asked for a function's text. */
async function readings(): Promise<number> {
  const [row] = await here.cluster.query<RowDataPacket[]>(
    here.primary,
    "SHOW GLOBAL STATUS LIKE 'Com_show_create_func'",
  );
  return Number(row?.Value);
}
