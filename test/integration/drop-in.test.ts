import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql as drizzleSql, eq } from 'drizzle-orm';
import { int, mysqlTable, varchar } from 'drizzle-orm/mysql-core';
import { drizzle } from 'drizzle-orm/mysql2';
import { build } from 'esbuild';
import { type Generated, Kysely, MysqlDialect } from 'kysely';
import * as driver from 'mysql2';
import * as promiseDriver from 'mysql2/promise';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as ours from '../../src/index.js';
import * as oursPromise from '../../src/promise.js';
import { failureOf, lab, nameOf, pause, TEST_MS, until } from './support/lab.js';

const here = lab({ semiSync: true }, async (made) => {
  await made.mark();
  for (const sql of TABLES) await made.cluster.query(made.primary, sql);
  await made.cluster.waitForReplication();
});

const TABLES = [
  'CREATE TABLE shop.person (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50) NOT NULL UNIQUE, age INT)',
  'CREATE TABLE shop.child (id INT PRIMARY KEY, person INT, FOREIGN KEY (person) REFERENCES person (id))',
];

const replicas = (): string[] => here.cluster.replicas.map((node) => node.name).sort();

afterEach(async () => {
  await here.endAll();
  await here.cluster.query(here.primary, 'DELETE FROM shop.person');
});

/** Options of mysql2 itself for the primary. */
function plainOptions(): driver.PoolOptions {
  const { host, port } = here.primary;
  const { user, password, database } = here.cluster;
  return { host, port, user, password, database };
}

function callbackPool(outer: object = {}): ours.ClusteredPool {
  return here.use(ours.createPool(here.options({}, outer)), (pool) => new Promise((resolve) => pool.end(resolve)));
}

describe('without `cluster`', { timeout: TEST_MS }, () => {
  it("pools and connections are mysql2's own, of its own classes", async () => {
    const pool = here.use(ours.createPool(plainOptions()), (made) => made.promise().end());
    expect(pool.constructor).toBe((driver as unknown as { Pool: unknown }).Pool);
    const connection = here.use(ours.createConnection(plainOptions()), (made) => made.end());
    expect(connection).toBeInstanceOf(driver.Connection);
    const promisePool = here.use(oursPromise.createPool(plainOptions()), (made) => made.end());
    expect(promisePool.constructor.name).toBe('PromisePool');
    expect((await nameOf(promisePool)).length).toBeGreaterThan(0);
    const promiseConnection = here.use(await oursPromise.createConnection(plainOptions()), (made) => made.end());
    expect(promiseConnection).toBeInstanceOf(
      (promiseDriver as unknown as { PromiseConnection: new () => object }).PromiseConnection,
    );
  });

  it('a URI of one host too', async () => {
    const { host, port, user, password, database } = plainOptions();
    const pool = here.use(oursPromise.createPool(`mysql://${user}:${password}@${host}:${port}/${database}`), (made) =>
      made.end(),
    );
    expect(pool.cluster).toBeUndefined();
    expect(await nameOf(pool)).toBe(here.primary.name);
  });
});

describe('shapes', { timeout: TEST_MS }, () => {
  it('query() of a callback pool gives an emitter synchronously; nothing here looks like a thenable or a tarn pool', () => {
    const pool = callbackPool();
    const query = pool.query('SELECT 1', () => undefined);
    expect(typeof query.on).toBe('function');
    expect(typeof (query as unknown as { stream: unknown }).stream).toBe('function');
    const loose = pool as unknown as Record<string, unknown>;
    expect([loose.pool, loose.acquire, loose.then]).toEqual([undefined, undefined, undefined]);
    expect(pool.constructor.name).not.toBe('Object');
    expect(typeof pool.promise().query).toBe('function');
    expect((pool.promise() as unknown as { pool: unknown }).pool).toBe(pool);
    expect(pool.config.connectionLimit).toBe(10);
  });

  it("results are mysql2's objects: ResultSetHeader by name, own fields, as of mysql2 itself", async () => {
    const pool = await here.pool();
    const plain = here.use(promiseDriver.createPool(plainOptions()), (made) => made.end());
    for (const sql of [
      "INSERT INTO person (name) VALUES ('a')",
      "UPDATE person SET age = 1 WHERE name = 'a'",
      "DELETE FROM person WHERE name = 'a'",
    ]) {
      const results = [];
      for (const on of [plain, pool]) {
        const [header] = await on.query<driver.ResultSetHeader>(sql);
        expect(header.constructor.name).toBe('ResultSetHeader');
        expect(Object.hasOwn(header, 'affectedRows')).toBe(true);
        const { affectedRows, changedRows, warningStatus, info } = header;
        results.push({ affectedRows, changedRows, warningStatus, info });
        if (sql.startsWith('INSERT') && on === plain) await here.cluster.query(here.primary, 'DELETE FROM shop.person');
        if (sql.startsWith('UPDATE') && on === plain)
          await here.cluster.query(here.primary, 'UPDATE shop.person SET age = NULL');
        if (sql.startsWith('DELETE') && on === plain)
          await here.cluster.query(here.primary, "INSERT INTO shop.person (name) VALUES ('a')");
      }
      expect(results[1]).toEqual(results[0]);
    }
  });

  it('rows and fields are those of mysql2', async () => {
    const pool = await here.pool();
    const plain = here.use(promiseDriver.createPool(plainOptions()), (made) => made.end());
    for (const run of ['query', 'execute'] as const) {
      const sql = "SELECT id, name, age, NOW() > '2000-01-01' AS late, 1.5 AS d FROM person";
      const [expected, expectedFields] = await plain[run as 'query'](sql);
      const [rows, fields] = await pool[run as 'query'](sql);
      expect(rows).toEqual(expected);
      const facts = (all: driver.FieldPacket[]): unknown =>
        all.map(({ name, type, table, orgTable }) => ({ name, type, table, orgTable }));
      expect(facts(fields)).toEqual(facts(expectedFields));
    }
  });
});

describe('errors', { timeout: TEST_MS }, () => {
  it.each([
    ['syntax', 'SELEC 1'],
    ['an unknown table', 'SELECT * FROM nothing'],
    ['an unknown table, on the primary', 'DELETE FROM nothing'],
    ['a duplicate', "INSERT INTO person (id, name) VALUES (1, 'a'), (2, 'a')"],
    ['a foreign key', 'INSERT INTO child VALUES (1, 99)'],
    ['a missing routine', 'CALL nothing()'],
    ['an unknown column', 'SELECT nothing FROM person'],
    ['a parameter too many', 'SELECT 1 FROM person WHERE id = ? AND age = 1 AND nothing = 2'],
  ])('%s: the fields of mysql2', async (_what, sql) => {
    const pool = await here.pool();
    const plain = here.use(promiseDriver.createPool(plainOptions()), (made) => made.end());
    for (const run of ['query', 'execute'] as const) {
      const expected = await failureOf(plain[run as 'query'](sql, [5]));
      const error = await failureOf(pool[run as 'query'](sql, [5]));
      expect({ ...error }).toEqual({ ...expected });
      expect({ name: error.name, message: error.message }).toEqual({ name: expected.name, message: expected.message });
      expect(Object.isExtensible(error)).toBe(true);
    }
  });

  it("the caller's line is in the stack of an awaited call, of pool and connection, query and execute", async () => {
    const pool = await here.pool();
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    for (const on of [pool, connection]) {
      for (const run of ['query', 'execute'] as const) {
        const error = await callerOf(() => on[run as 'query']('SELECT nothing FROM person'));
        expect(error.stack).toContain('Unknown column');
        expect(error.stack).toContain('callerOf');
        expect(error.stack).toContain('drop-in.test');
      }
    }
  });

  it('the same for the other calls of a connection', async () => {
    const pool = await here.pool();
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    await connection.query('CREATE TEMPORARY TABLE temp (id INT)');
    await here.cluster.query(here.primary, `KILL CONNECTION ${connection.threadId}`);
    await pause(200);
    for (const run of ['commit', 'beginTransaction', 'rollback', 'ping'] as const) {
      const error = await callerOf(() => connection[run]());
      expect(`${run}: ${error.stack}`).toContain('callerOf');
    }
  });

  it('a callback as second argument of a promise call is refused as by mysql2', async () => {
    const pool = await here.pool();
    const message = /Callback function is not available with promise clients/;
    const thrown = await Promise.resolve()
      .then(() => pool.query('SELECT 1', (() => undefined) as never))
      .catch((error: Error) => error);
    expect((thrown as Error).message).toMatch(message);
  });
});

describe('pool events', { timeout: TEST_MS }, () => {
  it('connection, acquire, release, enqueue, with mysql2 and with us in the same order', async () => {
    const options = { connectionLimit: 1 };
    const plain = here.use(driver.createPool({ ...plainOptions(), ...options }), (made) => made.promise().end());
    const seen = await Promise.all([plain, callbackPool(options)].map(eventsOf));
    expect(seen[0]).toEqual(expect.arrayContaining(['acquire', 'enqueue', 'release']));
    const logical = seen.map((events) => events.filter((event) => event !== 'connection'));
    expect(logical[1]).toEqual(logical[0]);
    expect(seen[1]?.indexOf('connection')).toBe(0);
  });

  it("what 'connection' listeners set is in force for all, on primary and replicas", async () => {
    const pool = callbackPool();
    pool.on('connection', (connection) => void connection.query("SET SESSION time_zone = '+05:00'"));
    const promised = pool.promise();
    for (const sql of [
      'SELECT HOUR(FROM_UNIXTIME(0)) AS h FROM whoami',
      'SELECT HOUR(FROM_UNIXTIME(0)) AS h FROM whoami FOR UPDATE',
    ]) {
      const [rows] = await promised.query<driver.RowDataPacket[]>(sql);
      expect(rows[0]?.h).toBe(5);
    }
  });

  it('what they set comes back after a session that had set something else', async () => {
    const pool = await here.pool({}, { connectionLimit: 2 });
    pool.on('connection', (connection) => connection.query("SET time_zone = '+03:00'"));
    const zone = async (): Promise<unknown> =>
      (await pool.query<driver.RowDataPacket[]>('SELECT @@time_zone AS zone'))[0][0]?.zone;
    const connection = await pool.getConnection();
    await connection.query("SET time_zone = '+05:00'");
    connection.release();
    expect(await zone()).toBe('+03:00');
  });

  it('promise() gives one pool over the same; events reach its listeners', async () => {
    const pool = callbackPool();
    const promised = pool.promise();
    let acquired = 0;
    promised.on('acquire', () => {
      acquired++;
    });
    const connection = await promised.getConnection();
    connection.release();
    expect(acquired).toBe(1);
    expect(await nameOf(promised)).toMatch(/^node-/);
  });
});

describe('connections', { timeout: TEST_MS }, () => {
  it.each(['pool', 'createConnection'])('the synchronous methods of a promise connection work (%s)', async (how) => {
    const pool = await here.pool();
    const connection =
      how === 'pool'
        ? here.use(await pool.getConnection(), (taken) => taken.release())
        : here.use(await oursPromise.createConnection(here.options()), (made) => made.end());
    expect(connection.escape("o'k")).toBe("'o\\'k'");
    expect(connection.escapeId('a`b')).toBe('`a``b`');
    expect(connection.format('SELECT ?', [1])).toBe('SELECT 1');
    await connection.execute('SELECT name FROM whoami WHERE name <> ?', ['x']);
    connection.unprepare('SELECT name FROM whoami WHERE name <> ?');
    connection.pause();
    connection.resume();
    expect(await nameOf(connection)).not.toBe('');
    expect(connection.config.user).toBe(here.cluster.user);
    expect(connection.threadId).toBeGreaterThan(0);
  });

  it('prepare(): a statement that runs more than once, and close()', async () => {
    const pool = await here.pool();
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    const statement = await connection.prepare('SELECT ? + 1 AS n');
    for (const n of [1, 2]) {
      const [rows] = await statement.execute([n]);
      expect((rows as driver.RowDataPacket[])[0]?.n).toBe(n + 1);
    }
    await statement.close();
  });

  it('config and threadId are those of the node in use', async () => {
    const pool = await here.pool();
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    await connection.query('SELECT name FROM whoami FOR UPDATE');
    expect(connection.config.port).toBe(here.primary.port);
    const rows = await here.cluster.query(here.primary, 'SELECT id FROM information_schema.processlist WHERE id = ?', [
      connection.threadId,
    ]);
    expect(rows).toHaveLength(1);
  });

  it.each([
    ['gives it back, with a warning', false],
    ['closes it with gracefulEnd', true],
  ])('end() of a connection of a pool %s', async (_what, gracefulEnd) => {
    const told = vi.spyOn(console, 'warn').mockReturnValue(undefined);
    here.use(told, (spy) => spy.mockRestore());
    const pool = await here.pool({}, { connectionLimit: 1, gracefulEnd });
    const first = await pool.getConnection();
    const warned = vi.fn();
    first.connection.on('warn', warned);
    await first.query('SELECT name FROM whoami FOR UPDATE');
    const { threadId } = first;
    await first.end();
    expect(warned).toHaveBeenCalledTimes(gracefulEnd ? 0 : 1);
    const second = here.use(await pool.getConnection(), (taken) => taken.release());
    await second.query('SELECT name FROM whoami FOR UPDATE');
    expect(second.threadId === threadId).toBe(!gracefulEnd);
    expect(told).toHaveBeenCalledTimes(gracefulEnd ? 0 : 1);
  });

  it('asyncDispose of connections and pools', async () => {
    const pool = callbackPool({ connectionLimit: 1 }).promise();
    for (let i = 0; i < 3; i++) {
      const connection = await pool.getConnection();
      await connection[Symbol.asyncDispose]();
    }
    const alone = await oursPromise.createConnection(here.options());
    await alone[Symbol.asyncDispose]();
    expect(await failureOf(alone.query('SELECT 1'))).toBeInstanceOf(Error);
    const whole = oursPromise.createPool(here.options());
    await whole[Symbol.asyncDispose]();
    expect((await failureOf(whole.query('SELECT 1'))).message).toBe('Pool is closed.');
  });
});

interface Tables {
  readonly person: { readonly id: Generated<number>; readonly name: string; readonly age: number | null };
  readonly whoami: { readonly name: string };
}

describe('ORMs through their own doors', { timeout: TEST_MS }, () => {
  it('Kysely: CRUD, a transaction, a rollback; reads on replicas', async () => {
    const db = here.use(
      new Kysely<Tables>({ dialect: new MysqlDialect({ pool: ours.createPool(here.options()) as never }) }),
      (made) => made.destroy(),
    );
    const { insertId } = await db.insertInto('person').values({ name: 'ada', age: 36 }).executeTakeFirstOrThrow();
    expect(await db.selectFrom('person').selectAll().execute()).toEqual([
      { id: Number(insertId), name: 'ada', age: 36 },
    ]);
    const updated = await db.updateTable('person').set({ age: 37 }).where('name', '=', 'ada').executeTakeFirst();
    expect(updated.numUpdatedRows).toBe(1n);
    await db.transaction().execute(async (trx) => {
      await trx.insertInto('person').values({ name: 'bob', age: 1 }).execute();
      expect(await trx.selectFrom('person').select('name').orderBy('id').execute()).toHaveLength(2);
    });
    const rolledBack = db.transaction().execute(async (trx) => {
      await trx.insertInto('person').values({ name: 'eve', age: 1 }).execute();
      throw new Error('no');
    });
    expect((await failureOf(rolledBack)).message).toBe('no');
    expect((await db.selectFrom('person').select('name').orderBy('id').execute()).map(({ name }) => name)).toEqual([
      'ada',
      'bob',
    ]);
    const deleted = await db.deleteFrom('person').where('name', '=', 'bob').executeTakeFirst();
    expect(deleted.numDeletedRows).toBe(1n);
    await until(async () =>
      replicas().includes((await db.selectFrom('whoami').select('name').executeTakeFirstOrThrow()).name),
    );
    const streamed: string[] = [];
    for await (const row of db.selectFrom('person').select('name').stream()) streamed.push(row.name);
    expect(streamed).toEqual(['ada']);
  });

  it('Drizzle: CRUD, a transaction, a rollback; by promise and by callback pool', async () => {
    const person = mysqlTable('person', {
      id: int('id').primaryKey().autoincrement(),
      name: varchar('name', { length: 50 }).notNull(),
      age: int('age'),
    });
    for (const client of [await here.pool(), callbackPool()]) {
      const db = drizzle(client as never);
      await db.delete(person);
      const [{ insertId }] = await db.insert(person).values({ name: 'ada', age: 36 });
      expect(await db.select().from(person)).toEqual([{ id: insertId, name: 'ada', age: 36 }]);
      await db.update(person).set({ age: 37 }).where(eq(person.id, insertId));
      await db.transaction(async (tx) => {
        await tx.insert(person).values({ name: 'bob' });
        expect(await tx.select().from(person)).toHaveLength(2);
      });
      const rolledBack = db.transaction(async (tx) => {
        await tx.insert(person).values({ name: 'eve' });
        tx.rollback();
      });
      expect((await failureOf(rolledBack)).message).toBe('Rollback');
      expect((await db.select({ name: person.name }).from(person)).map(({ name }) => name).sort()).toEqual([
        'ada',
        'bob',
      ]);
      const [rows] = await db.execute(drizzleSql`SELECT name FROM whoami`);
      expect((rows as unknown as { name: string }[])[0]?.name).toMatch(/^node-/);
    }
  });
});

describe('the program of examples/quick-start.ts', { timeout: TEST_MS }, () => {
  it('goes through a failover and a switchover: the import is all that was replaced', async () => {
    const { output, program, remove } = await startExample();
    here.use(remove, (end) => end());
    await until(() => visits(output()) >= 20);
    await here.cluster.kill(here.primary);
    await here.cluster.promote();
    const promoted = visits(output());
    await until(() => visits(output()) >= promoted + 20);
    await here.cluster.switchover();
    const switched = visits(output());
    await until(() => visits(output()) >= switched + 20);
    expect(await program).toBe(0);
    const lines = output().trim().split('\n');
    expect(lines).toHaveLength(ROUNDS + 1);
    expect(lines.at(-1)).toMatch(/^\d+ visits$/);
    // Each row was read back as it was written; at most the one in flight at the kill is of unknown outcome.
    const others = lines.slice(0, -1).filter((line) => !/^visit \d+ of round (\d+): \/page\/\1$/.test(line));
    expect(others.length).toBeLessThanOrEqual(1);
    for (const line of others) expect(line).toMatch(/: WRITE_OUTCOME_UNKNOWN$/);
  });
});

const ROUNDS = 4000;

function visits(text: string): number {
  return text.match(/^visit /gm)?.length ?? 0;
}

interface Example {
  readonly output: () => string;
  readonly program: Promise<number | null>;
  readonly remove: () => void;
}

// The example's `mysql2-cluster/promise` is this checkout's source, as it will be when it is built.
async function startExample(): Promise<Example> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'mysql2-cluster-example-'));
  const script = join(folder, 'quick-start.mjs');
  await build({
    entryPoints: [join(root, 'examples/quick-start.ts')],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    alias: { 'mysql2-cluster/promise': join(root, 'src/promise.ts') },
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  const env = { ...process.env, DATABASE_URL: here.cluster.uri, ROUNDS: String(ROUNDS) };
  const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const pipe of [child.stdout, child.stderr]) pipe.on('data', (chunk) => (text += String(chunk)));
  const program = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const remove = (): void => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  return { output: () => text, program, remove };
}

async function callerOf(task: () => Promise<unknown>): Promise<Error> {
  try {
    await task();
  } catch (error) {
    return error as Error;
  }
  throw new Error('should have failed');
}

// One waits while the only connection is out.
async function eventsOf(pool: driver.Pool): Promise<string[]> {
  const seen: string[] = [];
  for (const event of ['connection', 'acquire', 'release', 'enqueue'] as const)
    pool.on(event as 'release', () => seen.push(event));
  const take = (): Promise<driver.PoolConnection> =>
    new Promise((resolve, reject) =>
      pool.getConnection((error, connection) => (error ? reject(error) : resolve(connection))),
    );
  const first = await take();
  const second = take();
  await pause(50);
  first.release();
  (await second).release();
  await pause(50);
  return seen;
}
