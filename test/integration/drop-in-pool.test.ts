import type * as driver from 'mysql2';
import * as promiseDriver from 'mysql2/promise';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as ours from '../../src/index.js';
import * as oursPromise from '../../src/promise.js';
import { failureOf, lab, nameOf, rowsOf, TEST_MS, until } from './support/lab.js';

const here = lab({ replicas: 1 }, (made) => made.mark());

afterEach(() => here.endAll());

function promisePool(outer: object = {}): oursPromise.ClusteredPromisePool {
  return here.use(oursPromise.createPool(here.options({}, outer)), (pool) => pool.end());
}

async function promiseConnection(outer: object = {}): Promise<oursPromise.ClusteredPromiseConnection> {
  return here.use(await oursPromise.createConnection(here.options({}, outer)), (connection) => connection.end());
}

describe('options that say how rows are read and texts written', { timeout: TEST_MS }, () => {
  it.each([
    ['rowsAsArray', { rowsAsArray: true }, ([name]: string[]) => name],
    ['nestTables', { nestTables: true }, (row: { whoami: { name: string } }) => row.whoami.name],
    ['nestTables, a separator', { nestTables: '_' }, (row: { whoami_name: string }) => row.whoami_name],
    ['typeCast', { typeCast: (field: driver.TypeCastField) => `${field.string()}!` }, trimmed],
    ['typeCast: false', { typeCast: false }, (row: { name: Buffer }) => row.name.toString()],
    ['queryFormat', { queryFormat: (sql: string) => sql.replace('NAME', 'name') }, (row: { name: string }) => row.name],
  ])('%s is for the application, and the cluster is known all the same', async (_what, outer, nameIn) => {
    const pool = promisePool(outer);
    await pool.cluster.ready(10_000);
    const [rows] = await pool.query<driver.RowDataPacket[]>('SELECT name FROM whoami FOR UPDATE');
    expect(nameIn(rows[0] as never)).toBe(here.primary.name);
  });
});

function trimmed({ name }: { name: string }): string {
  return name.replace('!', '');
}

describe('options that are written to a pool that is open', { timeout: TEST_MS }, () => {
  interface Limited {
    readonly config: { connectionLimit: unknown };
  }

  it('connectionLimit 1: what follows is one session on one connection', async () => {
    const pool = here.use(ours.createPool(here.options()), (made) => made.promise().end());
    (pool as unknown as Limited).config.connectionLimit = 1;
    pool.query('CREATE TEMPORARY TABLE counted (n INT)');
    pool.query('INSERT INTO counted VALUES (1)');
    expect(await rowsOf(pool.promise(), 'SELECT n FROM counted')).toEqual([{ n: 1 }]);
    expect(opened(pool)).toEqual([1]);
  });

  it('connectionLimit: of connections that are taken, and of those to each server', async () => {
    const pool = here.use(ours.createPool(here.options({}, { connectionLimit: 1 })), (made) => made.promise().end());
    const asked = pool.promise();
    const limited = pool as unknown as Limited;
    await asked.query('DELETE FROM whoami WHERE name IS NULL');
    limited.config.connectionLimit = 2;
    expect(limited.config.connectionLimit).toBe(2);
    const taken = [await asked.getConnection(), await asked.getConnection()];
    await Promise.all(taken.map((connection) => connection.query('SELECT name FROM whoami FOR SHARE')));
    expect(opened(pool)).toEqual([2]);
    for (const connection of taken) connection.release();
  });

  it('a limit that is none is refused, and the one before stays', () => {
    const pool = here.use(ours.createPool(here.options()), (made) => made.promise().end());
    const { config } = pool as unknown as Limited;
    expect(() => {
      config.connectionLimit = 'many';
    }).toThrow(/connectionLimit/);
    expect(config.connectionLimit).toBe(10);
  });

  /** How many connections there are to the primary. */
  function opened({ cluster }: ours.ClusteredPool): unknown[] {
    const nodes = cluster.status().nodes.filter(({ role }) => role === 'primary');
    return nodes.map((node) => node.pool?.size);
  }
});

describe('promises', { timeout: TEST_MS }, () => {
  class Own<T> extends Promise<T> {}

  it("are of the application's class, of pools and connections, with `cluster` and without", async () => {
    const { host, port } = here.primary;
    const { user, password, database } = here.cluster;
    for (const options of [here.options(), { host, port, user, password, database }]) {
      const pool = oursPromise.createPool({ ...options, Promise: Own } as never);
      await kept(pool.query('SELECT 1'));
      await kept(pool.execute('SELECT 1'));
      const connection = await kept(pool.getConnection());
      await kept(connection.query('SELECT 1'));
      connection.release();
      await kept(pool.end());
      const alone = await kept(oursPromise.createConnection({ ...options, Promise: Own } as never));
      await kept(alone.execute('SELECT 1'));
      await kept(alone.end());
    }
  });

  function kept<T>(promise: Promise<T>): Promise<T> {
    expect(promise).toBeInstanceOf(Own);
    return promise;
  }

  it('createConnection without `cluster` throws at once what mysql2 throws at once', () => {
    expect(() => oursPromise.createConnection({ ssl: true } as never)).toThrow(TypeError);
  });

  it('a created connection that dies while idle has a listener of its own, as that of mysql2', async () => {
    const { connection } = (await promiseConnection()) as unknown as { connection: ours.Connection };
    expect(connection.listenerCount('error')).toBe(1);
    expect(connection.listenerCount('connect')).toBe(0);
  });
});

describe('stacks', { timeout: TEST_MS }, () => {
  async function callerOf(task: () => Promise<unknown>): Promise<string> {
    return (await failureOf(task())).stack ?? '';
  }

  it('a connection that cannot be made shows who asked for it, also to who does not await', async () => {
    const options = { cluster: { nodes: ['127.0.0.1:1'] } };
    const stack = await new Promise<string>((resolve) => {
      oursPromise.createConnection(options).catch((error: Error) => resolve(error.stack ?? ''));
    });
    expect(stack).toContain('ECONNREFUSED');
    expect(stack).toContain('drop-in-pool.test');
  });

  it('a prepared statement that fails shows its caller', async () => {
    const connection = await promiseConnection();
    const statement = await connection.prepare('SELECT ? AS a');
    const stack = await callerOf(async () => await statement.execute([]));
    expect(stack).toContain('drop-in-pool.test');
  });

  it("begins with the caller's frame, as mysql2's do, with `cluster` and without", async () => {
    const { host, port } = here.primary;
    const { user, password, database } = here.cluster;
    const plain = { host, port, user, password, database };
    const nowhere = { ...plain, port: 1 };
    for (const connection of [await promiseConnection(), here.use(await promiseDriver.createConnection(plain), ended)])
      expect(await firstFrame(() => connection.query('bad'))).toContain('drop-in-pool.test');
    for (const make of [
      () => promiseDriver.createConnection(nowhere),
      () => oursPromise.createConnection(nowhere),
      () => oursPromise.createConnection({ cluster: { nodes: ['127.0.0.1:1'] } }),
    ])
      expect(await firstFrame(make)).toContain('drop-in-pool.test');
  });

  function ended(connection: promiseDriver.Connection): Promise<void> {
    return connection.end();
  }

  async function firstFrame(task: () => Promise<unknown>): Promise<string | undefined> {
    const stack = await callerOf(async () => await task());
    return stack.split('\n').find((line) => /^\s+at .*:\d+:\d+\)?$/.test(line));
  }

  it('with trace: false all stacks are left alone, with trace: true they are those of the call', async () => {
    for (const trace of [true, false]) {
      const pool = promisePool({ trace });
      const connection = await promiseConnection({ trace });
      for (const task of [
        () => pool.query('SELECT nothing FROM whoami'),
        () => connection.execute('SELECT nothing FROM whoami'),
        () => connection.prepare('SELECT nothing FROM whoami'),
      ]) {
        const stack = await new Promise<string>((resolve) => task().then(undefined, ({ stack }) => resolve(stack)));
        expect(stack.includes('drop-in-pool.test')).toBe(trace);
      }
      expect(await nameOf(pool)).not.toBe('');
    }
  });
});

describe('a pool of one connection is one session', { timeout: TEST_MS }, () => {
  it('for its own statements: temporary tables and variables stay, in order also when nobody waits', async () => {
    const pool = promisePool({ connectionLimit: 1 });
    const [, , [rows]] = await Promise.all([
      pool.query('CREATE TEMPORARY TABLE basket (n INT)'),
      pool.query('INSERT INTO basket VALUES (7)'),
      pool.query<driver.RowDataPacket[]>('SELECT n FROM basket'),
    ]);
    expect(rows).toEqual([{ n: 7 }]);
    await pool.query("SET @who = 'ada', time_zone = '+05:00'");
    expect(await rowsOf(pool, 'SELECT @who AS who, @@time_zone AS zone, n FROM basket')).toEqual([
      { who: 'ada', zone: '+05:00', n: 7 },
    ]);
  });

  it('for who takes the connection after another, or after the pool, until it is lost', async () => {
    const pool = promisePool({ connectionLimit: 1 });
    await pool.query("SET @who = 'ada'");
    const first = await pool.getConnection();
    expect(await rowsOf(first, 'SELECT @who AS who')).toEqual([{ who: 'ada' }]);
    await first.query('CREATE TEMPORARY TABLE basket (n INT)');
    const { threadId } = first;
    first.release();
    await here.cluster.query(here.primary, `KILL ${threadId}`);
    // A statement that is sent before the loss is known fails with it.
    const who = (): Promise<unknown> => rowsOf(pool, 'SELECT @who AS who').then(([row]) => row?.who, String);
    await until(async () => (await who()) === null);
    const second = await pool.getConnection();
    expect(second.threadId).not.toBe(threadId);
    expect((await failureOf(second.query('SELECT n FROM basket'))).errno).toBe(1146);
    second.release();
  });

  it('a transaction does not outlive its user, and nothing does with resetOnRelease', async () => {
    const pool = promisePool({ connectionLimit: 1 });
    const first = await pool.getConnection();
    await first.query('SET @who = 1');
    await first.beginTransaction();
    first.release();
    const second = await pool.getConnection();
    expect(await rowsOf(second, 'SELECT @who AS who')).toEqual([{ who: null }]);
    second.release();
    const resetting = promisePool({ connectionLimit: 1, resetOnRelease: true });
    const third = await resetting.getConnection();
    const [fresh] = await rowsOf(third, 'SELECT @@time_zone AS zone');
    await third.query("SET time_zone = '+05:00', @who = 1");
    third.release();
    const fourth = await resetting.getConnection();
    expect(await rowsOf(fourth, 'SELECT @@time_zone AS zone, @who AS who')).toEqual([{ ...fresh, who: null }]);
    fourth.release();
  });

  it('what was made on a replica does not stay: writes would be refused ever after', async () => {
    const pool = promisePool({ connectionLimit: 1 });
    await pool.cluster.ready(10_000);
    const first = await pool.getConnection();
    await first.query('START TRANSACTION READ ONLY');
    await first.query('SET @who = 1');
    await first.query('COMMIT');
    first.release();
    await pool.query("INSERT INTO whoami SELECT 'x' FROM whoami WHERE name IS NULL");
  });

  it('plain reads go on being spread while nothing was left behind', async () => {
    const pool = promisePool({ connectionLimit: 1, multipleStatements: true });
    await pool.cluster.ready(10_000);
    await pool.query('INSERT INTO whoami SELECT name FROM whoami WHERE name IS NULL');
    await until(async () => (await nameOf(pool)) === here.replica(0).name);
  });
});

describe('pooled connections', { timeout: TEST_MS }, () => {
  it("have one listener of 'error' of their own, as mysql2's", async () => {
    const pool = promisePool();
    const { connection } = (await pool.getConnection()) as unknown as { connection: ours.ClusteredPoolConnection };
    expect(connection.listenerCount('error')).toBe(1);
    connection.release();
  });

  it('that are destroyed after they were given back are not handed out again', async () => {
    const pool = promisePool({ connectionLimit: 1 });
    const first = await pool.getConnection();
    await first.query('SELECT 1');
    first.release();
    first.destroy();
    expect(await rowsOf(await pool.getConnection(), 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
  });

  it('who waits for one when the pool ends is told by itself: what a callback throws keeps nobody else waiting', async () => {
    const pool = here.use(ours.createPool(here.options({}, { connectionLimit: 1 })), (made) => made.promise().end());
    await new Promise((resolve) => pool.getConnection(resolve));
    const caught = vi.fn();
    process.setUncaughtExceptionCaptureCallback(caught);
    try {
      pool.getConnection(() => {
        throw new Error('of the application');
      });
      const told = new Promise((resolve) => pool.getConnection((error) => resolve(error?.code)));
      const ended = new Promise((resolve) => pool.end(resolve));
      expect(await Promise.all([told, ended])).toEqual(['CLUSTER_CLOSED', null]);
    } finally {
      process.setUncaughtExceptionCaptureCallback(null);
    }
    expect(caught).toHaveBeenCalledOnce();
  });

  it('an account of changeUser() is theirs until they are given back, also over reset()', async () => {
    const { user, password } = here.cluster.credentials.plain;
    const account = async (on: { query: promiseDriver.Pool['query'] }): Promise<unknown> =>
      (await rowsOf(on, "SELECT SUBSTRING_INDEX(CURRENT_USER(), '@', 1) AS u"))[0]?.u;
    const pool = promisePool({ connectionLimit: 1 });
    const first = await pool.getConnection();
    const [, , during] = await Promise.all([first.changeUser({ user, password }), first.reset(), account(first)]);
    expect(during).toBe(user);
    first.release();
    const second = await pool.getConnection();
    await second.reset();
    expect(await account(second)).toBe(here.cluster.user);
    const [refused, queued] = await Promise.all([
      failureOf(second.changeUser({ user, password: 'wrong' })),
      failureOf(account(second)),
    ]);
    expect([refused.code, queued.code]).toEqual(['ER_ACCESS_DENIED_ERROR', 'ER_ACCESS_DENIED_ERROR']);
    second.release();
    expect(await account(await pool.getConnection())).toBe(here.cluster.user);
  });

  it('whose server connection died in the pool come with a live one', async () => {
    const pool = promisePool();
    const first = await pool.getConnection();
    await first.query('SELECT name FROM whoami FOR UPDATE');
    const { threadId } = first;
    first.release();
    await here.cluster.query(here.primary, `KILL ${threadId}`);
    await until(async () => {
      const next = await pool.getConnection();
      next.release();
      return next.threadId !== threadId;
    });
  });
});

describe('what users listen to', { timeout: TEST_MS }, () => {
  it("a pool's own statements are told of by 'acquire' and 'release', with the server's connection", async () => {
    const pool = here.use(ours.createPool(here.options()), (made) => made.promise().end());
    const seen: string[] = [];
    const ids = new Set<unknown>();
    for (const event of ['acquire', 'release'] as const)
      pool.on(event, ({ threadId }) => {
        seen.push(event);
        ids.add(threadId);
      });
    const [[row]] = await pool.promise().query<driver.RowDataPacket[]>('SELECT CONNECTION_ID() AS id');
    expect(seen).toEqual(['acquire', 'release']);
    expect([...ids]).toEqual([row?.id]);
  });

  it("what listeners of 'acquire' and 'release' throw keeps no statement from its answer, and no pool from its end", async () => {
    const pool = here.use(ours.createPool(here.options()), (made) => made.promise().end());
    const caught = vi.fn();
    process.setUncaughtExceptionCaptureCallback(caught);
    try {
      for (const event of ['acquire', 'release'] as const)
        pool.on(event, () => {
          throw new Error(event);
        });
      expect(await rowsOf(pool.promise(), 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
      const connection = await pool.promise().getConnection();
      expect(await rowsOf(connection, 'SELECT 2 AS n')).toEqual([{ n: 2 }]);
      connection.release();
      await pool.promise().end();
      await until(() => caught.mock.calls.length === 4);
    } finally {
      process.setUncaughtExceptionCaptureCallback(null);
    }
    expect(caught.mock.calls.map(([error]) => error.message)).toEqual(['acquire', 'release', 'acquire', 'release']);
  });

  it("a closed connection has emitted 'end', end() gives nothing, and statements fail in mysql2's words", async () => {
    const connection = ours.createConnection(here.options());
    let ended = 0;
    connection.on('end', () => {
      ended++;
    });
    await connection.promise().query('SELECT 1');
    expect(await new Promise((resolve) => connection.end((...given) => resolve(given)))).toEqual([]);
    expect(ended).toBe(1);
    const error = await failureOf(connection.promise().query('SELECT 1'));
    expect(error).toMatchObject({ message: expect.stringMatching(/in closed state$/), fatal: true });
  });

  it('close() says nothing to what runs on a connection and waits there, and ends the statement on its server', async () => {
    const connection = ours.createConnection(here.options()) as ours.ClusteredConnection & { close(): void };
    await connection.promise().query('SELECT 1');
    const told: unknown[] = [];
    connection.query('SELECT SLEEP(30) FROM whoami FOR UPDATE', (...answer: unknown[]) => told.push(answer));
    connection.query('SELECT 1', (...answer: unknown[]) => told.push(answer));
    const running = "SELECT 1 FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(30)%'";
    await until(async () => (await here.cluster.query(here.primary, running)).length === 1);
    connection.close();
    await until(async () => (await here.cluster.query(here.primary, running)).length === 0);
    expect(told).toEqual([]);
    const late = await new Promise<Error | null>((resolve) => connection.query('SELECT 1', resolve));
    expect(late?.message).toMatch(/in closed state$/);
  });

  it('close() of a promise connection settles its promises all the same', async () => {
    const connection = await oursPromise.createConnection(here.options());
    const failed = failureOf(connection.query('SELECT SLEEP(30) FROM whoami FOR UPDATE'));
    (connection as unknown as { close(): void }).close();
    expect((await failed).message).toMatch(/in closed state$/);
  });

  it('an option that mysql2 does not know is warned of once, not for every connection', async () => {
    const told = vi.spyOn(console, 'error').mockReturnValue(undefined);
    here.use(told, (spy) => spy.mockRestore());
    const pool = promisePool({ nonsense: 1 });
    await pool.query('SELECT 1');
    await pool.query('SELECT name FROM whoami FOR UPDATE');
    expect(told.mock.calls.map(([text]) => String(text))).toEqual([expect.stringContaining('nonsense')]);
  });
});

describe('statements', { timeout: TEST_MS }, () => {
  it('KILL and what waits for its effect, in one text: on the server of the victim', async () => {
    const pool = promisePool({ multipleStatements: true });
    const victim = await pool.getConnection();
    await victim.query('SELECT name FROM whoami FOR UPDATE');
    const { threadId } = victim;
    const [results] = await pool.query<driver.RowDataPacket[][]>('kill ?; select sleep(0.05) as slept', [threadId]);
    expect(results[1]).toEqual([{ slept: 0 }]);
    const sql = 'SELECT id FROM information_schema.processlist WHERE id = ?';
    expect(await here.cluster.query(here.primary, sql, [threadId])).toEqual([]);
    victim.release();
    for (const rest of ['SELECT name FROM whoami', 'DELETE FROM whoami', 'SET @a = 1']) {
      const error = await failureOf(pool.query(`KILL 1; ${rest}`));
      expect(error.message).toMatch(/cannot be read from the text/);
    }
  });

  it('what only sleeps is found where SHOW PROCESSLIST looks; elsewhere when asked for', async () => {
    const pool = promisePool();
    await until(async () => (await nameOf(pool)) !== here.primary.name);
    const found = async (sql: string): Promise<boolean> => {
      const [rows] = await pool.query<driver.RowDataPacket[]>('SHOW FULL PROCESSLIST');
      return rows.some(({ Info }) => Info === sql);
    };
    const sql = 'SELECT SLEEP(1) -- looked for';
    const sleeping = pool.query(sql);
    await until(() => found(sql));
    await sleeping;
    const asked = { sql: 'SELECT SLEEP(0.01)', cluster: { route: 'replica' } } as const;
    expect(pool.cluster.explain(asked.sql, undefined, asked.cluster).node).toBe(here.cluster.replicas[0]?.address);
    await pool.query(asked);
  });

  it('LOAD DATA whose file is not given fails as with mysql2, and the connection goes on', async () => {
    await here.asRoot(here.primary, ['SET GLOBAL local_infile = 1']);
    const pool = promisePool();
    const { connection } = (await pool.getConnection()) as unknown as { connection: ours.ClusteredPoolConnection };
    const asked = connection.promise();
    await asked.query('CREATE TEMPORARY TABLE loaded (n INT)');
    const [error, result] = await new Promise<unknown[]>((resolve) =>
      connection.query("LOAD DATA LOCAL INFILE '/nowhere.csv' INTO TABLE loaded", (...answer) => resolve(answer)),
    );
    expect((error as Error).message).toMatch(/must provide streamFactory option/);
    expect((result as driver.ResultSetHeader).affectedRows).toBe(0);
    await asked.query('INSERT INTO loaded VALUES (1)');
    expect(await rowsOf(asked, 'SELECT n FROM loaded')).toEqual([{ n: 1 }]);
    connection.release();
  });

  it("'connect' brings the server's greeting", async () => {
    const connection = here.use(ours.createConnection(here.options()), (made) => made.end());
    const [greeting] = await new Promise<unknown[]>((resolve) =>
      connection.once('connect', (...args) => resolve(args)),
    );
    expect(greeting).toMatchObject({
      serverVersion: expect.stringMatching(/^\d+\./),
      connectionId: connection.threadId,
    });
  });
});
