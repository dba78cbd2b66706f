import { promisify } from 'node:util';
import * as driver from 'mysql2';
import { afterEach, describe, expect, it } from 'vitest';
import * as ours from '../../src/index.js';
import { failureOf, lab, TEST_MS } from './support/lab.js';

const here = lab({ replicas: 1 }, async (made) => {
  await made.mark();
});

afterEach(() => here.endAll());

const MISSING_PORT = 1;

function plainOptions(): driver.PoolOptions {
  const { host, port } = here.primary;
  const { user, password, database } = here.cluster;
  return { host, port, user, password, database };
}

type Door = Pick<typeof driver, 'createPool' | 'createPoolCluster'>;

/** Each with mysql2's door and ours: what programs look at must be alike. */
const doors: [string, Door, () => driver.PoolOptions][] = [
  ['mysql2', driver, plainOptions],
  ['mysql2-cluster', ours as unknown as Door, () => here.options() as driver.PoolOptions],
];

function poolOf(door: Door, options: driver.PoolOptions): driver.Pool {
  return here.use(door.createPool({ ...options, connectionLimit: 2 }), (pool) => pool.end());
}

const take = (pool: driver.Pool): Promise<driver.PoolConnection> => promisify(pool.getConnection).call(pool);
const ended = (pool: driver.Pool): Promise<unknown> => new Promise((resolve) => pool.end((error) => resolve(error)));

describe.each(doors)('%s', { timeout: TEST_MS }, (_name, door, optionsOf) => {
  it('a connection goes back by its pool, and what is taken next is the same object', async () => {
    const pool = poolOf(door, optionsOf());
    const first = await take(pool);
    pool.releaseConnection(first);
    const second = await take(pool);
    expect(second).toBe(first);
    second.release();
  });

  it('query and execute work apart from their object, as Knex calls them', async () => {
    const connection = here.use(await take(poolOf(door, optionsOf())), (taken) => taken.release());
    const rows = [{ n: 1 }];
    for (const method of [connection.query, connection.execute]) {
      const call = promisify(method as (sql: string, done: (error: Error | null, rows: unknown) => void) => void);
      expect(await call.call(connection, 'SELECT 1 AS n')).toEqual(rows);
      expect(await promisify(method.bind(connection) as typeof method as never)('SELECT 1 AS n' as never)).toEqual(
        rows,
      );
    }
  });

  it('release() after destroy() does nothing, however often, and the pool makes another', async () => {
    const pool = poolOf(door, optionsOf());
    const dead = await take(pool);
    dead.destroy();
    for (let i = 0; i < 2; i++) dead.release();
    const taken = [await take(pool), await take(pool)];
    expect(new Set([dead, ...taken]).size).toBe(3);
    for (const one of taken) one.release();
  });

  it('shows what programs look at', async () => {
    const pool = poolOf(door, optionsOf());
    const connection = here.use(await take(pool), (taken) => taken.release());
    expect(connection).toMatchObject({ authorized: true, serverEncoding: 'utf8', state: 'authenticated' });
    expect(connection).toHaveProperty('lastActiveTime', expect.any(Number));
    const { config, _freeConnections } = pool as unknown as {
      config: { connectionLimit: number; connectionConfig: object };
      _freeConnections?: { length: number };
    };
    expect(config).toMatchObject({ connectionLimit: 2, connectionConfig: { user: 'app' } });
    expect(_freeConnections?.length ?? 0).toBe(0);
  });

  it('says in the server’s words what savepoint or routine is missing', async () => {
    const pool = poolOf(door, optionsOf()).promise();
    const error = { code: 'ER_SP_DOES_NOT_EXIST', errno: 1305, sqlState: '42000' };
    for (const sql of ['ROLLBACK TO SAVEPOINT missing', 'CALL missing()'])
      expect(await failureOf(pool.query(sql))).toMatchObject({ ...error, sql });
  });

  it('end() calls back once, unused and after a failed connect, which keeps the words of the driver', async () => {
    expect((await ended(door.createPool(optionsOf()))) ?? undefined).toBeUndefined();
    const { cluster, ...rest } = optionsOf() as { cluster?: object };
    const nowhere: object = cluster
      ? { ...rest, cluster: { nodes: [`127.0.0.1:${MISSING_PORT}`] } }
      : { ...rest, port: MISSING_PORT };
    const pool = door.createPool(nowhere as driver.PoolOptions);
    const message = `connect ECONNREFUSED 127.0.0.1:${MISSING_PORT}`;
    expect(await failureOf(take(pool))).toMatchObject({ code: 'ECONNREFUSED', message });
    expect((await ended(pool)) ?? undefined).toBeUndefined();
  });

  it('a pool of pools is mysql2’s own, as TypeORM uses it', async () => {
    const pools = here.use(
      door.createPoolCluster(),
      (made) => new Promise<void>((resolve) => made.end(() => resolve())),
    );
    pools.add('MASTER', plainOptions());
    pools.add('SLAVE1', plainOptions());
    const taken = await new Promise<driver.PoolConnection>((resolve, reject) => {
      pools.getConnection('SLAVE*', (error, connection) => (error ? reject(error) : resolve(connection)));
    });
    expect((await taken.promise().query('SELECT 1 AS n'))[0]).toEqual([{ n: 1 }]);
    taken.release();
  });

  it('statements are seen by who patches the connections of mysql2, as tracing does, with the server that ran them', async () => {
    const base = Object.getPrototypeOf(driver.Connection.prototype) as Record<'query' | 'execute', unknown>;
    const { query, execute } = base;
    const seen: string[] = [];
    const patched = (original: unknown) =>
      function (this: { config: { host: string; port: number } }, sql: { sql: string } | string, ...rest: unknown[]) {
        seen.push(`${typeof sql === 'string' ? sql : sql.sql} @ ${this.config.host}:${this.config.port}`);
        return (original as (...args: unknown[]) => unknown).call(this, sql, ...rest);
      };
    Object.assign(base, { query: patched(query), execute: patched(execute) });
    try {
      const pool = poolOf(door, optionsOf()).promise();
      await pool.query('SELECT 1 AS seen FOR UPDATE');
      await pool.execute('SELECT 2 AS seen FOR UPDATE');
    } finally {
      Object.assign(base, { query, execute });
    }
    const { host, port } = here.primary;
    expect(seen).toEqual(expect.arrayContaining([1, 2].map((n) => `SELECT ${n} AS seen FOR UPDATE @ ${host}:${port}`)));
  });
});
