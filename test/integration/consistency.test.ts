import type { ResultSetHeader } from 'mysql2/promise';
import { afterEach, describe, expect, it } from 'vitest';
import { failureOf, lab, nameOf, namesOf, pause, readersOf, rowsOf, TEST_MS, timed, until } from './support/lab.js';
import { staleReads, staysFresh } from './support/reads.js';

const PAIRS = 500;

const here = lab({}, async (made) => {
  await made.mark();
  await made.cluster.query(made.primary, 'CREATE TABLE shop.kv (id INT PRIMARY KEY, n INT NOT NULL, UNIQUE KEY (n))');
  await made.cluster.query(made.primary, 'CREATE TABLE shop.beat (id INT PRIMARY KEY, n INT NOT NULL)');
  await made.cluster.query(made.primary, 'INSERT INTO shop.beat VALUES (1, 0)');
  await made.cluster.waitForReplication();
});

const replicas = (): string[] => here.cluster.replicas.map((node) => node.name).sort();

afterEach(async () => {
  await here.endAll();
  for (const node of here.cluster.replicas) {
    await here.cluster.heal(node);
    await here.cluster.setDelay(node, 0);
    await here.cluster.startReplication(node);
  }
  await here.cluster.query(here.primary, 'DELETE FROM shop.kv');
  await here.cluster.waitForReplication();
});

describe("own writes at level 'pool'", { timeout: TEST_MS }, () => {
  it(`${PAIRS} write-then-read pairs: never stale`, async () => {
    const pool = await here.pool();
    expect(await staleReads(pool, PAIRS)).toEqual([]);
  });

  it(`${PAIRS} pairs with one replica 1 s behind: never stale, and replicas still serve`, async () => {
    await here.cluster.setDelay(here.replica(0), 1);
    const pool = await here.pool({ consistencyWaitMs: 30_000 });
    expect(await staleReads(pool, PAIRS, 'execute')).toEqual([]);
    const served = pool.cluster.status().nodes.filter((node) => node.role === 'replica' && node.traffic.reads > 0);
    expect(served.length).toBeGreaterThan(0);
  });

  it('while others write all the time: reads wait for replicas to have what was written before them, and no more', async () => {
    const pool = await here.pool({ consistencyWaitMs: 30_000 });
    // As long as somebody writes, no replica ever has all that was written.
    for (const node of here.cluster.replicas)
      await here.cluster.partition(node, { mode: 'delay', delayMs: 50, clients: false });
    let [writing, written] = [true, 0];
    const write = async (): Promise<void> => {
      for (; writing; await pause(1)) {
        const id = ++written;
        await pool.query('INSERT INTO kv VALUES (?, ?)', [id, id]);
      }
    };
    const writers = Promise.all([write(), write(), write(), write()]);
    here.use(writers, (ended) => {
      writing = false;
      return ended;
    });
    await until(() => written > 20);
    for (let id = 1_000_001; id <= 1_000_020; id++) {
      await pool.query('INSERT INTO kv VALUES (?, ?)', [id, id]);
      const sql = `SELECT (SELECT n FROM kv WHERE id = ${id}) AS n, name FROM whoami`;
      const [row] = await rowsOf(pool, sql);
      expect(row?.n).toBe(id);
      expect(replicas()).toContain(row?.name);
    }
  });

  it('replicas that had writes too late for a while are waited for again when they are in time', async () => {
    const pool = await here.pool();
    const lastWritten = async (): Promise<string> => {
      await pool.query('REPLACE INTO kv VALUES (1, 1)');
      return nameOf(pool);
    };
    for (const node of here.cluster.replicas)
      await here.cluster.partition(node, { mode: 'delay', delayMs: 400, clients: false });
    // Not waited for any more: the first reads took as long as a read may wait.
    await until(async () => (await timed(lastWritten)).ms < 50);
    expect(await lastWritten()).toBe(here.primary.name);
    for (const node of here.cluster.replicas) await here.cluster.heal(node);
    await until(async () => replicas().includes(await lastWritten()));
  });

  it('both replicas 1 s behind: never stale', async () => {
    for (const node of here.cluster.replicas) await here.cluster.setDelay(node, 1);
    const pool = await here.pool();
    expect(await staleReads(pool, PAIRS)).toEqual([]);
  });

  it('writes in a transaction on a connection are seen by the reads of the pool after COMMIT', async () => {
    await here.cluster.setDelay(here.replica(0), 1);
    const pool = await here.pool();
    for (let id = 1; id <= 30; id++) {
      const connection = await pool.getConnection();
      await connection.beginTransaction();
      await connection.query('INSERT INTO kv VALUES (?, ?)', [id, id]);
      await connection.commit();
      connection.release();
      expect(await rowsOf(pool, `SELECT n FROM kv WHERE id = ${id}`)).toEqual([{ n: id }]);
    }
  });

  it('what is written by CALL and by several statements is seen', async () => {
    await here.cluster.setDelay(here.replica(0), 1);
    await here.cluster.setDelay(here.replica(1), 1);
    const pool = await here.pool({}, { multipleStatements: true });
    await pool.query('DROP PROCEDURE IF EXISTS put');
    await pool.query('CREATE PROCEDURE put(i INT) BEGIN INSERT INTO kv VALUES (i, i); SELECT i; END');
    await pool.query('CALL put(1)');
    expect(await rowsOf(pool, 'SELECT n FROM kv WHERE id = 1')).toEqual([{ n: 1 }]);
    await pool.query('INSERT INTO kv VALUES (2, 2); INSERT INTO kv VALUES (3, 3)');
    expect(await rowsOf(pool, 'SELECT n FROM kv WHERE id > 1 ORDER BY n')).toEqual([{ n: 2 }, { n: 3 }]);
  });

  it('a schema made by this pool is there for its reads', async () => {
    await here.cluster.setDelay(here.replica(0), 1);
    await here.cluster.setDelay(here.replica(1), 1);
    const pool = await here.pool();
    for (let i = 0; i < 5; i++) {
      await pool.query(`CREATE TABLE made_${i} (id INT)`);
      expect(await rowsOf(pool, `SELECT id FROM made_${i}`)).toEqual([]);
      await pool.query(`DROP TABLE made_${i}`);
    }
  });
});

describe('writes that bring no GTID', { timeout: TEST_MS }, () => {
  // Another client wrote the row: this pool has no GTID of it, only the answer that tells that it exists.
  it.each([
    ['1062', 'INSERT INTO kv VALUES (1, 1)'],
    ['INSERT IGNORE of no row', 'INSERT IGNORE INTO kv VALUES (1, 1)'],
    ['UPDATE that changes nothing', 'UPDATE kv SET n = 1 WHERE id = 1'],
    ['a locking read', 'SELECT n FROM kv WHERE id = 1 FOR UPDATE'],
  ])('%s: later reads see what it has seen', async (_name, sql) => {
    for (const node of here.cluster.replicas) await here.cluster.setDelay(node, 1);
    const pool = await here.pool();
    for (let round = 0; round < 5; round++) {
      await here.cluster.query(here.primary, 'DELETE FROM shop.kv');
      await here.cluster.query(here.primary, 'INSERT INTO shop.kv VALUES (1, 1)');
      await pool.query(sql).catch((error: { errno?: number }) => expect(error.errno).toBe(1062));
      expect(await rowsOf(pool, 'SELECT n FROM kv WHERE id = 1')).toEqual([{ n: 1 }]);
      await pause(100);
      expect(await rowsOf(pool, 'SELECT n FROM kv WHERE id = 1')).toEqual([{ n: 1 }]);
    }
  });

  it('a failed statement of several that wrote before it failed is seen', async () => {
    for (const node of here.cluster.replicas) await here.cluster.setDelay(node, 1);
    const pool = await here.pool({}, { multipleStatements: true });
    const error = await failureOf(pool.query('INSERT INTO kv VALUES (5, 5); INSERT INTO kv VALUES (5, 5)'));
    expect(error.errno).toBe(1062);
    expect(await rowsOf(pool, 'SELECT n FROM kv WHERE id = 5')).toEqual([{ n: 5 }]);
  });

  it('a writing stored function is seen', async () => {
    for (const node of here.cluster.replicas) await here.cluster.setDelay(node, 1);
    await here.cluster.query(here.primary, 'SET GLOBAL log_bin_trust_function_creators = 1');
    const pool = await here.pool();
    await pool.query('DROP FUNCTION IF EXISTS put_one');
    await pool.query('CREATE FUNCTION put_one(i INT) RETURNS INT BEGIN INSERT INTO kv VALUES (i, i); RETURN i; END');
    expect(await rowsOf(pool, 'SELECT put_one(9) AS n')).toEqual([{ n: 9 }]);
    expect(await rowsOf(pool, 'SELECT n FROM kv WHERE id = 9')).toEqual([{ n: 9 }]);
  });

  it('afterwards the replicas serve reads again', async () => {
    const pool = await here.pool();
    await pool.query('UPDATE kv SET n = 0 WHERE id = -1');
    await until(async () => (await readersOf(pool, replicas())).join() === replicas().join());
  });
});

describe("freshness at level 'eventual'", { timeout: TEST_MS }, () => {
  it('no read is older than maxLagMs while a replica is 1 s behind and the primary writes all the time', async () => {
    await staysFresh(here);
  });

  it("a call's own maxLagMs and consistency count", async () => {
    await here.cluster.setDelay(here.replica(0), 2);
    await here.cluster.setDelay(here.replica(1), 2);
    const pool = await here.pool({ consistency: 'eventual', maxLagMs: 30_000 });
    await pool.query('INSERT INTO kv VALUES (1, 1)');
    const sql = 'SELECT n FROM kv WHERE id = 1';
    expect(await rowsOf(pool, { sql, cluster: { consistency: 'pool' } })).toEqual([{ n: 1 }]);
    expect(await rowsOf(pool, { sql, cluster: { maxLagMs: 0 } })).toEqual([{ n: 1 }]);
    expect(await rowsOf(pool, sql)).toEqual([]);
  });

  it('reads that find primaryReadsMax of them on the primary are told so in time', async () => {
    for (const node of here.cluster.replicas) await here.cluster.stopReplication(node, 'sql');
    const pool = await here.pool({ maxLagMs: 300, primaryReadsMax: 1, failover: { holdMs: 1000 } });
    await here.cluster.query(here.primary, 'INSERT INTO shop.kv VALUES (1, 1)');
    await pause(600);
    const first = pool.query('SELECT SLEEP(3) FROM kv');
    await pause(100);
    const error = await failureOf(pool.query('SELECT n FROM kv'));
    expect(error).toMatchObject({ code: 'NO_NODE_AVAILABLE', message: expect.stringContaining('primaryReadsMax') });
    await first;
    expect(await rowsOf(pool, 'SELECT n FROM kv')).toEqual([{ n: 1 }]);
  });

  it('a replica whose applier stopped is avoided, and is used again afterwards', async () => {
    const [stopped, other] = [here.replica(0), here.replica(1)];
    const pool = await here.pool({ maxLagMs: 500 });
    await here.cluster.stopReplication(stopped, 'sql');
    await pool.query('INSERT INTO kv VALUES (1, 1)');
    await until(async () => {
      const node = pool.cluster.status().nodes.find(({ address }) => address === stopped.address);
      return node?.replication === 'stopped';
    });
    await pause(600);
    expect(await namesOf(() => nameOf(pool))).toEqual([other.name]);
    expect(await rowsOf(pool, 'SELECT n FROM kv')).toEqual([{ n: 1 }]);
    await here.cluster.startReplication(stopped);
    await until(async () => (await nameOf(pool)) === stopped.name);
  });
});

it('a header of a write says where its GTID is: reads of another pool are not held by it', {
  timeout: TEST_MS,
}, async () => {
  const [one, two] = [await here.pool(), await here.pool()];
  for (const node of here.cluster.replicas) await here.cluster.setDelay(node, 2);
  const [header] = await one.query<ResultSetHeader>('INSERT INTO kv VALUES (1, 1)');
  expect(header.affectedRows).toBe(1);
  expect(await rowsOf(one, 'SELECT n FROM kv')).toEqual([{ n: 1 }]);
  // The level is the pool's: the other has not written anything.
  expect(replicas()).toContain(await nameOf(two));
});
