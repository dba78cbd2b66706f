import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ClusteredPromisePool, createPool } from '../../src/promise.js';
import type { TestNode } from '../../src/testing/index.js';
import { failureOf, lab, nameOf, readersOf, rowsOf, TEST_MS, until } from './support/lab.js';
import { damage, holdsWrite, Load } from './support/load.js';
import { staleReads, staysFresh, trafficOf } from './support/reads.js';

const PAIRS = 300;

const here = lab({ flavor: 'mariadb', semiSync: { timeoutMs: 10_000 } }, async ({ cluster, primary }) => {
  for (const sql of TABLES) await cluster.query(primary, sql);
});

const TABLES = [
  'CREATE TABLE shop.kv (id INT PRIMARY KEY, n INT NOT NULL, UNIQUE KEY (n))',
  'CREATE TABLE shop.beat (id INT PRIMARY KEY, n INT NOT NULL)',
  'INSERT INTO shop.beat VALUES (1, 0)',
  'CREATE TABLE shop.written (id INT NOT NULL)',
  'CREATE TABLE shop.log (name VARCHAR(20))',
  `CREATE FUNCTION shop.noted() RETURNS INT READS SQL DATA BEGIN
   INSERT INTO shop.log VALUES ('noted'); RETURN 7; END`,
];

beforeEach(() => here.mark());

// Each test leaves three nodes that replicate, whoever is the primary.
afterEach(async () => {
  await here.endAll();
  const { cluster } = here;
  for (const node of cluster.nodes) {
    if (node !== cluster.primary) await cluster.rebuild(node);
  }
  for (const node of cluster.replicas) await cluster.setDelay(node, 0);
  await cluster.query(cluster.primary, 'DELETE FROM shop.kv');
  await cluster.waitForReplication();
});

const names = (nodes: readonly TestNode[]): string[] => nodes.map((node) => node.name).sort();

function readsOn(pool: ClusteredPromisePool, role: 'primary' | 'replica'): number {
  return pool.cluster
    .status()
    .nodes.filter((node) => node.role === role)
    .reduce((sum, { traffic }) => sum + traffic.reads, 0);
}

describe('a cluster of MariaDB', { timeout: TEST_MS }, () => {
  it('from one seed, a replica: all nodes and their roles are found', async () => {
    const pool = await here.pool({ nodes: [here.replica(0).address] });
    const { nodes, primary, splitBrain } = pool.cluster.status();
    expect(primary).toBe(here.primary.address);
    expect(nodes.map(({ address }) => address).sort()).toEqual(here.cluster.nodes.map(({ address }) => address).sort());
    expect(nodes.filter(({ role }) => role === 'replica').map(({ replication }) => replication)).toEqual([
      'running',
      'running',
    ]);
    expect(nodes.map(({ id }) => id).sort()).toEqual(
      here.cluster.nodes.map(({ serverId, address }) => `${serverId}@${address}`).sort(),
    );
    expect(nodes.flatMap(({ missingGrants }) => missingGrants)).toEqual([]);
    expect(splitBrain).toEqual([]);
    await until(() => pool.cluster.status().nodes.every(({ lag }) => lag === undefined || lag.source === 'watermark'));
  });

  it('two names of one server are one node', async () => {
    const { host, port, serverPort } = here.primary;
    const pool = await here.pool({ nodes: [`${host}:${port}`, `${host}:${serverPort}`] });
    await until(() => pool.cluster.status().nodes.some(({ addresses }) => addresses.length === 2));
    expect(pool.cluster.status().nodes).toHaveLength(3);
  });

  it('reads run on both replicas, writes and locking reads on the primary', async () => {
    const pool = await here.pool();
    expect(await readersOf(pool, names(here.cluster.replicas))).toEqual(names(here.cluster.replicas));
    expect(await nameOf(pool, 'SELECT name FROM whoami FOR UPDATE')).toBe(here.primary.name);
    expect(await nameOf(pool, 'SELECT name FROM whoami LOCK IN SHARE MODE')).toBe(here.primary.name);
    await pool.query('INSERT INTO log SELECT name FROM whoami');
    expect(await rowsOf(pool, 'SELECT DISTINCT name FROM log')).toEqual([{ name: here.primary.name }]);
  });

  it('an account without replication grants: reads are spread, own writes seen, and what is missing is named', async () => {
    const { user, password } = here.cluster.credentials.plain;
    const pool = here.use(createPool(here.options({ consistencyWaitMs: 30_000 }, { user, password })), (made) =>
      made.end(),
    );
    const warnings: string[] = [];
    pool.cluster.on('warning', ({ code }) => warnings.push(code));
    await pool.cluster.ready(30_000);
    await until(() => pool.cluster.status().nodes.filter(({ role }) => role === 'replica').length === 2);
    for (let id = 1; id <= 20; id++) {
      await pool.query('INSERT INTO kv VALUES (?, ?)', [id, id]);
      expect(await rowsOf(pool, `SELECT n FROM kv WHERE id = ${id}`)).toEqual([{ n: id }]);
    }
    expect(readsOn(pool, 'replica')).toBeGreaterThan(0);
    expect(pool.cluster.status().nodes.map(({ missingGrants }) => missingGrants)).toEqual(
      Array(3).fill(['SLAVE MONITOR']),
    );
    expect(warnings).toEqual(['MISSING_GRANT']);

    await here.cluster.kill(here.primary);
    const promoted = await here.cluster.promote();
    await pool.query('INSERT INTO kv VALUES (1000, 1000)');
    expect(pool.cluster.status().primary).toBe(promoted.address);
  });
});

describe('own writes on MariaDB', { timeout: TEST_MS }, () => {
  it(`${PAIRS} pairs: never stale, and replicas serve`, async () => {
    const pool = await here.pool({ consistencyWaitMs: 30_000 });
    expect(await staleReads(pool, PAIRS)).toEqual([]);
    expect(readsOn(pool, 'replica')).toBeGreaterThan(PAIRS / 2);
  });

  it(`${PAIRS} pairs with one replica 1 s behind: never stale, and replicas serve`, async () => {
    await here.cluster.setDelay(here.replica(0), 1);
    const pool = await here.pool({ consistencyWaitMs: 30_000 });
    expect(await staleReads(pool, PAIRS, 'execute')).toEqual([]);
    expect(readsOn(pool, 'replica')).toBeGreaterThan(0);
  });

  it('both replicas 1 s behind: transactions, CALL, RETURNING, and what brings no GTID', async () => {
    for (const node of here.cluster.replicas) await here.cluster.setDelay(node, 1);
    const pool = await here.pool();
    const seen = async (id: number): Promise<void> =>
      expect(await rowsOf(pool, `SELECT n FROM kv WHERE id = ${id}`)).toEqual([{ n: id }]);
    const connection = await pool.getConnection();
    await connection.beginTransaction();
    await connection.query('INSERT INTO kv VALUES (1, 1)');
    await connection.commit();
    connection.release();
    await seen(1);
    await pool.query('CREATE OR REPLACE PROCEDURE put(i INT) BEGIN INSERT INTO kv VALUES (i, i); SELECT i; END');
    await pool.query('CALL put(2)');
    await seen(2);
    await pool.query('INSERT INTO kv VALUES (3, 3) RETURNING id');
    await seen(3);
    await here.cluster.query(here.primary, 'INSERT INTO shop.kv VALUES (4, 4)');
    expect(await failureOf(pool.query('INSERT INTO kv VALUES (4, 4)'))).toMatchObject({ errno: 1062 });
    await seen(4);
    await pool.query('CREATE OR REPLACE TABLE made (id INT)');
    expect(await rowsOf(pool, 'SELECT id FROM made')).toEqual([]);
  });
});

describe('freshness on MariaDB', { timeout: TEST_MS }, () => {
  it('no read is older than maxLagMs while a replica is 1 s behind and the primary writes all the time', async () => {
    await staysFresh(here);
  });

  it('a replica that has transactions of its own, by which its position is higher, serves no read', async () => {
    const odd = here.replica(0);
    const pool = await here.pool();
    await here.cluster.query(odd, 'SET GLOBAL read_only = 0');
    for (let i = 0; i < 5; i++) await here.cluster.query(odd, "INSERT INTO shop.log VALUES ('own')");
    await here.cluster.query(odd, 'SET GLOBAL read_only = 1');
    await pool.query('INSERT INTO kv VALUES (1, 1)');
    await until(() => pool.cluster.status().nodes.some(({ replication }) => replication === 'broken'));
    const before = trafficOf(pool, odd).reads;
    for (let i = 0; i < 20; i++) expect(await rowsOf(pool, 'SELECT n FROM kv WHERE id = 1')).toEqual([{ n: 1 }]);
    expect(trafficOf(pool, odd).reads).toBe(before);
    // Built anew it has another server id at the same address: another node, and a replica again.
    await here.cluster.rebuild(odd);
    await until(async () => (await nameOf(pool, 'SELECT @@port AS name')) === String(odd.serverPort));
  });
});

describe('the nets on MariaDB', { timeout: TEST_MS }, () => {
  it("a write on a replica's lease is refused with 1792, even when the node is writable", async () => {
    const pool = await here.pool();
    const leases: RawConnection[] = [];
    pool.pool.on('connection', (lease) => leases.push(lease as never));
    await nameOf(pool);
    const lease = leases[0]!;
    const node = here.cluster.replicas.find(({ port }) => port === lease.config.port)!;
    await here.cluster.query(node, 'SET GLOBAL read_only = 0');
    const sent = new Promise((_resolve, reject) => lease.query("INSERT INTO log VALUES ('x')", reject));
    expect(await failureOf(sent)).toMatchObject({ errno: 1792 });
    await here.cluster.query(node, 'SET GLOBAL read_only = 1');
  });

  it('a misrouted write is refused by the replica and runs once, on the primary', async () => {
    const pool = await here.pool({ readOnlyFunctions: ['noted'] });
    expect(await rowsOf(pool, 'SELECT noted() AS n')).toEqual([{ n: 7 }]);
    expect(pool.cluster.status().totals.misrouted).toBe(1);
    const sql = "SELECT COUNT(*) AS n FROM shop.log WHERE name = 'noted'";
    expect(await here.cluster.query(here.primary, sql)).toEqual([{ n: 1 }]);
  });
});

describe('failover of MariaDB', { timeout: TEST_MS }, () => {
  it('the primary is killed: the pool follows the promotion, nothing acknowledged is lost or doubled', async () => {
    const pool = await here.pool();
    const others = await here.pool({ consistency: 'eventual' });
    const running = here.use(new Load(pool, { writers: 6 }), (load) => load.stop());
    const reading = here.use(new Load(others, { readers: 4 }), (load) => load.stop());
    await until(() => running.writes > 50 && reading.reads > 50);
    const old = here.primary;
    await here.cluster.kill(old);
    const [writes, reads] = [running.writes, reading.reads];
    await until(() => pool.cluster.status().held >= 1);
    const promoted = await here.cluster.promote();
    await until(() => running.writes > writes + 50 && reading.reads > reads + 50);
    expect(pool.cluster.status().primary).toBe(promoted.address);
    // The follower's wait works on replicas of the new primary, and the old one is a replica when it is back.
    await here.cluster.rebuild(old);
    await until(() => pool.cluster.status().nodes.filter(({ role }) => role === 'replica').length === 2);
    const result = await running.stop();
    expect([result.failures, (await reading.stop()).failures]).toEqual([[], []]);
    expect(result.unknown.length).toBeLessThanOrEqual(6);
    expect(await damage(here.cluster, result)).toEqual({ lost: [], doubled: [] });
    expect(await staleReads(pool, PAIRS)).toEqual([]);
  });

  it('a write that starts after the kill is held until the promotion', async () => {
    await holdsWrite(here);
  });

  it('a switchover under load costs no error', async () => {
    const pool = await here.pool();
    const running = here.use(new Load(pool, { writers: 4, readers: 4 }), (load) => load.stop());
    await until(() => running.writes > 50);
    await here.cluster.switchover();
    const { writes } = running;
    await until(() => running.writes > writes + 50);
    expect(pool.cluster.status().primary).toBe(here.primary.address);
    const result = await running.stop();
    expect([result.failures, result.unknown]).toEqual([[], []]);
    expect(await damage(here.cluster, result)).toEqual({ lost: [], doubled: [] });
  });
});

interface RawConnection {
  readonly config: { readonly port: number };
  query(sql: string, done: (error: Error) => void): void;
}
