import { createConnection } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ClusteredPromisePool, createPool, type NodeStatus } from '../../src/promise.js';
import type { TestNode } from '../../src/testing/index.js';
import { failureOf, lab, nameOf, pause, readersOf, rowsOf, TEST_MS, until } from './support/lab.js';
import { damage, Load, nextId, written } from './support/load.js';
import { staleReads, staysFresh } from './support/reads.js';

const PAIRS = 300;

// Unpacks MariaDB and Galera from Debian where neither is found, and says so when it cannot.
/** Until a cluster of Galera has expelled a node that died, or taken one in, on a busy machine. */
const REFORM_MS = 60_000;

const here = lab({ galera: true }, async ({ cluster, primary }) => {
  for (const sql of TABLES) await cluster.query(primary, sql);
});

const TABLES = [
  'CREATE TABLE shop.kv (id INT PRIMARY KEY, n INT NOT NULL, UNIQUE KEY (n))',
  'CREATE TABLE shop.beat (id INT PRIMARY KEY, n INT NOT NULL)',
  'INSERT INTO shop.beat VALUES (1, 0)',
  'CREATE TABLE shop.written (id INT NOT NULL)',
  'CREATE TABLE shop.log (name VARCHAR(20))',
];

beforeEach(() => here.mark());

// Each test leaves three nodes that are synced.
afterEach(async () => {
  await here.endAll();
  const { cluster } = here;
  const down = cluster.nodes.filter(({ state }) => state === 'down');
  for (const node of down) await cluster.start(node);
  for (const node of cluster.nodes) {
    await cluster.query(node, "SET GLOBAL wsrep_desync = OFF, GLOBAL wsrep_reject_queries = 'NONE'");
  }
  await until(async () => (await statesOf()).every((state) => state === 'Primary Synced 3'));
  await cluster.query(cluster.primary, 'DELETE FROM shop.kv');
  await cluster.waitForReplication();
});

async function statesOf(): Promise<string[]> {
  const names = "'wsrep_cluster_status', 'wsrep_local_state_comment', 'wsrep_cluster_size'";
  const sql = `SHOW STATUS WHERE variable_name IN (${names})`;
  const { cluster } = here;
  const answers = await Promise.all(cluster.nodes.map((node) => cluster.query(node, sql)));
  return answers.map((rows) => {
    const told = new Map(rows.map((row) => [row.Variable_name, row.Value]));
    return ['cluster_status', 'local_state_comment', 'cluster_size'].map((name) => told.get(`wsrep_${name}`)).join(' ');
  });
}

const names = (nodes: readonly TestNode[]): string[] => nodes.map((node) => node.name).sort();

const others = (node: TestNode): TestNode[] => here.cluster.nodes.filter((other) => other !== node);

function statusOf(pool: ClusteredPromisePool, { address }: TestNode): NodeStatus {
  return pool.cluster.status().nodes.find((node) => node.address === address)!;
}

/** The node that the pool writes to. */
function writerOf(pool: ClusteredPromisePool): TestNode {
  const { primary } = pool.cluster.status();
  return here.cluster.nodes.find(({ address }) => address === primary)!;
}

/** Has a node apply nothing for a while, again and again, until the test ends. */
async function hinder(node: TestNode, table: string): Promise<void> {
  const { user, password } = here.cluster.credentials.root;
  const connection = await createConnection({ host: node.host, port: node.serverPort, user, password });
  let hindering = true;
  const loop = (async () => {
    while (hindering) {
      await connection.query(`LOCK TABLES ${table} READ`);
      await pause(600);
      await connection.query('UNLOCK TABLES');
      await pause(300);
    }
    connection.destroy();
  })();
  here.use(loop, async () => {
    hindering = false;
    await loop;
  });
}

describe('a Galera cluster', { timeout: TEST_MS }, () => {
  it('from one seed: all nodes are found, one takes the writes', async () => {
    const pool = await here.pool({ nodes: [here.replica(1).address] });
    const { nodes, splitBrain } = pool.cluster.status();
    const { cluster } = here;
    expect(nodes.map(({ address }) => address).sort()).toEqual(cluster.nodes.map(({ address }) => address).sort());
    expect(nodes.map(({ kind }) => kind)).toEqual(['galera', 'galera', 'galera']);
    expect(nodes.map(({ role }) => role).sort()).toEqual(['primary', 'replica', 'replica']);
    expect(nodes.flatMap(({ missingGrants }) => missingGrants)).toEqual([]);
    expect(splitBrain).toEqual([]);
    expect(new Set(nodes.map(({ group }) => `${group?.name} ${group?.view} ${group?.quorum}`)).size).toBe(1);
  });

  it('processes that begin agree on the writer, whichever node they know first', async () => {
    const writers = new Set<string | undefined>();
    for (const first of here.cluster.nodes) {
      const seeds = [first, ...others(first)].map(({ address }) => address);
      writers.add((await here.pool({ nodes: seeds })).cluster.status().primary);
      writers.add((await here.pool({ nodes: [first.address] })).cluster.status().primary);
    }
    expect([...writers]).toHaveLength(1);
  });

  it('reads run on the other two, writes and locking reads on the writer', async () => {
    const pool = await here.pool();
    const writer = writerOf(pool);
    expect(await readersOf(pool, names(others(writer)))).toEqual(names(others(writer)));
    expect(await nameOf(pool, 'SELECT name FROM whoami FOR UPDATE')).toBe(writer.name);
    await pool.query('INSERT INTO log SELECT name FROM whoami');
    expect(await rowsOf(pool, 'SELECT DISTINCT name FROM log')).toEqual([{ name: writer.name }]);
  });

  it('an account without grants: reads are spread, own writes seen', async () => {
    const { user, password } = here.cluster.credentials.plain;
    const pool = here.use(createPool(here.options({}, { user, password })), (made) => made.end());
    await pool.cluster.ready(30_000);
    await until(() => pool.cluster.status().nodes.filter(({ role }) => role === 'replica').length === 2);
    expect(await staleReads(pool, 50)).toEqual([]);
    const readers = names(others(writerOf(pool)));
    expect(await readersOf(pool, readers)).toEqual(expect.arrayContaining(readers));
    expect(pool.cluster.status().nodes.map(({ missingGrants }) => missingGrants)).toEqual(
      Array(3).fill(['SLAVE MONITOR']),
    );
  });
});

describe('own writes on Galera', { timeout: TEST_MS }, () => {
  it.each(['query', 'execute'] as const)(`${PAIRS} pairs by %s: never stale`, async (protocol) => {
    const pool = await here.pool();
    expect(await staleReads(pool, PAIRS, protocol)).toEqual([]);
  });

  it('reads that ask for a replica wait for it, while one applies in fits and starts', async () => {
    const pool = await here.pool({ consistencyWaitMs: 2000 });
    await hinder(others(writerOf(pool))[0]!, 'shop.kv');
    const stale: number[] = [];
    for (let id = 1; id <= 60; id++) {
      await pool.query('INSERT INTO kv VALUES (?, ?)', [id, id]);
      const sql = `SELECT n FROM kv WHERE id = ${id}`;
      if ((await rowsOf(pool, { sql, cluster: { route: 'replica' } }))[0]?.n !== id) stale.push(id);
    }
    expect(stale).toEqual([]);
  });

  it("a write's own GTID is of another numbering: reads go to replicas again at once", async () => {
    const pool = await here.pool();
    const writer = writerOf(pool);
    for (let id = 1; id <= 5; id++) {
      await pool.query('INSERT INTO kv VALUES (?, ?)', [id, id]);
      await until(async () => (await nameOf(pool)) !== writer.name, 2000);
      expect(await rowsOf(pool, `SELECT n FROM kv WHERE id = ${id}`)).toEqual([{ n: id }]);
    }
  });

  it('a transaction that fails certification at COMMIT brings 1213 as it is, and is rolled back', async () => {
    const pool = await here.pool();
    const [other] = others(writerOf(pool));
    await pool.query('INSERT INTO kv VALUES (1, 1)');
    await here.cluster.waitForReplication();
    const connection = await pool.getConnection();
    await connection.beginTransaction();
    await connection.query('UPDATE kv SET n = 10 WHERE id = 1');
    await here.cluster.query(other!, 'UPDATE shop.kv SET n = 20 WHERE id = 1');
    expect(await failureOf(connection.commit())).toMatchObject({ errno: 1213 });
    await connection.rollback();
    connection.release();
    expect(await rowsOf(pool, 'SELECT n FROM kv WHERE id = 1 FOR UPDATE')).toEqual([{ n: 20 }]);
  });
});

describe('freshness on Galera', { timeout: TEST_MS }, () => {
  it('no read is older than maxLagMs while a node applies in fits and starts', () =>
    staysFresh(here, (node) => hinder(node, 'shop.beat')));
});

/** The number of the group's view, which grows with each. */
async function viewOf(node: TestNode): Promise<number> {
  const [row] = await here.cluster.query(node, "SHOW GLOBAL STATUS LIKE 'wsrep_cluster_conf_id'");
  return Number(row?.Value);
}

describe('the writer of a Galera cluster changes', { timeout: TEST_MS }, () => {
  it('it is killed: nothing acknowledged is lost or doubled, and it comes back as a reader', async () => {
    const pool = await here.pool();
    const old = writerOf(pool);
    // What joins has to apply all that is written meanwhile, beside all that it missed.
    const running = here.use(new Load(pool, { writers: 6, readers: 4, pauseMs: 3 }), (load) => load.stop());
    await until(() => running.writes > 50 && running.reads > 50);
    const [other] = others(old);
    const before = await viewOf(other!);
    await here.cluster.kill(old);
    const [writes, reads] = [running.writes, running.reads];
    await until(() => running.writes > writes + 50 && running.reads > reads + 50, REFORM_MS);
    expect(writerOf(pool).name).not.toBe(old.name);
    await here.cluster.start(old);
    await until(() => statusOf(pool, old).role === 'replica', REFORM_MS);
    // While others write all the time, reads that must see it all stay with the writer.
    const read = { sql: 'SELECT name FROM whoami', cluster: { consistency: 'eventual' } };
    await until(async () => (await nameOf(pool, read)) === old.name, REFORM_MS);
    const result = await running.stop();
    expect(result.failures).toEqual([]);
    // One for each writer and change of the view at most, as when the rest forms anew or the node is back, and at the kill itself.
    const views = (await viewOf(other!)) - before;
    expect(result.unknown.length).toBeLessThanOrEqual(6 * (views + 1));
    await here.cluster.waitForReplication();
    expect(await damage(here.cluster, result)).toEqual({ lost: [], doubled: [] });
    expect(await staleReads(pool, 50)).toEqual([]);
  });

  it('it is desynced: writes and reads move to the others, without an error', async () => {
    const pool = await here.pool();
    const warnings: string[] = [];
    pool.cluster.on('warning', ({ code }) => warnings.push(code));
    const old = writerOf(pool);
    const running = here.use(new Load(pool, { writers: 4, readers: 4 }), (load) => load.stop());
    await until(() => running.writes > 50);
    await here.cluster.query(old, 'SET GLOBAL wsrep_desync = ON');
    await until(() => writerOf(pool) !== undefined && writerOf(pool) !== old);
    expect(statusOf(pool, old)).toMatchObject({ role: 'unknown', group: { state: 'donor' } });
    const { writes } = running;
    await until(() => running.writes > writes + 50);
    await here.cluster.query(old, 'SET GLOBAL wsrep_desync = OFF');
    await until(() => statusOf(pool, old).role === 'replica');
    const result = await running.stop();
    // The GTIDs that the old writer tracked would be missing on the new one.
    expect([result.failures, result.unknown, warnings]).toEqual([[], [], []]);
    await here.cluster.waitForReplication();
    expect(await damage(here.cluster, result)).toEqual({ lost: [], doubled: [] });
  });

  it('it refuses all statements: they run on another node', async () => {
    const pool = await here.pool({ monitor: { intervalMs: 5000 } });
    const old = writerOf(pool);
    const running = here.use(new Load(pool, { writers: 4 }), (load) => load.stop());
    await until(() => running.writes > 50);
    await here.cluster.query(old, "SET GLOBAL wsrep_reject_queries = 'ALL'");
    await until(() => writerOf(pool) !== undefined && writerOf(pool) !== old, 3000);
    const { writes } = running;
    await until(() => running.writes > writes + 50);
    const result = await running.stop();
    expect([result.failures, result.unknown]).toEqual([[], []]);
    await here.cluster.query(old, "SET GLOBAL wsrep_reject_queries = 'NONE'");
    await here.cluster.waitForReplication();
    expect(await damage(here.cluster, result)).toEqual({ lost: [], doubled: [] });
  });
});

describe('readers of a Galera cluster', { timeout: TEST_MS }, () => {
  it('one is desynced, and one refuses all statements: reads run elsewhere', async () => {
    const pool = await here.pool({ consistency: 'eventual' });
    const [first, second] = others(writerOf(pool));
    const running = here.use(new Load(pool, { readers: 4 }), (load) => load.stop());
    await here.cluster.query(first!, 'SET GLOBAL wsrep_desync = ON');
    await until(() => statusOf(pool, first!).role === 'unknown');
    expect(await readersOf(pool, [second!.name])).toEqual([second!.name]);
    await here.cluster.query(first!, 'SET GLOBAL wsrep_desync = OFF');
    await here.cluster.query(second!, "SET GLOBAL wsrep_reject_queries = 'ALL'");
    await until(() => statusOf(pool, second!).role === 'unknown' && statusOf(pool, first!).role === 'replica');
    expect(await readersOf(pool, [first!.name])).toEqual([first!.name]);
    expect((await running.stop()).failures).toEqual([]);
  });
});

describe('a minority of a Galera cluster', { timeout: TEST_MS }, () => {
  it('takes no write and serves no read; what was held runs once it is told to go on alone, and others join it', async () => {
    const pool = await here.pool({ failover: { holdMs: 60_000 } });
    const writer = writerOf(pool);
    const running = here.use(new Load(pool, { writers: 4 }), (load) => load.stop());
    await until(() => running.writes > 50);
    await Promise.all(others(writer).map((node) => here.cluster.kill(node)));
    await until(() => pool.cluster.status().primary === undefined && pool.cluster.status().held >= 4);
    expect(statusOf(pool, writer)).toMatchObject({ role: 'primary', group: { quorum: false } });
    const impatient = here.use(createPool(here.options({ failover: { holdMs: 500 } })), (made) => made.end());
    expect(await failureOf(impatient.query('SELECT name FROM whoami'))).toMatchObject({ code: 'FAILOVER_TIMEOUT' });
    const id = nextId();
    const held = pool.execute('INSERT INTO written VALUES (?)', [id]);
    held.catch(() => undefined);
    await pause(1000);
    const { writes } = running;
    await pause(500);
    expect(running.writes).toBe(writes);
    await here.cluster.query(writer, "SET GLOBAL wsrep_provider_options = 'pc.bootstrap=YES'");
    await held;
    for (const node of others(writer)) await here.cluster.start(node);
    await until(() => running.writes > writes + 50);
    const result = await running.stop();
    expect(result.failures).toEqual([]);
    await here.cluster.waitForReplication();
    expect(await damage(here.cluster, result)).toEqual({ lost: [], doubled: [] });
    expect((await written(here.cluster, here.primary)).get(id)).toBe(1);
  });
});
