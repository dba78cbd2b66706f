import type { RowDataPacket } from 'mysql2/promise';
import { createConnection } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ClusteredPromisePool, createPool, type NodeStatus } from '../../src/promise.js';
import type { TestNode } from '../../src/testing/index.js';
import { failureOf, lab, nameOf, readersOf, rowsOf, TEST_MS, until } from './support/lab.js';
import { damage, Load, nextId, written } from './support/load.js';
import { staleReads, trafficOf } from './support/reads.js';

const PAIRS = 300;

// In a group every table needs a key; rows that were written twice must show all the same.
const TABLES = [
  'CREATE TABLE shop.kv (id INT PRIMARY KEY, n INT NOT NULL)',
  'CREATE TABLE shop.written (id INT NOT NULL, place BIGINT AUTO_INCREMENT INVISIBLE PRIMARY KEY)',
];

const here = lab({ groupReplication: true }, async ({ cluster, primary }) => {
  for (const sql of TABLES) await cluster.query(primary, sql);
});

beforeEach(() => here.mark());

// Each test leaves three members that are online, whoever is the primary.
afterEach(async () => {
  await here.endAll();
  const { cluster } = here;
  if ((await stateOf(cluster.primary)) !== 'ONLINE') await cluster.promote();
  for (const node of cluster.nodes) {
    if (node !== cluster.primary && (await stateOf(node)) !== 'ONLINE') await cluster.rebuild(node);
  }
  await cluster.query(cluster.primary, 'DELETE FROM shop.kv');
  await cluster.waitForReplication();
});

const names = (nodes: readonly TestNode[]): string[] => nodes.map((node) => node.name).sort();

async function stateOf(node: TestNode): Promise<unknown> {
  if (node.state !== 'running') return node.state;
  const sql =
    'SELECT MEMBER_STATE AS state FROM performance_schema.replication_group_members WHERE MEMBER_ID = @@server_uuid';
  return (await here.cluster.query<RowDataPacket[]>(node, sql))[0]?.state;
}

function statusOf(pool: ClusteredPromisePool, { address }: TestNode): NodeStatus {
  return pool.cluster.status().nodes.find((node) => node.address === address)!;
}

/** Statements on a connection of its own, which holds what they lock until the test ends. */
async function hold(node: TestNode, ...statements: string[]): Promise<() => void> {
  const { user, password } = here.cluster.credentials.root;
  const connection = await createConnection({ host: node.host, port: node.serverPort, user, password });
  const release = here.use(
    () => connection.destroy(),
    (end) => end(),
  );
  for (const sql of statements) await connection.query(sql);
  return release;
}

describe('a group', { timeout: TEST_MS }, () => {
  it('from one seed, a secondary: all members and their roles are found, and nothing is missing', async () => {
    const pool = await here.pool({ nodes: [here.replica(0).address] });
    const { nodes, primary, splitBrain, because } = pool.cluster.status();
    expect([primary, because, splitBrain]).toEqual([here.primary.address, 'its group names it', []]);
    expect(nodes.map(({ id }) => id).sort()).toEqual(here.cluster.nodes.map(({ serverUuid }) => serverUuid).sort());
    expect(nodes.map(({ replication }) => replication)).toEqual(['running', 'running', 'running']);
    expect(nodes.map(({ kind }) => kind)).toEqual(Array(3).fill('group-replication'));
    expect(nodes.map(({ group }) => group?.members.length)).toEqual([3, 3, 3]);
    expect(nodes.flatMap(({ missingGrants }) => missingGrants)).toEqual([]);
    await until(() => pool.cluster.status().nodes.every(({ lag }) => lag === undefined || lag.source === 'watermark'));
  });

  it('reads run on both secondaries, writes and locking reads on the primary', async () => {
    const pool = await here.pool();
    expect(await readersOf(pool, names(here.cluster.replicas))).toEqual(names(here.cluster.replicas));
    expect(await nameOf(pool, 'SELECT name FROM whoami FOR UPDATE')).toBe(here.primary.name);
    await pool.query('INSERT INTO kv VALUES (1, 1)');
    expect(await here.cluster.query(here.primary, 'SELECT n FROM shop.kv')).toEqual([{ n: 1 }]);
  });

  it('an account that may not see views works by read-only, and is told what it lacks', async () => {
    const { user, password } = here.cluster.credentials.plain;
    const pool = here.use(createPool(here.options({}, { user, password })), (made) => made.end());
    await pool.cluster.ready(30_000);
    await until(() => pool.cluster.status().nodes.filter(({ role }) => role === 'replica').length === 2);
    expect(await staleReads(pool, 20)).toEqual([]);
    const missing = pool.cluster.status().nodes.map(({ missingGrants }) => missingGrants);
    expect(missing).toEqual(Array(3).fill(['SELECT on performance_schema.*']));
    await here.cluster.switchover();
    await pool.query('INSERT INTO kv VALUES (1000, 1000)');
    expect(pool.cluster.status().primary).toBe(here.primary.address);
  });
});

describe('freshness in a group', { timeout: TEST_MS }, () => {
  it(`own writes: ${PAIRS} pairs are never stale, also while one secondary applies nothing`, async () => {
    const pool = await here.pool({ consistencyWaitMs: 30_000 });
    const before = trafficOf(pool, here.replica(1)).reads;
    expect(await staleReads(pool, PAIRS)).toEqual([]);
    await here.cluster.stopReplication(here.replica(0), 'sql');
    await here.cluster.query(here.primary, 'DELETE FROM shop.kv');
    expect(await staleReads(pool, PAIRS, 'execute')).toEqual([]);
    expect(trafficOf(pool, here.replica(1)).reads - before).toBeGreaterThan(PAIRS / 2);
    await here.cluster.startReplication(here.replica(0));
  });

  it('a secondary that applies nothing serves no read once it is too old, and the other one stays fresh', async () => {
    const pool = await here.pool({ consistency: 'eventual', maxLagMs: 1500 });
    const [behind, other] = [here.replica(0), here.replica(1)];
    const running = here.use(new Load(pool, { writers: 2 }), (load) => load.stop());
    await here.cluster.stopReplication(behind, 'sql');
    await until(() => (statusOf(pool, behind).lag?.high ?? Number.POSITIVE_INFINITY) > 1500);
    const { reads } = trafficOf(pool, behind);
    for (let i = 0; i < 50; i++) expect(await nameOf(pool)).toBe(other.name);
    expect(trafficOf(pool, behind).reads).toBe(reads);
    expect(statusOf(pool, behind).lag?.low).toBeGreaterThan(0);
    expect(statusOf(pool, other).lag?.high).toBeLessThan(1500);
    await here.cluster.startReplication(behind);
    expect(await readersOf(pool, names(here.cluster.replicas))).toEqual(names(here.cluster.replicas));
    expect((await running.stop()).failures).toEqual([]);
  });
});

describe('members of a group', { timeout: TEST_MS }, () => {
  it('one that leaves serves nothing, nor while it joins again', async () => {
    const pool = await here.pool({ consistency: 'eventual' });
    const [node, other] = [here.replica(0), here.replica(1)];
    await here.cluster.stopReplication(node);
    await until(() => statusOf(pool, node).role === 'unknown');
    expect(statusOf(pool, node).because).toContain('has left');
    await pool.query('INSERT INTO written VALUES (?)', [nextId()]);
    // What it has missed it cannot apply as long as the table is locked there: it stays where it is.
    const release = await hold(node, 'LOCK TABLES shop.written READ');
    const joining = here.cluster.startReplication(node);
    await until(() => statusOf(pool, node).because.includes('joins'));
    expect(await stateOf(node)).toBe('RECOVERING');
    for (let i = 0; i < 30; i++) expect(await nameOf(pool)).toBe(other.name);
    release();
    await joining;
    expect(await readersOf(pool, names([node, other]))).toEqual(names([node, other]));
  });

  it('a switch of the primary under load costs no error', async () => {
    const pool = await here.pool();
    const running = here.use(new Load(pool, { writers: 4, readers: 4 }), (load) => load.stop());
    await until(() => running.writes > 50);
    for (let round = 0; round < 2; round++) {
      const { generation } = pool.cluster.status();
      await here.cluster.switchover();
      await until(() => pool.cluster.status().generation > generation);
      const { writes } = running;
      await until(() => running.writes > writes + 50);
      expect(pool.cluster.status().primary).toBe(here.primary.address);
    }
    const result = await running.stop();
    expect([result.failures, result.unknown]).toEqual([[], []]);
    expect(await damage(here.cluster, result)).toEqual({ lost: [], doubled: [] });
  });

  it('the primary is killed: the pool follows the election, and the old one, writable by mistake, gets nothing', async () => {
    const pool = await here.pool();
    const others = await here.pool({ consistency: 'eventual' });
    const running = here.use(new Load(pool, { writers: 6 }), (load) => load.stop());
    const reading = here.use(new Load(others, { readers: 4 }), (load) => load.stop());
    await until(() => running.writes > 50 && reading.reads > 50);
    const old = here.primary;
    await here.cluster.kill(old);
    const [writes, reads] = [running.writes, reading.reads];
    await until(() => pool.cluster.status().held >= 1);
    const elected = await here.cluster.promote();
    await until(() => running.writes > writes + 50 && reading.reads > reads + 50);
    expect(pool.cluster.status().primary).toBe(elected.address);
    await here.cluster.start(old);
    await until(() => statusOf(pool, old).because.includes('has left'));
    expect(await here.cluster.query(old, 'SELECT @@GLOBAL.super_read_only AS ro')).toEqual([{ ro: 0 }]);
    expect([pool.cluster.status().primary, pool.cluster.status().splitBrain]).toEqual([elected.address, []]);
    await here.cluster.rebuild(old);
    await until(() => statusOf(pool, old).role === 'replica');
    const result = await running.stop();
    expect([result.failures, (await reading.stop()).failures]).toEqual([[], []]);
    expect(result.unknown.length).toBeLessThanOrEqual(6);
    expect(await damage(here.cluster, result)).toEqual({ lost: [], doubled: [] });
  });
});

describe('a group that is cut apart', { timeout: TEST_MS }, () => {
  it('no write is accepted by the minority, although it calls itself the primary; writes go where the majority is', async () => {
    const pool = await here.pool();
    await pool.query('SELECT id FROM written FOR UPDATE');
    const old = here.primary;
    await here.cluster.partition(old, { clients: false });
    const stuck = Array.from({ length: 3 }, nextId);
    const sent = stuck.map((id) => failureOf(pool.query('INSERT INTO written VALUES (?)', [id])));
    const elected = await here.cluster.promote();
    await until(() => pool.cluster.status().primary === elected.address);
    const id = nextId();
    await pool.query('INSERT INTO written VALUES (?)', [id]);
    expect(await here.cluster.query(old, 'SELECT @@GLOBAL.super_read_only AS ro')).toEqual([{ ro: 0 }]);
    // The server would keep them until the members find each other again.
    for (const failure of await Promise.all(sent)) expect(failure).toMatchObject({ code: 'WRITE_OUTCOME_UNKNOWN' });
    await here.cluster.heal(old);
    await until(() => statusOf(pool, old).role === 'replica');
    expect([pool.cluster.status().primary, pool.cluster.status().splitBrain]).toEqual([elected.address, []]);
    await here.cluster.waitForReplication();
    for (const node of here.cluster.nodes) {
      const found = await written(here.cluster, node);
      expect([found.get(id), ...stuck.map((other) => found.get(other))]).toEqual([1, undefined, undefined, undefined]);
    }
  });

  it('without a majority there is no primary and reads go on; a write waits, and runs when the majority is back', async () => {
    const pool = await here.pool();
    const patient = await here.pool({ consistency: 'eventual' });
    const hurried = await here.pool({ failover: { holdMs: 300 } });
    const [primary, one, other] = [here.primary, here.replica(0), here.replica(1)];
    await expelAfter(60);
    await here.cluster.pause(primary);
    await here.cluster.pause(one);
    await until(() => patient.cluster.status().because.includes('lost its majority'));
    await until(() => [pool, hurried].every(({ cluster }) => cluster.status().primary === undefined));
    expect(await nameOf(patient)).toBe(other.name);
    expect(await failureOf(hurried.query('INSERT INTO kv VALUES (1, 1)'))).toMatchObject({ code: 'FAILOVER_TIMEOUT' });
    const held = pool.query('INSERT INTO kv VALUES (2, 2)');
    held.catch(() => undefined);
    await until(() => pool.cluster.status().held === 1);
    await here.cluster.resume(primary);
    await here.cluster.resume(one);
    await held;
    expect(await rowsOf(pool, 'SELECT id FROM kv')).toEqual([{ id: 2 }]);
    expect(pool.cluster.status().primary).toBe(primary.address);
    await expelAfter(0);
  });
});

/** How long members are given that cannot be reached: with 0 those that are back at last are expelled first of all. */
async function expelAfter(seconds: number): Promise<void> {
  const sql = `SET GLOBAL group_replication_member_expel_timeout = ${seconds}`;
  for (const node of here.cluster.nodes) await here.cluster.query(node, sql);
}

describe('a group with several primaries', { timeout: TEST_MS }, () => {
  const many = lab({ groupReplication: { multiPrimary: true } }, async ({ cluster, primary }) => {
    for (const sql of TABLES) await cluster.query(primary, sql);
  });

  it('all processes write to the same one, to another when that is gone, and stay there', async () => {
    const pools = await Promise.all(many.cluster.nodes.map(({ address }) => many.pool({ nodes: [address] })));
    const chosen = (): (string | undefined)[] => [...new Set(pools.map(({ cluster }) => cluster.status().primary))];
    const [first] = chosen();
    expect(chosen()).toEqual([first]);
    expect(await nameOf(pools[0]!, 'SELECT @@port AS name')).not.toBe(first?.split(':')[1]);
    const node = many.cluster.nodes.find(({ address }) => address === first)!;
    await many.cluster.kill(node);
    await Promise.all(pools.map((pool) => pool.query('INSERT INTO written VALUES (?)', [nextId()])));
    const [next] = chosen();
    expect([chosen(), next === first]).toEqual([[next], false]);
    await many.endAll();
  });
});
