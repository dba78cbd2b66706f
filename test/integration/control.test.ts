import type { RowDataPacket } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCli } from '../../src/cli/run.js';
import type { ClusterOptions } from '../../src/options.js';
import type { ClusteredPromisePool } from '../../src/promise.js';
import type { TestNode } from '../../src/testing/index.js';
import { failureOf, lab, nameOf, pause, readersOf, TEST_MS, timed, until } from './support/lab.js';

const TABLE = 'mysql2_cluster.nodes';
const TICK_MS = 200;

const here = lab({ replicas: 2, databases: ['shop', 'mysql2_cluster'] }, async (made) => {
  await made.mark();
  await made.cluster.query(made.primary, 'CREATE TABLE shop.t (id INT PRIMARY KEY)');
  await program('init');
});

beforeEach(async () => {
  await root(`UPDATE ${TABLE} SET status = 'ONLINE', weight = NULL, zone = NULL, max_connections = NULL, until = NULL`);
  await here.cluster.waitForReplication();
});
afterEach(async () => {
  await here.endAll();
  vi.restoreAllMocks();
});

/** Runs `mysql2-cluster control …`, and gives what it printed. */
async function program(...args: string[]): Promise<string> {
  const printed: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((text: string) => void printed.push(text));
  const error = vi.spyOn(console, 'error').mockImplementation((text: string) => void printed.push(text));
  try {
    const code = await runCli(['control', ...args, '--uri', here.cluster.uri]);
    return `${code}: ${printed.join('\n')}`;
  } finally {
    log.mockRestore();
    error.mockRestore();
  }
}

function root(sql: string): Promise<RowDataPacket[]> {
  return here.cluster.query<RowDataPacket[]>(here.primary, sql);
}

function set(node: TestNode, changes: string): Promise<unknown> {
  return root(`UPDATE ${TABLE} SET ${changes} WHERE node = '${node.address}'`);
}

/** What a process does that has the table as its option; `salt` makes its monitors its own. */
async function process(options: ClusterOptions = {}, salt = 3): Promise<ClusteredPromisePool> {
  const monitor = { intervalMs: TICK_MS, failures: salt };
  const pool = await here.pool({ control: { table: TABLE }, monitor, balance: 'round-robin', ...options });
  await until(() => pool.cluster.status().control !== undefined);
  return pool;
}

function view(pool: ClusteredPromisePool, node: TestNode) {
  return pool.cluster.status().nodes.find(({ address }) => address === node.address);
}

const statusOf = (pool: ClusteredPromisePool, node: TestNode) => view(pool, node)?.status;

function warnings(pool: ClusteredPromisePool): string[] {
  const told: string[] = [];
  pool.cluster.on('warning', ({ code, message }) => void (code === 'CONTROL_IGNORED' && told.push(message)));
  return told;
}

describe('one UPDATE on the primary', { timeout: TEST_MS }, () => {
  it('drains a replica in every process within two ticks, and brings it back', async () => {
    const pools = [await process({}, 3), await process({}, 4), await process({}, 5)];
    const node = here.replica(0);
    const took: number[] = [];
    for (let round = 0; round < 5; round++) {
      for (const [status, wanted] of [
        ['OFFLINE_SOFT', 'draining'],
        ['ONLINE', 'online'],
      ] as const) {
        await pause(TICK_MS * Math.random());
        await set(node, `status = '${status}', owner = 'ann', reason = 'a new disk'`);
        const { ms } = await timed(() => until(() => pools.every((pool) => statusOf(pool, node) === wanted)));
        took.push(ms);
      }
    }
    // Jitter is a tenth. The machine may be busy for a while, but not each time.
    expect(took.sort((a, b) => a - b)[took.length / 2 - 1], took.join()).toBeLessThan(2 * TICK_MS * 1.1 + 200);
    await set(node, "status = 'OFFLINE_SOFT'");
    await until(() => pools.every((pool) => statusOf(pool, node) === 'draining'));
    for (const pool of pools) expect(await readersOf(pool, [here.replica(1).name])).toEqual([here.replica(1).name]);
    expect(view(pools[0]!, node)?.statusBecause).toBe('the control table says OFFLINE_SOFT by ann: a new disk');
  });

  it('changes weight, zone and the most connections', async () => {
    const pool = await process();
    const [first, second] = [here.replica(0), here.replica(1)];
    await set(first, "weight = 0, zone = 'b', max_connections = 1");
    await until(() => view(pool, first)?.weight === 0);
    expect(view(pool, first)?.zone).toBe('b');
    expect(await readersOf(pool, [second.name])).toEqual([second.name]);
    const slow = { sql: 'SELECT SLEEP(0.2)', cluster: { node: first.address } };
    await Promise.all([pool.query(slow), pool.query(slow), pool.query(slow)]);
    expect(view(pool, first)?.pool?.size).toBe(1);
    await set(first, 'weight = NULL, zone = NULL, max_connections = NULL');
    await until(() => view(pool, first)?.weight === 1);
    expect(await readersOf(pool, [first.name, second.name])).toEqual([first.name, second.name].sort());
    await Promise.all([pool.query(slow), pool.query(slow), pool.query(slow)]);
    expect(view(pool, first)?.pool?.size).toBeGreaterThan(1);
  });

  it('a change of it while reads wait for a connection there fails none', async () => {
    const pool = await process({ pool: { max: 2 }, consistency: 'eventual', maxLagMs: 60_000 });
    const [only, other] = [here.replica(0), here.replica(1)];
    await pool.cluster.drain(other.address);
    const slow = { sql: 'SELECT SLEEP(0.3)', cluster: { route: 'replica' } } as const;
    let changed = false;
    const read = async () => {
      do await pool.query(slow);
      while (!changed);
    };
    const reads = Promise.allSettled(Array.from({ length: 12 }, read));
    await until(() => view(pool, only)?.pool?.waiting === 10);
    await set(only, 'max_connections = 1');
    await until(() => view(pool, only)?.pool?.size === 1);
    changed = true;
    expect((await reads).filter(({ status }) => status === 'rejected')).toEqual([]);
    pool.cluster.resume(other.address);
  });

  it('OFFLINE_HARD ends what runs on a replica', async () => {
    const pool = await process();
    const connection = here.use(await pool.getConnection(), (opened) => opened.release());
    await connection.query('START TRANSACTION READ ONLY');
    const name = await nameOf(connection);
    const node = here.cluster.nodes.find((one) => one.name === name) as TestNode;
    const failure = failureOf(connection.query('SELECT SLEEP(20)'));
    await set(node, "status = 'OFFLINE_HARD'");
    const { ms, value } = await timed(() => failure);
    expect(ms).toBeLessThan(10_000);
    expect(value).toMatchObject({ code: 'TRANSACTION_LOST' });
    expect(statusOf(pool, node)).toBe('offline');
  });

  it('OFFLINE_SOFT on the primary holds writes, released with an event after holdMs', async () => {
    const pool = await process({ failover: { holdMs: 2000 } });
    const told: string[] = [];
    pool.cluster.on('statusChanged', ({ next, because }) => told.push(`${next}: ${because}`));
    await set(here.primary, "status = 'OFFLINE_SOFT'");
    await until(() => statusOf(pool, here.primary) === 'draining');
    const { ms } = await timed(() => pool.query('REPLACE INTO t VALUES (1)'));
    expect(ms).toBeGreaterThan(1000);
    await until(() => told.length === 2);
    expect(told[1]).toContain('online: the control table says OFFLINE_SOFT');
    expect(told[1]).toContain('released');
    await pool.query('REPLACE INTO t VALUES (2)');
  });

  it('ends by itself when `until` is over, by the clock of the server', async () => {
    const pool = await process();
    const told = warnings(pool);
    const node = here.replica(0);
    // A session of another time zone means the same moment.
    await here.asRoot(here.primary, [
      "SET time_zone = '+09:00'",
      `UPDATE ${TABLE} SET status = 'OFFLINE_SOFT', until = NOW() + INTERVAL 3 SECOND WHERE node = '${node.address}'`,
    ]);
    await until(() => statusOf(pool, node) === 'draining');
    const { ms } = await timed(() => until(() => statusOf(pool, node) === 'online'));
    expect(ms).toBeGreaterThan(500);
    expect(ms).toBeLessThan(10_000);
    await until(() => told.some((message) => message.includes('past their `until`')));
  });
});

describe('a table never stops traffic', { timeout: TEST_MS }, () => {
  async function works(pool: ClusteredPromisePool): Promise<void> {
    const { ms } = await timed(async () => {
      for (let id = 10; id < 20; id++) await pool.query('REPLACE INTO t VALUES (?)', [id]);
      for (let i = 0; i < 10; i++) await nameOf(pool);
    });
    expect(ms).toBeLessThan(5000);
  }

  it('whose rows would leave nothing', async () => {
    const pool = await process();
    const told = warnings(pool);
    await root(`UPDATE ${TABLE} SET status = 'OFFLINE_HARD'`);
    await until(() => told.length > 0);
    expect(told[0]).toContain('would leave no node');
    await works(pool);
    expect(pool.cluster.status().control?.problem).toBe(told[0]);
  });

  it('that is not there, or may not be read', async () => {
    await root('CREATE DATABASE IF NOT EXISTS secret');
    await root(`CREATE TABLE IF NOT EXISTS secret.nodes LIKE ${TABLE}`);
    await root("REPLACE INTO secret.nodes (node, status) SELECT node, 'OFFLINE_HARD' FROM mysql2_cluster.nodes");
    for (const [table, part] of [
      ['mysql2_cluster.missing', "doesn't exist"],
      ['secret.nodes', 'denied'],
    ] as const) {
      const pool = here.use(await here.pool({ control: { table }, monitor: { intervalMs: TICK_MS } }), (made) =>
        made.end(),
      );
      const told = warnings(pool);
      await until(() => pool.cluster.status().control?.problem !== undefined);
      expect(pool.cluster.status().control?.problem).toContain(part);
      await works(pool);
      expect(told.length).toBeLessThanOrEqual(1);
      for (const node of here.cluster.nodes) expect(statusOf(pool, node)).toBe('online');
    }
  });

  it('that is dropped and made again', async () => {
    const pool = await process();
    const told = warnings(pool);
    const node = here.replica(0);
    await set(node, "status = 'OFFLINE_SOFT'");
    await until(() => statusOf(pool, node) === 'draining');
    await root(`RENAME TABLE ${TABLE} TO mysql2_cluster.away`);
    await until(() => told.length === 1);
    // The last seen rows count.
    expect(statusOf(pool, node)).toBe('draining');
    await works(pool);
    await root(`RENAME TABLE mysql2_cluster.away TO ${TABLE}`);
    await set(node, "status = 'ONLINE'");
    await until(() => statusOf(pool, node) === 'online');
    expect(pool.cluster.status().control?.problem).toBeUndefined();
  });
});

describe('mysql2-cluster control', { timeout: TEST_MS }, () => {
  it('drains for a while, lists and resumes', async () => {
    const pool = await process();
    const node = here.replica(1);
    const { id } = view(pool, node) ?? { id: '' };
    expect(await program('drain', id, '--for', '10m', '--reason', 'a new disk')).toBe(
      `0: ${node.address} is OFFLINE_SOFT for 10m`,
    );
    await until(() => statusOf(pool, node) === 'draining');
    const listed = await program('list');
    expect(listed).toMatch(
      new RegExp(`${node.address}  OFFLINE_SOFT  owner .*  reason a new disk  for another (59\\d|600) s`),
    );
    expect(listed.split('\n')).toHaveLength(3);
    expect(await program('resume', node.address)).toBe(`0: ${node.address} is ONLINE`);
    await until(() => statusOf(pool, node) === 'online');
    expect(await program('drain', node.address, '--hard')).toContain('OFFLINE_HARD');
    await until(() => statusOf(pool, node) === 'offline');
  });

  it('is made twice without harm, and knows its nodes', async () => {
    await set(here.replica(0), "status = 'OFFLINE_SOFT'");
    expect(await program('init')).toContain('has a row for each of 3 nodes');
    const rows = await root(`SELECT status FROM ${TABLE} ORDER BY status`);
    expect(rows.map(({ status }) => status)).toEqual(['ONLINE', 'ONLINE', 'OFFLINE_SOFT']);
    expect(await program('drain', 'db-9:3306')).toMatch(/^1: .*no node is known as 'db-9:3306'/);
  });
});

describe('when the primary is lost', { timeout: TEST_MS }, () => {
  it('the last seen rows count, then those of the next one', async () => {
    const pool = await process();
    const [drained, heir] = [here.replica(0), here.replica(1)];
    await set(drained, "status = 'OFFLINE_SOFT'");
    await until(() => statusOf(pool, drained) === 'draining');
    await here.cluster.waitForReplication();
    const old = here.primary;
    await here.cluster.kill(old);
    await until(() => pool.cluster.status().primary === undefined);
    expect(await readersOf(pool, [heir.name])).toEqual([heir.name]);
    await here.cluster.promote(heir);
    await pool.query('REPLACE INTO t VALUES (77)');
    expect(statusOf(pool, drained)).toBe('draining');
    await set(drained, "status = 'ONLINE'");
    await until(() => statusOf(pool, drained) === 'online');
    await here.cluster.rebuild(old);
  });
});
