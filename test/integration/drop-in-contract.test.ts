import { tracingChannel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { promisify } from 'node:util';
import knex from 'knex';
import Mysql2Client from 'knex/lib/dialects/mysql2/index.js';
import * as driver from 'mysql2';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as ours from '../../src/index.js';
import * as oursPromise from '../../src/promise.js';
import { failureOf, lab, pause, TEST_MS, until } from './support/lab.js';

const here = lab({ semiSync: true }, async (made) => {
  await made.mark();
  await made.cluster.query(made.primary, 'CREATE TABLE shop.t (id INT AUTO_INCREMENT PRIMARY KEY, v INT)');
  await made.cluster.waitForReplication();
});

afterEach(() => here.endAll());

function plainOptions(): driver.PoolOptions {
  const { host, port } = here.primary;
  const { user, password, database } = here.cluster;
  return { host, port, user, password, database };
}

interface Pair {
  readonly pool: driver.Pool;
  readonly connection: driver.Connection;
}

/** A pool and a connection of mysql2, and of ours: what is asked of both must give the same. */
function pairs(outer: object = {}): [mysql2: Pair, cluster: Pair] {
  const made = [
    [driver, { ...plainOptions(), ...outer }],
    [ours, here.options({}, outer)],
  ] as const;
  return made.map(([door, options]) => ({
    pool: here.use(door.createPool(options as never), (pool) => pool.promise().end()),
    connection: here.use(door.createConnection(options as never), (connection) => connection.promise().end()),
  })) as [Pair, Pair];
}

type Call = (...args: unknown[]) => unknown;

function answerOf(on: object, method: 'query' | 'execute', args: readonly unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const call = (on as Record<string, Call>)[method] as Call;
    call.call(on, ...args, (error: Error | null, result: unknown) => (error ? reject(error) : resolve(result)));
  });
}

describe('what the doors export', { timeout: TEST_MS }, () => {
  it('Connection is the class of what createConnection returns, in both doors, of mysql2 too', async () => {
    const callback = pairs()[1];
    const promised = here.use(await oursPromise.createConnection(here.options()), (made) => made.end());
    const taken = here.use(await promisify(callback.pool.getConnection).call(callback.pool), (made) => made?.release());
    for (const made of [callback.connection, taken, (promised as unknown as { connection: object }).connection]) {
      expect(made).toBeInstanceOf(ours.Connection);
      expect(made).toBeInstanceOf(driver.Connection);
    }
    for (const made of [promised, callback.connection.promise()]) {
      expect(made).toBeInstanceOf(oursPromise.PromiseConnection);
      expect(made).toBeInstanceOf(oursPromise.Connection);
    }
    expect(callback.pool).toBeInstanceOf(ours.Pool);
    expect(callback.pool.promise()).toBeInstanceOf(oursPromise.PromisePool);
  });

  it('the whole module can be merged deeply, as Knex does for each request', async () => {
    class ClusterClient extends Mysql2Client {
      override _driver(): unknown {
        return ours;
      }
    }
    const db = here.use(knex({ client: ClusterClient as never, connection: here.options() as never }), (made) =>
      made.destroy(),
    );
    const scoped = db.withUserParams({ tenant: 1 });
    expect((await scoped('whoami').first()).name).toMatch(/^node-/);
    expect(scoped.userParams).toEqual({ tenant: 1 });
  });
});

describe('calls', { timeout: TEST_MS }, () => {
  const typeCast = (field: { type: string; string(): string }, next: () => unknown) =>
    field.type === 'DATE' ? `on ${field.string()}` : next();
  const shapes: [string, readonly unknown[]][] = [
    ['a text', ['SELECT 1 AS n']],
    ['a text and values', ['SELECT ? AS n', [2]]],
    ['a text and undefined', ['SELECT 3 AS n', undefined]],
    ['a text and no values', ['SELECT 4 AS n', []]],
    ['options', [{ sql: 'SELECT 5 AS n' }]],
    ['options and values', [{ sql: 'SELECT ? AS n' }, [6]]],
    ['options with values', [{ sql: 'SELECT ? AS n', values: [7] }]],
    ['options with values, and values', [{ sql: 'SELECT ? AS n', values: [8] }, [9]]],
    ['options and undefined', [{ sql: 'SELECT 10 AS n' }, undefined]],
    ['named placeholders', [{ sql: 'SELECT :a AS n', namedPlaceholders: true }, { a: 11 }]],
    ['rowsAsArray', [{ sql: 'SELECT 1 AS n, 2 AS n', rowsAsArray: true }]],
    ['nestTables', [{ sql: 'SELECT name FROM whoami LIMIT 0', nestTables: true }]],
    ['typeCast', [{ sql: "SELECT DATE '2020-01-02' AS d, 1 AS n", typeCast }]],
  ];

  it.each(shapes)('%s: the same rows, of pool and connection, query and execute', async (_what, args) => {
    const [mysql2, cluster] = pairs();
    for (const on of ['pool', 'connection'] as const)
      for (const method of ['query', 'execute'] as const)
        expect(await answerOf(cluster[on], method, args)).toEqual(await answerOf(mysql2[on], method, args));
  });

  it('what they return is an emitter at once, with callbacks and without', async () => {
    const { pool, connection } = pairs()[1];
    for (const on of [pool, connection]) {
      const query = on.query('SELECT 1');
      // Sequelize sets it on both.
      for (const command of [query, on.execute('SELECT 1', () => undefined)] as unknown as NodeJS.EventEmitter[])
        expect(command.setMaxListeners(100)).toBe(command);
      await once(query, 'end');
      const rows: unknown[] = [];
      for await (const row of on.query('SELECT 1 AS n UNION SELECT 2').stream({ objectMode: true, highWaterMark: 1 }))
        rows.push(row);
      expect(rows).toEqual([{ n: 1 }, { n: 2 }]);
    }
    const loose = pool.execute('SELECT 1 AS n') as unknown as NodeJS.EventEmitter;
    expect((await once(loose, 'result'))[0]).toEqual({ n: 1 });
  });

  it('a promise is a native one, a third argument is ignored, a callback as the second is refused', async () => {
    const pool = await here.pool();
    const called = vi.fn();
    for (const method of ['query', 'execute'] as const) {
      const call = pool[method] as unknown as (...args: unknown[]) => Promise<unknown[]>;
      const result = call.call(pool, 'SELECT ? AS n', [1], called);
      expect(result).toBeInstanceOf(Promise);
      expect((await result)[0]).toEqual([{ n: 1 }]);
      expect(() => call.call(pool, 'SELECT 1', called)).toThrow(/not available with promise clients/);
    }
    expect(called).not.toHaveBeenCalled();
    expect('getConnection' in pool).toBe(true);
    const taken = here.use(await pool.getConnection(), (made) => made.release());
    expect('getConnection' in taken).toBe(false);
  });
});

describe('objects', { timeout: TEST_MS }, () => {
  it('a connection of a pool keeps its identity and what was hung on it; release() twice is once', async () => {
    const { pool } = pairs({ connectionLimit: 1 })[1];
    const take = () => promisify(pool.getConnection).call(pool) as Promise<driver.PoolConnection>;
    const first = await take();
    Object.assign(first, { __knexUid: 'x' });
    first.release();
    first.release();
    const second = await take();
    expect(second).toBe(first);
    expect(second).toMatchObject({ __knexUid: 'x' });
    second.destroy();
    second.release();
    const third = await take();
    expect(third).not.toBe(first);
    third.release();
  });

  it('nothing is a thenable, so that all can be returned from async functions', async () => {
    const { pool, connection } = pairs()[1];
    const promised = pool.promise();
    const taken = here.use(await promised.getConnection(), (made) => made.release());
    for (const made of [pool, connection, promised, taken]) expect((made as { then?: unknown }).then).toBeUndefined();
  });

  it('a configuration can be written as JSON, changed, spread, and hides its password when told to', async () => {
    const { connection } = pairs()[1];
    await answerOf(connection, 'query', ['SELECT name FROM whoami FOR UPDATE']);
    const { config } = connection;
    Object.defineProperty(config, 'password', { enumerable: false });
    expect(JSON.stringify(config)).not.toContain(here.cluster.password);
    expect({ ...config }).toMatchObject({ host: here.primary.host, port: here.primary.port, user: here.cluster.user });
    expect({ ...config }).not.toHaveProperty('password');
    expect(config.password).toBe(here.cluster.password);
  });

  it('a password that is written to the configuration of a pool is that of its next connections', async () => {
    const { root } = here.cluster.credentials;
    for (const sql of ["CREATE USER later IDENTIFIED BY 'first'", 'GRANT ALL ON shop.* TO later'])
      await here.cluster.query(here.primary, sql);
    await here.cluster.waitForReplication();
    const options = here.options({ monitor: root }, { user: 'later', password: 'first' });
    const pool = here.use(ours.createPool(options), (made) => made.promise().end());
    const read = 'SELECT SLEEP(0.05) AS s FROM whoami';
    expect(await answerOf(pool, 'query', [read])).toHaveLength(1);
    const taken = (await promisify(pool.getConnection).call(pool)) as driver.PoolConnection;
    Object.assign(taken.config, { password: 'of this copy alone' });
    taken.release();
    await here.cluster.query(here.primary, "ALTER USER later IDENTIFIED BY 'second'");
    await here.cluster.waitForReplication();
    (pool.config as unknown as { connectionConfig: { password: string } }).connectionConfig.password = 'second';
    // More at a time than there are connections that were made with the first.
    await Promise.all(Array.from({ length: 8 }, () => answerOf(pool, 'query', [read])));
  });

  it('and that of the monitors, whichever of the pools that share them it is written to', async () => {
    const grants = 'GRANT REPLICATION CLIENT, REPLICATION SLAVE ON *.* TO rotated';
    for (const sql of ["CREATE USER rotated IDENTIFIED BY 'first'", 'GRANT ALL ON shop.* TO rotated', grants])
      await here.cluster.query(here.primary, sql);
    await here.cluster.waitForReplication();
    const options = here.options({}, { user: 'rotated', password: 'first' });
    const [, second] = [0, 1].map(() => here.use(ours.createPool(options), (made) => made.promise().end()));
    const pool = second as ours.ClusteredPool;
    const allAnswer = () =>
      pool.cluster.status().nodes.every(({ health, lag }) => health === 'up' && (lag?.high ?? 0) < 1000);
    await until(() => pool.cluster.status().nodes.length === 3 && allAnswer());
    await here.cluster.query(here.primary, "ALTER USER rotated IDENTIFIED BY 'second'");
    await here.cluster.waitForReplication();
    (pool.config as unknown as { connectionConfig: { password: string } }).connectionConfig.password = 'second';
    const sql = "SELECT ID AS id FROM performance_schema.processlist WHERE USER = 'rotated'";
    for (const node of here.cluster.nodes) {
      for (const { id } of await here.cluster.query(node, sql)) await here.cluster.query(node, `KILL ${id}`);
    }
    await pause(1500);
    await until(allAnswer);
    expect(pool.cluster.status().unreachable).toEqual({});
  });

  it('listeners of others may all be removed, and those of the ORM are not multiplied', async () => {
    const { pool, connection } = pairs({ connectionLimit: 1 })[1];
    connection.removeAllListeners();
    expect(await answerOf(connection, 'query', ['SELECT 1 AS n'])).toEqual([{ n: 1 }]);
    for (let i = 0; i < 3; i++) {
      const taken = (await promisify(pool.getConnection).call(pool)) as driver.PoolConnection;
      if (taken.listeners('error').length === 0) taken.on('error', () => undefined);
      expect(taken.listeners('error')).toHaveLength(1);
      taken.release();
    }
    await new Promise<void>((resolve) => connection.end(() => resolve()));
    connection.removeAllListeners();
    expect((connection as unknown as { stream: { destroyed: boolean } }).stream.destroyed).toBe(true);
  });

  it('that are dead have no socket to look alive by', async () => {
    const { connection } = pairs()[1];
    connection.on('error', () => undefined);
    await answerOf(connection, 'query', ['START TRANSACTION']);
    await answerOf(connection, 'query', ['SELECT 1 FROM t FOR UPDATE']);
    await here.cluster.query(here.primary, `KILL ${connection.threadId}`);
    const watched = connection as unknown as { stream: { destroyed: boolean } };
    await until(() => watched.stream.destroyed);
  });
});

describe('options', { timeout: TEST_MS }, () => {
  it('that are unset, or other drivers’, or a cluster’s, bring no warning', async () => {
    const told = ['error', 'warn'].map((name) => vi.spyOn(console, name as 'warn').mockReturnValue(undefined));
    here.use(told, (spies) => spies.map((spy) => spy.mockRestore()));
    const unset = ['charset', 'timezone', 'connectTimeout', 'insecureAuth', 'supportBigNumbers', 'bigNumberStrings'];
    const more = ['dateStrings', 'debug', 'trace', 'multipleStatements', 'ssl', 'socketPath', 'stringifyObjects'];
    const outer = Object.fromEntries(
      [...unset, ...more, 'connectionLimit', 'queueLimit'].map((name) => [name, undefined]),
    );
    const options = here.options({ maxLagMs: 5000 }, { ...outer, flags: '-FOUND_ROWS' } as never);
    const pool = here.use(ours.createPool(options), (made) => made.promise().end());
    const connection = here.use(ours.createConnection(options), (made) => made.promise().end());
    for (const on of [pool, connection])
      for (const sql of ['SELECT name FROM whoami', 'SELECT name FROM whoami FOR UPDATE'])
        expect(await answerOf(on, 'query', [sql])).toHaveLength(1);
    for (const spy of told) expect(spy.mock.calls).toEqual([]);
  });
});

describe('schemas', { timeout: TEST_MS }, () => {
  const calm = { maxLagMs: 60_000 };

  // What a program makes at its start, and then connects to.
  it('that replicas do not have yet: pools, connections, USE and reads work', async () => {
    const { root } = here.cluster.credentials;
    const outer = { ...root, database: undefined } as never;
    const before = here.use(oursPromise.createPool(here.options(calm, outer)), (made) => made.end());
    await before.cluster.ready();
    await until(() => before.cluster.status().nodes.filter(({ role }) => role === 'replica').length === 2);
    const session = here.use(await before.getConnection(), (taken) => taken.release());
    const behind = here.cluster.replicas;
    for (const node of behind) await here.cluster.stopReplication(node, 'sql');
    try {
      await here.cluster.query(here.primary, 'CREATE DATABASE fresh');
      await here.cluster.query(here.primary, 'CREATE TABLE fresh.t AS SELECT 7 AS v');
      await session.query('USE fresh');
      const after = here.use(oursPromise.createPool(here.options(calm, { ...root, database: 'fresh' })), (m) =>
        m.end(),
      );
      const alone = here.use(
        await oursPromise.createConnection(here.options(calm, { ...root, database: 'fresh' })),
        (made) => made.end(),
      );
      for (const on of [session, after, alone])
        for (const method of ['query', 'execute'] as const)
          expect((await on[method as 'query']('SELECT v FROM t'))[0]).toEqual([{ v: 7 }]);
      expect((await before.query('SELECT v FROM fresh.t'))[0]).toEqual([{ v: 7 }]);
      expect((await failureOf(after.query('SELECT v FROM nothing'))).code).toBe('ER_NO_SUCH_TABLE');
    } finally {
      for (const node of behind) await here.cluster.startReplication(node);
      await here.cluster.query(here.primary, 'DROP DATABASE IF EXISTS fresh');
    }
  });

  it('are created, used, dropped and created again by one connection', async () => {
    const { root } = here.cluster.credentials;
    const made = here.use(
      await oursPromise.createConnection(here.options(calm, { ...root, database: undefined } as never)),
      (connection) => connection.end(),
    );
    for (let round = 0; round < 3; round++) {
      for (const sql of ['CREATE DATABASE again', 'USE again', 'CREATE TABLE t (v INT)', 'INSERT INTO t VALUES (1)'])
        await made.query(sql);
      expect((await made.query('SELECT v, DATABASE() AS d FROM t'))[0]).toEqual([{ v: 1, d: 'again' }]);
      await made.query('DROP DATABASE again');
      expect((await made.query('SELECT DATABASE() AS d'))[0]).toEqual([{ d: null }]);
    }
  });
});

describe("mysql2's tracing channels", { timeout: TEST_MS }, () => {
  it('tell of the statements, with the server that ran them, and of connections', async () => {
    const seen: string[] = [];
    for (const name of ['query', 'execute', 'connect', 'pool:connect']) {
      const channel = tracingChannel<string, { query?: string; serverPort?: number }>(`mysql2:${name}`);
      const subscribers = {
        start: () => undefined,
        end: () => undefined,
        asyncStart: () => undefined,
        asyncEnd: ({ query = '', serverPort }: { query?: string; serverPort?: number }) => {
          if (!query.startsWith('S') || query.includes('whoami')) seen.push(`${name} ${query} ${serverPort}`);
        },
        error: () => undefined,
      };
      channel.subscribe(subscribers);
      here.use(channel, (opened) => opened.unsubscribe(subscribers));
    }
    const pool = await here.pool({}, { connectionLimit: 1 });
    const { address, port } = here.replica(0);
    const sql = 'SELECT name FROM whoami';
    await pool.query({ sql, cluster: { node: address } });
    await pool.execute({ sql: `${sql} FOR UPDATE` });
    const taken = await pool.getConnection();
    taken.release();
    const answers = seen.filter((line) => !line.startsWith('connect'));
    expect(answers).toEqual([
      `pool:connect  ${port}`,
      `query ${sql} ${port}`,
      `pool:connect  ${here.primary.port}`,
      `execute ${sql} FOR UPDATE ${here.primary.port}`,
      `pool:connect  ${here.primary.port}`,
    ]);
    expect(seen).toContain(`connect  ${port}`);
  });

  it('tell the end of a search that found no connection, of a stream too', async () => {
    const ended: string[] = [];
    const channel = tracingChannel<string, { error?: Error }>('mysql2:pool:connect');
    const subscribers = {
      start: () => undefined,
      end: () => undefined,
      asyncStart: () => undefined,
      asyncEnd: ({ error }: { error?: Error }) => ended.push(String(error?.message)),
      error: () => undefined,
    };
    channel.subscribe(subscribers);
    here.use(channel, (opened) => opened.unsubscribe(subscribers));
    const { pool } = await here.pool();
    const sql = { sql: 'SELECT name FROM whoami', cluster: { node: 'nowhere:3306' } };
    const told = new Promise<Error>((resolve) => pool.query(sql).on('error', resolve));
    expect((await told).message).toContain('nowhere:3306');
    expect(ended).toEqual([(await told).message]);
  });
});
