import type { RowDataPacket } from 'mysql2/promise';
import { afterEach, describe, expect, it } from 'vitest';
import { createPool } from '../../src/promise.js';
import { failureOf, lab, nameOf, pause, readersOf, TEST_MS, timed, until } from './support/lab.js';

const here = lab({ replicas: 2 }, async (made) => {
  await made.mark();
  await made.cluster.query(made.primary, 'CREATE TABLE shop.t (id INT AUTO_INCREMENT PRIMARY KEY)');
  await made.cluster.waitForReplication();
});

afterEach(async () => {
  await here.endAll();
  for (const node of here.cluster.nodes) await here.cluster.start(node);
});

const replicas = (): string[] => here.cluster.replicas.map((node) => node.name).sort();

/** What is thrown where nobody catches it while `task` runs. A program without a handler would end by it. */
async function uncaughtDuring(task: () => Promise<void>): Promise<unknown[]> {
  const others = process.listeners('uncaughtException');
  const seen: unknown[] = [];
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => seen.push(error));
  try {
    await task();
    await pause(20);
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const other of others) process.on('uncaughtException', other);
  }
  return seen;
}

describe('a listener of cluster events that throws', { timeout: TEST_MS }, () => {
  it('is an uncaught exception of its own: the change has taken effect, probes and traffic go on', async () => {
    const pool = await here.pool();
    const thrown = new Error('thrown by a listener');
    const told: string[] = [];
    for (const event of ['nodeDown', 'nodeUp'] as const) {
      pool.cluster.on(event, ({ address }) => {
        told.push(`${event} ${address}`);
        throw thrown;
      });
    }
    const lost = here.replica(0);
    const left = here.replica(1).name;
    const uncaught = await uncaughtDuring(async () => {
      await here.cluster.kill(lost);
      await until(() => told.length === 1);
      for (let i = 0; i < 20; i++) expect(await nameOf(pool)).toBe(left);
      await pool.query('INSERT INTO t VALUES ()');
      await here.cluster.start(lost);
      await until(() => told.length === 2);
      expect(await readersOf(pool, replicas())).toEqual(replicas());
    });
    expect(told).toEqual([`nodeDown ${lost.address}`, `nodeUp ${lost.address}`]);
    expect(uncaught).toEqual([thrown, thrown]);
  });

  it('does not keep the statement from its answer that the event is about', async () => {
    const pool = await here.pool();
    const thrown = new Error('thrown by a listener');
    pool.cluster.on('warning', () => {
      throw thrown;
    });
    const uncaught = await uncaughtDuring(async () => {
      const connection = await pool.getConnection();
      await connection.beginTransaction();
      await connection.query('INSERT INTO t VALUES ()');
      connection.release(); // warns: TRANSACTION_LEFT_OPEN
      await pool.query('INSERT INTO t VALUES ()');
    });
    expect(uncaught).toEqual([thrown]);
  });
});

describe('cluster.resolve throws', { timeout: TEST_MS }, () => {
  it('the address that a server names is left out and warned of once; the seeds serve', async () => {
    const asked: string[] = [];
    const resolve = (address: string): string => {
      asked.push(address);
      throw new Error('thrown by resolve');
    };
    // The primary alone is given: its replicas would be found by what it names.
    const nodes = [here.primary.address];
    const options = here.options({ nodes, resolve, monitor: { intervalMs: 50 } });
    const pool = here.use(createPool(options), (made) => made.end());
    const warnings: string[] = [];
    pool.cluster.on('warning', ({ code, message }) => warnings.push(`${code}: ${message}`));
    const uncaught = await uncaughtDuring(async () => {
      await pool.cluster.ready();
      await pool.query('INSERT INTO t VALUES ()');
      expect(await nameOf(pool, 'SELECT name FROM whoami FOR UPDATE')).toBe(here.primary.name);
      await until(() => asked.length > 2); // several probes
    });
    expect(uncaught).toEqual([]);
    expect(pool.cluster.status().nodes.map((node) => node.address)).toEqual(nodes);
    const named = [...new Set(asked)].sort();
    expect(named).toEqual(here.cluster.replicas.map((node) => node.address).sort());
    const about = (address: string): string =>
      `RESOLVE_FAILED: cluster.resolve threw for ${address}: thrown by resolve`;
    expect(warnings.sort()).toEqual(named.map(about));
  });
});

describe("a listener of the pool's 'connection' event that throws", { timeout: TEST_MS }, () => {
  it('is an uncaught exception of its own: the connection is used, and the node is not taken for down', async () => {
    const pool = await here.pool();
    const thrown = new Error('thrown by a listener');
    let connections = 0;
    pool.on('connection', () => {
      connections++;
      throw thrown;
    });
    const uncaught = await uncaughtDuring(async () => {
      await pool.query('INSERT INTO t VALUES ()');
      expect(await nameOf(pool)).toMatch(/^node-/);
      const connection = await pool.getConnection();
      await connection.query('INSERT INTO t VALUES ()');
      connection.release();
    });
    expect(connections).toBeGreaterThanOrEqual(2);
    expect(uncaught).toEqual(Array(connections).fill(thrown));
    const { nodes } = pool.cluster.status();
    expect(nodes.map(({ health }) => health)).toEqual(nodes.map(() => 'up'));
    expect(nodes.reduce((sum, { pool: about }) => sum + (about?.size ?? 0), 0)).toBe(connections);
  });
});

describe('a password function', { timeout: TEST_MS }, () => {
  const never = (): Promise<string> => new Promise(() => undefined);

  it.each(['query', 'getConnection'] as const)(
    'that gives nothing: ETIMEDOUT within the time of a probe (%s)',
    async (how) => {
      const options = here.options({ monitor: { timeoutMs: 300 } }, { password: never, connectTimeout: 300 });
      const pool = here.use(createPool(options), (made) => made.end());
      const { ms, value } = await timed(() =>
        failureOf(how === 'query' ? pool.query('SELECT 1') : pool.getConnection()),
      );
      expect(value).toMatchObject({ code: 'ETIMEDOUT', message: /the password function gave nothing within 300 ms/ });
      expect(ms).toBeLessThan(10_000);
    },
  );

  it('that gives nothing later on: a typed error within holdMs, and all is well when it answers again', async () => {
    const { password } = here.cluster;
    let answers = true;
    const monitor = { user: here.cluster.user, password };
    const pool = await here.pool(
      { monitor, failover: { holdMs: 1000 } },
      { password: () => (answers ? password : never()), connectTimeout: 300 },
    );
    answers = false;
    const { ms, value } = await timed(() => failureOf(pool.query('INSERT INTO t VALUES ()')));
    // The end of its hold, or of the last connect, whatever comes first.
    expect(['FAILOVER_TIMEOUT', 'ETIMEDOUT']).toContain(value.code);
    expect(ms).toBeLessThan(10_000);
    answers = true;
    await pool.query('INSERT INTO t VALUES ()');
  });

  it('that throws or rejects: its own error', async () => {
    const thrown = new Error('the vault is sealed');
    const failing = [
      () => Promise.reject(thrown),
      () => {
        throw thrown;
      },
    ];
    for (const password of failing) {
      const pool = here.use(createPool(here.options({}, { password })), (made) => made.end());
      expect(await failureOf(pool.query<RowDataPacket[]>('SELECT 1'))).toBe(thrown);
    }
  });
});
