import type { Connection, PoolConnection, RowDataPacket } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClusteredPromisePool } from '../../src/promise.js';
import {
  createConnection,
  createPool,
  FailoverTimeoutError,
  NoNodeAvailableError,
  TransactionLostError,
  WriteOutcomeUnknownError,
} from '../../src/promise.js';
import type { TestNode } from '../../src/testing/index.js';
import { failureOf, lab, nameOf, namesOf, pause, TEST_MS, timed, until } from './support/lab.js';
import { damage, holdsWrite, Load, nextId, written } from './support/load.js';

const here = lab({ semiSync: { timeoutMs: 10_000 } }, async (made) => {
  await made.cluster.query(made.primary, 'CREATE TABLE shop.written (id INT NOT NULL)');
  await made.cluster.query(made.primary, 'CREATE TABLE shop.stock (id INT PRIMARY KEY, n INT NOT NULL)');
  await made.cluster.query(made.primary, 'INSERT INTO shop.stock VALUES (1, 0), (2, 0)');
});

beforeEach(() => here.mark());

// Each test leaves three nodes that replicate, whoever is the primary.
afterEach(async () => {
  await here.endAll();
  const { cluster } = here;
  for (const node of cluster.nodes) {
    await cluster.heal(node);
    if (node.state === 'paused') await cluster.resume(node);
  }
  await cluster.start(cluster.primary);
  for (const node of cluster.nodes) if (node !== cluster.primary) await cluster.rebuild(node);
  await cluster.waitForReplication();
});

const names = (nodes: readonly TestNode[]): string[] => nodes.map((node) => node.name).sort();

function load(...args: ConstructorParameters<typeof Load>): Load {
  return here.use(new Load(...args), (running) => running.stop());
}

describe('the primary is killed', { timeout: TEST_MS }, () => {
  it('writes wait for the promotion, no read fails, nothing acknowledged is lost or doubled', async () => {
    const pool = await here.pool();
    const running = load(pool, { writers: 6, readers: 4 });
    await until(() => running.writes > 50 && running.reads > 50);
    await here.cluster.kill(here.primary);
    const [writes, reads] = [running.writes, running.reads];
    await until(() => pool.cluster.status().held >= 1);
    const promoted = await here.cluster.promote();
    await until(() => running.writes > writes + 50 && running.reads > reads + 50);
    expect(pool.cluster.status().primary).toBe(promoted.address);
    const result = await running.stop();
    expect(result.failures).toEqual([]);
    // No more can be unknown than were in flight.
    expect(result.unknown.length).toBeLessThanOrEqual(6);
    expect(await damage(here.cluster, result)).toEqual({ lost: [], doubled: [] });
  });

  it('no read fails that ran on the primary, though all its connections are lost at once', async () => {
    const pool = await here.pool();
    const onPrimary = {
      query: (sql: string, values: unknown[]) => pool.query({ sql, values, cluster: { route: 'primary' } }),
    } as unknown as ClusteredPromisePool;
    const running = load(onPrimary, { readers: 20 });
    await until(() => running.reads > 500);
    await here.cluster.kill(here.primary);
    await here.cluster.promote();
    const { reads } = running;
    await until(() => running.reads > reads + 200);
    expect((await running.stop()).failures).toEqual([]);
  });

  it("reads at level 'eventual' go on while there is no primary and writes wait", async () => {
    const pool = await here.pool({ consistency: 'eventual' });
    const running = load(pool, { writers: 6, readers: 4 });
    await until(() => running.writes > 50 && running.reads > 50);
    await here.cluster.kill(here.primary);
    await until(() => pool.cluster.status().held >= 5);
    const reads = running.reads;
    await until(() => running.reads > reads + 200);
    expect(pool.cluster.status().held).toBeGreaterThanOrEqual(5);
    await here.cluster.promote();
    expect((await running.stop()).failures).toEqual([]);
  });

  it('a write that starts after the kill is held and is the first to succeed', async () => {
    await holdsWrite(here);
  });

  it('events: noPrimary or nodeDown, then primaryChanged to the promoted node with a new generation', async () => {
    const pool = await here.pool();
    const old = here.primary;
    const changes: { previous: string | undefined; next: string | undefined; generation: number }[] = [];
    const { generation } = pool.cluster.status();
    pool.cluster.on('primaryChanged', (event) => changes.push(event));
    await here.cluster.kill(old);
    const promoted = await here.cluster.promote();
    await until(() => changes.some((change) => change.next === promoted.serverUuid));
    expect(changes[0]?.previous).toBe(old.serverUuid);
    expect(changes.at(-1)?.generation).toBeGreaterThan(generation);
  });

  it('an autocommit write in flight: WriteOutcomeUnknownError, and it is not sent again', async () => {
    const pool = await here.pool();
    const id = nextId();
    const sql = `INSERT INTO written SELECT ${id} FROM stock WHERE id = 1 AND SLEEP(20) = 0`;
    const sent = failureOf(pool.query(sql));
    await untilRuns(here.primary, 'SLEEP(20)');
    await here.cluster.kill(here.primary);
    const promoted = await here.cluster.promote();
    const error = await sent;
    expect(error).toBeInstanceOf(WriteOutcomeUnknownError);
    expect(error).toMatchObject({ code: 'WRITE_OUTCOME_UNKNOWN', sql, fatal: true });
    expect(error.cause).toBeInstanceOf(Error);
    await pool.query('INSERT INTO written VALUES (?)', [nextId()]);
    expect((await written(here.cluster, promoted)).has(id)).toBe(false);
  });

  it('a locking read in flight, outside a transaction, is run again on the new primary', async () => {
    const pool = await here.pool();
    const sent = pool.query<RowDataPacket[]>('SELECT n, SLEEP(3) FROM stock WHERE id = 1 FOR UPDATE');
    sent.catch(() => undefined);
    await untilRuns(here.primary, 'SLEEP');
    await here.cluster.kill(here.primary);
    await here.cluster.promote();
    expect((await sent)[0][0]?.n).toBe(0);
  });
});

describe('transactions when the primary is killed', { timeout: TEST_MS }, () => {
  async function open(): Promise<{ connection: PoolConnection; id: number }> {
    const pool = await here.pool();
    const connection = here.use(await pool.getConnection(), (taken) => taken.destroy());
    const id = nextId();
    await connection.beginTransaction();
    await connection.query('INSERT INTO written VALUES (?)', [id]);
    return { connection, id };
  }

  it.each([
    ['a read', 'SELECT 1'],
    ['a write', 'UPDATE stock SET n = n + 1'],
    ['COMMIT', 'COMMIT'],
  ])('idle in the transaction, then %s: TransactionLostError, nothing is kept', async (_name, sql) => {
    const { connection, id } = await open();
    await here.cluster.kill(here.primary);
    const promoted = await here.cluster.promote();
    await pause(200);
    const error = await failureOf(connection.query(sql));
    expect(error).toBeInstanceOf(TransactionLostError);
    expect(error).toMatchObject({ code: 'TRANSACTION_LOST', fatal: true });
    expect((await written(here.cluster, promoted)).has(id)).toBe(false);
  });

  it('a statement in flight inside: TransactionLostError; the next statements do not run outside of it', async () => {
    const { connection, id } = await open();
    const sent = failureOf(connection.query('UPDATE stock SET n = n + SLEEP(20) WHERE id = 1'));
    await untilRuns(here.primary, 'SLEEP(20)');
    await here.cluster.kill(here.primary);
    const promoted = await here.cluster.promote();
    expect(await sent).toBeInstanceOf(TransactionLostError);
    const after = nextId();
    await failureOf(connection.query('INSERT INTO written VALUES (?)', [after]));
    const found = await written(here.cluster, promoted);
    expect([found.has(id), found.has(after)]).toEqual([false, false]);
  });

  it('after the loss and a release the same pool hands out connections that work', async () => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    const connection = await pool.getConnection();
    await connection.beginTransaction();
    await connection.query('UPDATE stock SET n = n + 1 WHERE id = 2');
    await here.cluster.kill(here.primary);
    await here.cluster.promote();
    await failureOf(connection.query('UPDATE stock SET n = n + 1 WHERE id = 2'));
    connection.release();
    const again = here.use(await pool.getConnection(), (taken) => taken.release());
    await again.beginTransaction();
    await again.query('UPDATE stock SET n = n + 1 WHERE id = 2');
    await again.commit();
    const [rows] = await again.query<RowDataPacket[]>('SELECT n FROM stock WHERE id = 2 FOR UPDATE');
    expect(rows[0]?.n).toBe(1);
  });

  it('COMMIT in flight: WriteOutcomeUnknownError', async () => {
    const { connection } = await open();
    // No replica acknowledges: the commit waits for semi-sync.
    for (const node of here.cluster.replicas) await here.cluster.stopReplication(node, 'io');
    const sent = failureOf(connection.commit());
    await untilState(here.primary, 'Waiting for semi-sync ACK from replica');
    await here.cluster.kill(here.primary);
    const error = await sent;
    expect(error).toBeInstanceOf(WriteOutcomeUnknownError);
    expect(error).toMatchObject({ code: 'WRITE_OUTCOME_UNKNOWN' });
    await here.cluster.promote();
  });

  it('an idle connection without a transaction goes on, on the new primary', async () => {
    const pool = await here.pool();
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    await connection.query("SET SESSION time_zone = '+03:00'");
    await connection.query('UPDATE stock SET n = n WHERE id = 1');
    await here.cluster.kill(here.primary);
    const promoted = await here.cluster.promote();
    const id = nextId();
    await connection.query('INSERT INTO written VALUES (?)', [id]);
    expect((await written(here.cluster, promoted)).get(id)).toBe(1);
    const [rows] = await connection.query<RowDataPacket[]>('SELECT HOUR(FROM_UNIXTIME(0)) AS h FROM stock FOR UPDATE');
    expect(rows[0]?.h).toBe(3);
  });

  it('a handle of prepare() serves on, and is prepared anew where it runs', async () => {
    const pool = await here.pool();
    const connection = await pool.getConnection();
    const write = await connection.prepare('INSERT INTO written VALUES (?)');
    const read = await connection.prepare('SELECT COUNT(*) AS n FROM written WHERE id = ?');
    const [first, second] = [nextId(), nextId()];
    const count = async (id: number): Promise<unknown> => ((await read.execute([id]))[0] as RowDataPacket[])[0]?.n;
    await write.execute([first]);
    expect(await count(first)).toBe(1);
    await here.cluster.kill(here.primary);
    const promoted = await here.cluster.promote();
    await write.execute([second]);
    expect(await count(second)).toBe(1);
    expect(
      await here.cluster.query(promoted, 'SELECT id FROM shop.written WHERE id IN (?, ?)', [first, second]),
    ).toHaveLength(2);
    await connection.beginTransaction();
    expect(await count(first)).toBe(1);
    await connection.commit();
    await write.close();
    await read.close();
    connection.release();
  });

  it('a connection of createConnection goes on too', async () => {
    const connection: Connection = here.use(await createConnection(here.options()), (made) => made.end());
    await connection.query('UPDATE stock SET n = n WHERE id = 1');
    await here.cluster.kill(here.primary);
    await here.cluster.promote();
    const id = nextId();
    await connection.execute('INSERT INTO written VALUES (?)', [id]);
    expect((await written(here.cluster, here.primary)).get(id)).toBe(1);
  });
});

describe('a planned switchover', { timeout: TEST_MS }, () => {
  it('costs autocommit statements under load no error', async () => {
    const pool = await here.pool();
    const running = load(pool, { writers: 6, readers: 4 });
    for (let round = 0; round < 3; round++) {
      const before = running.writes;
      await until(() => running.writes > before + 50);
      const next = await here.cluster.switchover();
      const after = running.writes;
      await until(() => running.writes > after + 50);
      expect(pool.cluster.status().primary).toBe(next.address);
    }
    const result = await running.stop();
    expect({ failures: result.failures, unknown: result.unknown }).toEqual({ failures: [], unknown: [] });
    expect(await damage(here.cluster, result)).toEqual({ lost: [], doubled: [] });
  });

  it('an open transaction: TransactionLostError, and nothing of it is kept', async () => {
    const pool = await here.pool();
    const connection = here.use(await pool.getConnection(), (taken) => taken.destroy());
    const id = nextId();
    await connection.beginTransaction();
    await connection.query('INSERT INTO written VALUES (?)', [id]);
    const next = await here.cluster.switchover();
    const error = await failureOf(connection.commit());
    expect(error).toBeInstanceOf(TransactionLostError);
    expect((await written(here.cluster, next)).has(id)).toBe(false);
  });
});

describe('replicas go', { timeout: TEST_MS }, () => {
  it('killed under read load: no failed read; it is used again when it is back', async () => {
    const pool = await here.pool();
    const running = load(pool, { readers: 8 });
    await until(() => running.reads > 200);
    const victim = here.replica(0);
    await here.cluster.kill(victim);
    const before = running.reads;
    await until(() => running.reads > before + 500);
    await here.cluster.start(victim);
    await until(async () => (await nameOf(pool)) === victim.name);
    expect((await running.stop()).failures).toEqual([]);
  });

  it('black-holed under read load: no failed read, and reads go on meanwhile', async () => {
    const pool = await here.pool();
    const running = load(pool, { readers: 8 });
    await until(() => running.reads > 200);
    await here.cluster.partition(here.replica(0), { mode: 'blackhole' });
    await until(() => pool.cluster.status().nodes.some((node) => node.health === 'down'));
    const before = running.reads;
    await until(() => running.reads > before + 500);
    expect((await running.stop()).failures).toEqual([]);
  });

  it('paused (SIGSTOP) under read load: no failed read', async () => {
    const pool = await here.pool();
    const running = load(pool, { readers: 8 });
    await until(() => running.reads > 200);
    await here.cluster.pause(here.replica(1));
    await until(() => pool.cluster.status().nodes.some((node) => node.health === 'down'));
    const before = running.reads;
    await until(() => running.reads > before + 500);
    expect((await running.stop()).failures).toEqual([]);
  });

  it('all gone: reads run on the primary without a failure, and on the replicas when they are back', async () => {
    const pool = await here.pool();
    const running = load(pool, { readers: 4 });
    await until(() => running.reads > 100);
    for (const node of here.cluster.replicas) await here.cluster.kill(node);
    await until(() => pool.cluster.status().nodes.filter((node) => node.health === 'down').length === 2);
    expect(await namesOf(() => nameOf(pool), 10)).toEqual([here.primary.name]);
    for (const node of here.cluster.replicas) await here.cluster.start(node);
    await until(async () => (await nameOf(pool)) !== here.primary.name);
    expect((await running.stop()).failures).toEqual([]);
  });

  it("all gone with primaryReads 'never': reads fail with a clear error", async () => {
    const pool = await here.pool({ primaryReads: 'never' });
    for (const node of here.cluster.replicas) await here.cluster.kill(node);
    await until(() => pool.cluster.status().nodes.filter((node) => node.health === 'down').length === 2);
    const error = await failureOf(pool.query('SELECT 1'));
    expect(error).toBeInstanceOf(NoNodeAvailableError);
    expect(error.message).toContain('never');
  });
});

describe('the primary hangs or comes back', { timeout: TEST_MS }, () => {
  it('paused (SIGSTOP): writes wait for the promotion; when it wakes up writable, nothing is written to it', async () => {
    const pool = await here.pool();
    const running = load(pool, { writers: 4, readers: 2 });
    await until(() => running.writes > 50);
    const old = here.primary;
    await here.cluster.pause(old);
    await until(() => pool.cluster.status().primary === undefined || pool.cluster.status().held > 0);
    const promoted = await here.cluster.promote();
    const atPromotion = running.writes;
    await until(() => running.writes > atPromotion + 50);
    const fence = nextId();
    await here.cluster.resume(old);
    await until(() => pool.cluster.status().nodes.some((node) => node.address === old.address && node.health === 'up'));
    const atReturn = running.writes;
    await until(() => running.writes > atReturn + 100);
    await pause(1000);
    const result = await running.stop();
    expect(result.failures).toEqual([]);
    expect(result.unknown.length).toBeLessThanOrEqual(4);
    expect(pool.cluster.status().primary).toBe(promoted.address);
    expect([...(await written(here.cluster, old)).keys()].filter((id) => id > fence)).toEqual([]);
    expect(await damage(here.cluster, result)).toEqual({ lost: [], doubled: [] });
  });

  it('killed, replaced, started again writable: nothing is written to it, by this pool or by a new one', async () => {
    const pool = await here.pool();
    const running = load(pool, { writers: 4, readers: 2 });
    await until(() => running.writes > 50);
    const old = here.primary;
    await here.cluster.kill(old);
    const promoted = await here.cluster.promote();
    const atPromotion = running.writes;
    await until(() => running.writes > atPromotion + 50);
    const fence = nextId();
    await here.cluster.start(old);
    await until(() => pool.cluster.status().nodes.some((node) => node.address === old.address && node.health === 'up'));
    const atReturn = running.writes;
    await until(() => running.writes > atReturn + 100);
    // A process that starts now sees two writable nodes: the others replicate from one of them.
    const fresh = here.use(createPool(here.options({ monitor: { intervalMs: 400 } })), (opened) => opened.end());
    for (let i = 0; i < 20; i++) await fresh.query('INSERT INTO written VALUES (?)', [nextId()]);
    const result = await running.stop();
    expect(result.failures).toEqual([]);
    expect([...(await written(here.cluster, old)).keys()].filter((id) => id > fence)).toEqual([]);
    expect(fresh.cluster.status().primary).toBe(promoted.address);
    expect(await damage(here.cluster, result)).toEqual({ lost: [], doubled: [] });
  });

  it('cut off by the network and replaced: nothing acknowledged is lost after it is back', async () => {
    const pool = await here.pool();
    const running = load(pool, { writers: 4 });
    await until(() => running.writes > 50);
    const old = here.primary;
    await here.cluster.partition(old, { mode: 'blackhole' });
    await until(() => pool.cluster.status().held > 0);
    await here.cluster.promote();
    const atPromotion = running.writes;
    await until(() => running.writes > atPromotion + 50);
    await here.cluster.heal(old);
    const atReturn = running.writes;
    await until(() => running.writes > atReturn + 50);
    const result = await running.stop();
    expect(result.failures).toEqual([]);
    expect(await damage(here.cluster, result)).toEqual({ lost: [], doubled: [] });
  });
});

describe('nobody is promoted', { timeout: TEST_MS }, () => {
  it('writes fail with FailoverTimeoutError after holdMs, reads go on, and all is well when it is back', async () => {
    const pool = await here.pool({ failover: { holdMs: 1500 } });
    const running = load(pool, { readers: 4 });
    await until(() => running.reads > 100);
    await here.cluster.kill(here.primary);
    await until(
      () => pool.cluster.status().primary === undefined || pool.cluster.status().nodes.some((n) => n.health !== 'up'),
    );
    const { ms, value } = await timed(() => failureOf(pool.query('INSERT INTO written VALUES (?)', [nextId()])));
    expect(value).toBeInstanceOf(FailoverTimeoutError);
    expect(value.code).toBe('FAILOVER_TIMEOUT');
    expect(ms).toBeGreaterThan(1400);
    expect(ms).toBeLessThan(6000);
    const before = running.reads;
    await until(() => running.reads > before + 200);
    // The outage lasts longer than maxLagMs: the lag is frozen.
    await pause(2500);
    const later = running.reads;
    await until(() => running.reads > later + 200);
    await here.cluster.start(here.primary);
    await until(() =>
      pool.query('INSERT INTO written VALUES (?)', [nextId()]).then(
        () => true,
        () => false,
      ),
    );
    expect((await running.stop()).failures).toEqual([]);
  });

  it('no more than maxHeld statements wait', async () => {
    const pool = await here.pool({ failover: { holdMs: 3000, maxHeld: 3 } });
    await here.cluster.kill(here.primary);
    await until(() => pool.cluster.status().nodes.some((node) => node.health !== 'up'));
    const all = Array.from({ length: 5 }, () => timed(() => failureOf(pool.query('INSERT INTO written VALUES (1)'))));
    const ended = await Promise.all(all);
    for (const { value } of ended) expect(value).toBeInstanceOf(FailoverTimeoutError);
    expect(ended.filter(({ ms }) => ms < 1500)).toHaveLength(2);
    await here.cluster.query(here.replica(0), 'SELECT 1');
  });
});

describe('a new primary is chosen by what nodes say', { timeout: TEST_MS }, () => {
  it('reads go to the other nodes in their new roles', async () => {
    const pool = await here.pool();
    const next = await here.cluster.switchover(here.replica(0));
    await until(() => pool.cluster.status().primary === next.address);
    await here.mark();
    await until(async () => (await namesOf(() => nameOf(pool), 40)).join() === names(here.cluster.replicas).join());
    expect(await nameOf(pool, 'SELECT name FROM whoami FOR UPDATE')).toBe(next.name);
  });
});

async function untilRuns(node: TestNode, part: string): Promise<void> {
  await until(async () => {
    const rows = await here.cluster.query(node, 'SELECT info FROM information_schema.processlist WHERE command <> ?', [
      'Sleep',
    ]);
    return rows.some((row) => String(row.info ?? row.INFO).includes(part));
  });
}

async function untilState(node: TestNode, state: string): Promise<void> {
  await until(async () => {
    const rows = await here.cluster.query(node, 'SELECT state FROM information_schema.processlist');
    return rows.some((row) => String(row.state ?? row.STATE) === state);
  });
}
