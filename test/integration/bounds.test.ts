import type { RowDataPacket } from 'mysql2/promise';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { openConnection } from '../../src/cluster/physical-connection.js';
import { createPool as createCallbackPool } from '../../src/index.js';
import { ClusterError, type ClusteredPromisePool, createPool, PoolTimeoutError } from '../../src/promise.js';
import type { TestNode } from '../../src/testing/index.js';
import { failureOf, lab, TEST_MS, timed, until } from './support/lab.js';

const here = lab({ replicas: 1 }, async (made) => {
  await made.mark();
  await made.cluster.query(made.primary, 'CREATE TABLE shop.t (id INT PRIMARY KEY)');
  await made.cluster.waitForReplication();
});

afterEach(async () => {
  await here.endAll();
  await here.cluster.query(here.primary, "SET GLOBAL init_connect = ''");
  await here.cluster.query(here.primary, 'DELETE FROM shop.t');
});

/** Longest that a bounded wait may take on a slow machine, in ms; without its bound it would not end. */
const BOUNDED_MS = 15_000;

const LOCKING = 'SELECT name FROM whoami FOR UPDATE';

describe('a server that takes a connection and says nothing', { timeout: TEST_MS }, () => {
  it('after the handshake: openConnection ends within connectTimeout', async () => {
    // Runs after the server has accepted the account, and before the first statement.
    await here.cluster.query(here.primary, "SET GLOBAL init_connect = 'DO SLEEP(60)'");
    const { user, password, database, primary } = here.cluster;
    const { host, port, address } = primary;
    const target = { node: 'n', address, role: 'primary' as const, host, port };
    const { ms, value } = await timed(() =>
      failureOf(openConnection({ user, password, database, connectTimeout: 400 }, target, () => systemClock.now())),
    );
    expect(value).toMatchObject({ code: 'PROTOCOL_CONNECTION_LOST', fatal: true });
    expect(ms).toBeGreaterThan(390);
    expect(ms).toBeLessThan(BOUNDED_MS);
  });

  it('after the handshake: a write fails with an error of its own kind within holdMs, and works afterwards', async () => {
    const pool = await here.pool({ failover: { holdMs: 1500 } }, { connectTimeout: 400 });
    await here.cluster.query(here.primary, "SET GLOBAL init_connect = 'DO SLEEP(60)'");
    const { ms, value } = await timed(() => failureOf(pool.query('INSERT INTO t VALUES (1)')));
    expect(['FAILOVER_TIMEOUT', 'PROTOCOL_CONNECTION_LOST']).toContain(value.code);
    expect(ms).toBeLessThan(BOUNDED_MS);
    await here.cluster.query(here.primary, "SET GLOBAL init_connect = ''");
    await pool.query('INSERT INTO t VALUES (1)');
  });

  it('before the handshake (SIGSTOP): a write fails within holdMs, and works afterwards', async () => {
    const pool = await here.pool({ failover: { holdMs: 1500 } }, { connectTimeout: 400 });
    await here.cluster.pause(here.primary);
    try {
      const { ms, value } = await timed(() => failureOf(pool.query('INSERT INTO t VALUES (1)')));
      expect(['FAILOVER_TIMEOUT', 'ETIMEDOUT']).toContain(value.code);
      expect(ms).toBeLessThan(BOUNDED_MS);
    } finally {
      await here.cluster.resume(here.primary);
    }
    await until(() => pool.cluster.status().primary === here.primary.address);
    await pool.query('INSERT INTO t VALUES (1)');
  });
});

describe('servers that are silent for longer than a probe waits, when a pool begins', { timeout: TEST_MS }, () => {
  it.each([
    [
      'before the handshake (SIGSTOP)',
      (node: TestNode) => here.cluster.pause(node),
      (node: TestNode) => here.cluster.resume(node),
    ],
    [
      'after the handshake',
      (node: TestNode) => here.cluster.query(node, "SET GLOBAL init_connect = 'DO SLEEP(60)'"),
      (node: TestNode) => here.cluster.query(node, "SET GLOBAL init_connect = ''"),
    ],
  ] as const)('%s: who asks meanwhile is patient, as with mysql2', async (_name, silence, end) => {
    const { nodes } = here.cluster;
    for (const node of nodes) await silence(node);
    try {
      // One that refuses does not speak for those that are silent.
      const seeds = ['127.0.0.1:1', ...nodes.map(({ address }) => address)];
      const options = here.options({ nodes: seeds, monitor: { timeoutMs: 100 } });
      const pool = here.use(createPool(options), (made) => made.end());
      const asked = [pool.cluster.ready(), pool.query('SELECT 1'), pool.query('INSERT INTO t VALUES (1)')];
      const outcomes = Promise.allSettled(asked);
      await until(() => Object.keys(pool.cluster.status().unreachable).length === seeds.length);
      for (const node of nodes) await end(node);
      expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
    } finally {
      for (const node of nodes) await end(node);
    }
  });
});

describe('acquireTimeoutMs', { timeout: TEST_MS }, () => {
  it('getConnection: PoolTimeoutError, and who waits longer is served', async () => {
    const pool = await here.pool({ pool: { max: 1, acquireTimeoutMs: 300 } });
    const taken = here.use(await pool.getConnection(), (held) => held.release());
    const { ms, value } = await timed(() => failureOf(pool.getConnection()));
    expect(value).toBeInstanceOf(PoolTimeoutError);
    expect(value).toBeInstanceOf(ClusterError);
    expect(value).toMatchObject({ code: 'POOL_TIMEOUT', message: /pool\.acquireTimeoutMs \(300 ms\)/ });
    expect(ms).toBeGreaterThan(290);
    expect(ms).toBeLessThan(BOUNDED_MS);
    const next = pool.getConnection();
    taken.release();
    (await next).release();
    (await pool.getConnection()).release();
  });
});

describe("mysql2's waitForConnections and queueLimit", { timeout: TEST_MS }, () => {
  const asks: [string, (pool: ClusteredPromisePool) => Promise<unknown>][] = [
    ['query', (pool) => pool.query(LOCKING)],
    ['execute', (pool) => pool.execute(LOCKING)],
    ['getConnection', async (pool) => (await pool.getConnection()).release()],
  ];

  /** Has the only connection taken: what `ask` asks for next has to wait for it. */
  async function occupy(pool: ClusteredPromisePool): Promise<() => Promise<unknown>> {
    const taken = here.use(await pool.getConnection(), (held) => held.destroy());
    await taken.beginTransaction();
    await taken.query('INSERT INTO t VALUES (1)');
    return async () => {
      await taken.rollback();
      taken.release();
    };
  }

  it.each(asks)('waitForConnections: false (%s)', async (_name, ask) => {
    const pool = await here.pool({ pool: { reserve: 0 } }, { connectionLimit: 1, waitForConnections: false });
    const leave = await occupy(pool);
    expect((await failureOf(ask(pool))).message).toBe('No connections available.');
    await leave();
    await ask(pool);
  });

  it.each(asks)('queueLimit: 2 (%s)', async (_name, ask) => {
    const pool = await here.pool({ pool: { reserve: 0 } }, { connectionLimit: 1, queueLimit: 2 });
    const leave = await occupy(pool);
    const waiting = [ask(pool), ask(pool)];
    expect((await failureOf(ask(pool))).message).toBe('Queue limit reached.');
    await leave();
    await Promise.all(waiting);
    await ask(pool);
  });

  it('queueLimit: 0 is none', async () => {
    const pool = await here.pool({ pool: { reserve: 0 } }, { connectionLimit: 1, queueLimit: 0 });
    const leave = await occupy(pool);
    const waiting = asks.flatMap(([, ask]) => Array.from({ length: 20 }, () => ask(pool)));
    await leave();
    await Promise.all(waiting);
  });

  it('a read is not refused while another node has room', async () => {
    const pool = await here.pool({ pool: { reserve: 0 } }, { connectionLimit: 1, waitForConnections: false });
    await occupy(pool);
    const [rows] = await pool.query<RowDataPacket[]>('SELECT name FROM whoami');
    expect(rows).toEqual([{ name: here.replica(0).name }]);
  });
});

describe("mysql2's timeout of a query", { timeout: TEST_MS }, () => {
  const SLOW = { sql: 'SELECT SLEEP(3) FROM whoami FOR UPDATE', timeout: 200 };
  const late = { code: 'PROTOCOL_SEQUENCE_TIMEOUT', message: 'Query inactivity timeout' };

  it('execute on a pool and on a connection, and the callback door', async () => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    const { ms, value } = await timed(() => failureOf(pool.execute(SLOW)));
    expect(value).toMatchObject(late);
    expect(ms).toBeLessThan(BOUNDED_MS);
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    expect(await failureOf(connection.query(SLOW))).toMatchObject(late);
    await connection.query('INSERT INTO t VALUES (1)');
    expect(await failureOf(connection.execute(SLOW))).toMatchObject(late);
    await connection.query('INSERT INTO t VALUES (2)');
    const callbacks = here.use(createCallbackPool(here.options({}, { connectionLimit: 1 })), (made) => made.end());
    const error = await new Promise((resolve) => callbacks.query(SLOW, (failure) => resolve(failure)));
    expect(error).toMatchObject(late);
  });

  it('in a transaction: the statement ends on the server, and the transaction goes on, as with mysql2', async () => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    const connection = await pool.getConnection();
    await connection.beginTransaction();
    await connection.query('INSERT INTO t VALUES (1)');
    const { ms, value } = await timed(() => failureOf(connection.query(SLOW)));
    expect(value).toMatchObject(late);
    expect(ms).toBeLessThan(BOUNDED_MS);
    await connection.query('INSERT INTO t VALUES (2)');
    await connection.commit();
    connection.release();
    expect(await here.cluster.query(here.primary, 'SELECT id FROM shop.t ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it('a statement that is answered in time is not touched', async () => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    const quick = { sql: 'SELECT 1 AS one', timeout: 20_000 };
    expect((await pool.query<RowDataPacket[]>(quick))[0]).toEqual([{ one: 1 }]);
    expect((await pool.execute<RowDataPacket[]>(quick))[0]).toEqual([{ one: 1 }]);
  });
});
