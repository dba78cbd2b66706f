import type { Pool } from 'mysql2/promise';
import { afterEach, describe, expect, it } from 'vitest';
import type { ClusterOptions } from '../../src/options.js';
import type { ClusteredPromisePool } from '../../src/promise.js';
import type { TestNode } from '../../src/testing/index.js';
import { failureOf, lab, nameOf, pause, readersOf, TEST_MS, until } from './support/lab.js';

const here = lab({ replicas: 3 }, async (made) => {
  await made.mark();
  // A row that takes as long to read as each node's own copy says.
  await made.cluster.query(made.primary, 'CREATE TABLE shop.pace (seconds DOUBLE)');
  await made.cluster.query(made.primary, 'INSERT INTO shop.pace VALUES (0)');
  await made.cluster.waitForReplication();
});

afterEach(() => here.endAll());

/** Seeds with what the test says of some nodes. */
function seeds(
  traits: readonly [TestNode, { weight?: number; zone?: string }][],
): NonNullable<ClusterOptions['nodes']> {
  return here.cluster.nodes.map((node) => {
    const [host = '', port] = node.address.split(':');
    const found = traits.find(([one]) => one === node);
    return { host, port: Number(port), ...found?.[1] };
  });
}

/** How many of so many reads each node answered. */
async function tally(pool: { query: Pool['query'] }, reads = 200): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < reads; i++) {
    const name = await nameOf(pool);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

async function setPace(node: TestNode, seconds: number): Promise<void> {
  await here.asRoot(node, [
    'SET sql_log_bin = 0',
    'SET GLOBAL super_read_only = 0',
    `UPDATE shop.pace SET seconds = ${seconds}`,
    'SET GLOBAL super_read_only = 1',
  ]);
}

function view(pool: ClusteredPromisePool, node: TestNode) {
  return pool.cluster.status().nodes.find(({ address }) => address === node.address);
}

describe('weights', { timeout: TEST_MS }, () => {
  it('are shares, and 0 serves only when nothing else can', async () => {
    const [a, b, c] = [here.replica(0), here.replica(1), here.replica(2)];
    const nodes = seeds([
      [a, { weight: 3 }],
      [b, { weight: 1 }],
      [c, { weight: 0 }],
    ]);
    const pool = await here.pool({ nodes, balance: 'round-robin', maxLagMs: 60_000 });
    const counts = await tally(pool);
    expect(counts[a.name]).toBeGreaterThan(120);
    expect(counts[b.name]).toBeGreaterThan(30);
    expect(counts[c.name]).toBeUndefined();
    await pool.cluster.drain(a.address);
    await pool.cluster.drain(b.address);
    expect(await tally(pool, 20)).toEqual({ [c.name]: 20 });
  });
});

describe('zones', { timeout: TEST_MS }, () => {
  it('the own one first, others when none of it is fit, and when all of it is busy', async () => {
    const [near, far] = [here.replica(0), here.replica(1)];
    const nodes = seeds([
      [near, { zone: 'a' }],
      [far, { zone: 'b' }],
      [here.replica(2), { zone: 'b', weight: 0 }],
    ]);
    const pool = await here.pool({ nodes, zone: 'a', maxLagMs: 60_000, pool: { max: 2 } });
    expect(await tally(pool, 50)).toEqual({ [near.name]: 50 });
    const controller = new AbortController();
    const slow = { sql: 'SELECT SLEEP(60)', cluster: { node: near.address, signal: controller.signal } };
    const busy = Promise.allSettled([pool.query(slow), pool.query(slow)]);
    const inFlight = () => view(pool, near)?.traffic.inFlight;
    await until(() => inFlight() === 2);
    expect(await tally(pool, 20)).toEqual({ [far.name]: 20 });
    controller.abort();
    await busy;
    await until(() => inFlight() === 0);
    expect(await tally(pool, 20)).toEqual({ [near.name]: 20 });
    await pool.cluster.drain(near.address);
    expect(await tally(pool, 20)).toEqual({ [far.name]: 20 });
  });
});

describe('slow start', { timeout: TEST_MS }, () => {
  it('a replica that returns gets a share that grows', async () => {
    const back = here.replica(0);
    const slowStartMs = 4000;
    const pool = await here.pool({ balance: 'round-robin', slowStartMs, maxLagMs: 60_000 });
    expect((await tally(pool, 90))[back.name]).toBeGreaterThan(20);
    // What returns within two seconds after the start counts as having been there.
    await pause(2100);
    await pool.cluster.drain(back.address);
    pool.cluster.resume(back.address);
    const since = performance.now();
    const early = { own: 0, all: 0 };
    while (performance.now() - since < slowStartMs / 4) {
      early.all += 1;
      if ((await nameOf(pool)) === back.name) early.own += 1;
    }
    // Of a third, an eighth on the average of this time.
    expect(early.all).toBeGreaterThan(50);
    expect(early.own / early.all).toBeLessThan(0.15);
    await until(() => performance.now() - since > slowStartMs);
    expect((await tally(pool, 90))[back.name]).toBeGreaterThan(20);
  });
});

describe('a replica that answers its probes, but not its reads', { timeout: TEST_MS }, () => {
  async function readUntilEjected(pool: ClusteredPromisePool, sql: string): Promise<string[]> {
    const told: string[] = [];
    pool.cluster.on('nodeEjected', ({ address, because, forMs }) => told.push(`${address} ${forMs} ${because}`));
    let reading = true;
    const readers = Array.from({ length: 8 }, async () => {
      while (reading) await nameOf(pool, sql);
    });
    try {
      await until(() => told.length > 0);
    } finally {
      reading = false;
      await Promise.all(readers);
    }
    return told;
  }

  it('whose connections are lost is left out for a while, and no read fails', async () => {
    const bad = here.replica(0);
    const pool = await here.pool({ balance: 'random', maxLagMs: 60_000, monitor: { ejectMs: 3000 } });
    await readersOf(
      pool,
      here.cluster.replicas.map(({ name }) => name),
    );
    let killing = true;
    const killer = (async () => {
      while (killing) {
        const rows = await here.cluster.query(
          bad,
          "SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(0.02)%'",
        );
        for (const row of rows) await here.cluster.query(bad, `KILL ${row.id ?? row.ID}`).catch(() => undefined);
      }
    })();
    const told = await readUntilEjected(pool, 'SELECT SLEEP(0.02), name FROM whoami').finally(() => {
      killing = false;
    });
    await killer;
    expect(told).toEqual([
      `${bad.address} 3000 50 % or more of its last reads lost their connection or got no answer in time`,
    ]);
    expect(view(pool, bad)).toMatchObject({ health: 'up', status: 'online' });
    expect(view(pool, bad)?.traffic.ejectedForMs).toBeGreaterThan(0);
    expect(pool.cluster.explain('SELECT 1').nodes[bad.address]).toContain('left out for a while');
    expect((await tally(pool, 50))[bad.name]).toBeUndefined();
    await until(() => view(pool, bad)?.traffic.ejectedForMs === 0);
    expect(
      await readersOf(
        pool,
        here.cluster.replicas.map(({ name }) => name),
      ),
    ).toContain(bad.name);
  });

  it('that is far slower than the others is left out for a while', async () => {
    const slow = here.replica(1);
    const pool = await here.pool({ balance: 'random', maxLagMs: 60_000 });
    await setPace(slow, 0.4);
    try {
      const told = await readUntilEjected(pool, 'SELECT name, SLEEP(seconds) FROM whoami JOIN pace');
      expect(told[0]).toBe(
        `${slow.address} 5000 50 % or more of its last reads took 10 times as long as on other replicas`,
      );
    } finally {
      await setPace(slow, 0);
    }
  });
});

describe('reads without a fit replica', { timeout: TEST_MS }, () => {
  async function stopAll(): Promise<void> {
    for (const replica of here.cluster.replicas) await here.cluster.stopReplication(replica, 'sql');
    await here.cluster.query(here.primary, 'CREATE TABLE IF NOT EXISTS shop.later (id INT)');
    await here.cluster.query(here.primary, 'INSERT INTO shop.later VALUES (1)');
  }

  afterEach(async () => {
    for (const replica of here.cluster.replicas) await here.cluster.startReplication(replica);
    await here.cluster.waitForReplication();
  });

  it('go to the least behind within fallbackMaxLagMs, else to the primary, or wherever primaryReads says', async () => {
    const limit = { maxLagMs: 300, consistency: 'eventual' } as const;
    const [plain, tolerant, never] = [
      await here.pool(limit),
      await here.pool({ ...limit, fallbackMaxLagMs: 60_000 }),
      await here.pool({ ...limit, primaryReads: 'never', failover: { holdMs: 1000 } }),
    ];
    await stopAll();
    await pause(700);
    expect(await tally(plain, 20)).toEqual({ [here.primary.name]: 20 });
    expect(Object.keys(await tally(tolerant, 20))).not.toContain(here.primary.name);
    expect(tolerant.cluster.explain('SELECT 1').because).toContain('within fallbackMaxLagMs');
    const error = await failureOf(never.query('SELECT 1'));
    expect(error).toMatchObject({
      code: 'NO_NODE_AVAILABLE',
      message: expect.stringContaining("primaryReads is 'never'"),
    });
  });

  it("primaryReads 'share': the primary has its share", async () => {
    const pool = await here.pool({ primaryReads: 'share', balance: 'round-robin', maxLagMs: 60_000 });
    const counts = await tally(pool, 120);
    for (const node of here.cluster.nodes) expect(counts[node.name]).toBeGreaterThan(15);
  });
});
