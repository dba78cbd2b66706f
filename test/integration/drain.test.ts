import type { RowDataPacket } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ClusteredPromisePool, createConnection, DrainIncompleteError } from '../../src/promise.js';
import type { TestNode } from '../../src/testing/index.js';
import { failureOf, lab, nameOf, readersOf, TEST_MS, timed, until } from './support/lab.js';

const here = lab({ replicas: 2 }, async (made) => {
  await made.mark();
  await made.cluster.query(made.primary, 'CREATE TABLE shop.stock (id INT PRIMARY KEY, n INT NOT NULL)');
  await made.cluster.query(made.primary, 'INSERT INTO shop.stock VALUES (1, 0)');
});

afterEach(() => here.endAll());

function view(pool: ClusteredPromisePool, node: TestNode) {
  const found = pool.cluster.status().nodes.find(({ address }) => address === node.address);
  if (!found) throw new Error(`${node.name} is not in the status`);
  return found;
}

/** Connections of the application's account with session tracking on: those for statements, not for probes. */
async function leases(node: TestNode): Promise<number> {
  const [row] = await here.cluster.query<RowDataPacket[]>(
    node,
    `SELECT COUNT(*) AS n FROM performance_schema.variables_by_thread JOIN performance_schema.threads USING (thread_id)
     WHERE variable_name = 'session_track_gtids' AND variable_value = 'OWN_GTID' AND processlist_user = ?`,
    [here.cluster.user],
  );
  return Number(row?.n);
}

function statusChanges(pool: ClusteredPromisePool): string[] {
  const told: string[] = [];
  pool.cluster.on('statusChanged', ({ address, previous, next, because }) =>
    told.push(`${address} ${previous} ${next}: ${because}`),
  );
  return told;
}

describe('a drained replica', { timeout: TEST_MS }, () => {
  it('takes nothing new, ends what runs, loses its idle connections, and is used again when it is resumed', async () => {
    const pool = await here.pool({ balance: 'round-robin' });
    const [first, second] = [here.replica(0), here.replica(1)];
    expect(await readersOf(pool, [first.name, second.name])).toEqual([first.name, second.name].sort());
    const told = statusChanges(pool);
    const sleeping = nameOf(pool, { sql: 'SELECT SLEEP(2), name FROM whoami', cluster: { node: first.address } });
    await until(() => view(pool, first).traffic.inFlight === 1);
    const drained = await timed(() => pool.cluster.drain(first.address));
    expect(drained.ms).toBeGreaterThan(500);
    expect(await sleeping).toBe(first.name);
    expect(await readersOf(pool, [second.name])).toEqual([second.name]);
    await until(async () => (await leases(first)) === 0);
    expect(view(pool, first)).toMatchObject({ status: 'draining', health: 'up', pool: { size: 0 } });
    expect(pool.cluster.explain('SELECT 1').nodes[first.address]).toBe('it was drained in this process');
    pool.cluster.resume(first.address);
    expect(await readersOf(pool, [first.name, second.name])).toEqual([first.name, second.name].sort());
    expect(told).toEqual([
      `${first.address} online draining: it was drained in this process`,
      `${first.address} draining online: nobody takes it out any more`,
    ]);
  });

  it('by its id; a call that names it still goes there', async () => {
    const pool = await here.pool();
    const node = here.replica(0);
    await pool.cluster.drain(view(pool, node).id);
    expect(await nameOf(pool, { sql: 'SELECT name FROM whoami', cluster: { node: node.address } })).toBe(node.name);
    pool.cluster.resume(view(pool, node).id);
  });

  it('keeps the connection of an open transaction until it ends', async () => {
    const pool = await here.pool();
    const connection = here.use(await pool.getConnection(), (opened) => opened.release());
    await connection.query('START TRANSACTION READ ONLY');
    const name = await nameOf(connection);
    const node = here.cluster.nodes.find((one) => one.name === name) as TestNode;
    expect(node).not.toBe(here.primary);
    const error = await failureOf(pool.cluster.drain(node.address, { timeoutMs: 200 }));
    expect(error).toBeInstanceOf(DrainIncompleteError);
    expect(error).toMatchObject({ code: 'DRAIN_INCOMPLETE', running: 1, message: expect.stringContaining('200 ms') });
    expect(view(pool, node).status).toBe('draining');
    expect(await nameOf(connection)).toBe(name);
    const drained = pool.cluster.drain(node.address);
    await connection.query('COMMIT');
    await drained;
    expect(await nameOf(connection)).not.toBe(name);
    pool.cluster.resume(node.address);
  });

  it('gets back the connection that an idle session keeps, of a pool and of createConnection', async () => {
    const pool = await here.pool();
    const connection = here.use(await pool.getConnection(), (opened) => opened.release());
    const single = here.use(await createConnection(here.options()), (opened) => opened.end());
    const names = [await nameOf(connection), await nameOf(single)];
    for (const replica of [here.replica(0), here.replica(1)]) {
      await pool.cluster.drain(replica.address, { timeoutMs: 2000 });
      await until(async () => (await leases(replica)) === 0);
    }
    expect(names).not.toContain(here.primary.name);
    expect([await nameOf(connection), await nameOf(single)]).toEqual([here.primary.name, here.primary.name]);
    for (const replica of [here.replica(0), here.replica(1)]) pool.cluster.resume(replica.address);
  });

  it('that is resumed meanwhile says so', async () => {
    const pool = await here.pool();
    const node = here.replica(0);
    const sleeping = pool.query({ sql: 'SELECT SLEEP(2)', cluster: { node: node.address } });
    await until(() => view(pool, node).traffic.inFlight === 1);
    const failure = failureOf(pool.cluster.drain(node.address));
    pool.cluster.resume(node.address);
    expect(await failure).toMatchObject({ code: 'DRAIN_INCOMPLETE', message: expect.stringContaining('resumed') });
    await sleeping;
  });

  it('that nobody knows is an error that names those that are known', async () => {
    const pool = await here.pool();
    const error = await failureOf(pool.cluster.drain('db-9:3306'));
    expect(error).toMatchObject({ code: 'NO_NODE_AVAILABLE' });
    expect(error.message).toContain("no node is known as 'db-9:3306'");
    expect(error.message).toContain(here.primary.address);
    expect(() => pool.cluster.resume('db-9:3306')).toThrow("no node is known as 'db-9:3306'");
  });
});

describe('a drained primary', { timeout: TEST_MS }, () => {
  beforeEach(async () => {
    await here.cluster.query(here.primary, 'UPDATE shop.stock SET n = 0');
    await here.cluster.waitForReplication();
  });

  const add = (pool: { query: ClusteredPromisePool['query'] }) => pool.query('UPDATE stock SET n = n + 1');

  it('holds writes, ends open transactions, and goes on when it is resumed', async () => {
    const pool = await here.pool();
    const connection = here.use(await pool.getConnection(), (opened) => opened.release());
    await connection.beginTransaction();
    await add(connection);
    const drained = pool.cluster.drain(here.primary.address);
    const held = add(pool);
    await until(() => pool.cluster.status().held === 1);
    expect(await readersOf(pool, [here.replica(0).name, here.replica(1).name])).not.toContain(here.primary.name);
    await add(connection);
    await connection.commit();
    await drained;
    const [[row]] = await pool.query<RowDataPacket[]>({ sql: 'SELECT n FROM stock', cluster: { route: 'replica' } });
    expect(row?.n).toBe(2);
    pool.cluster.resume(here.primary.address);
    await held;
    const [[after]] = await pool.query<RowDataPacket[]>('SELECT n FROM stock');
    expect(after?.n).toBe(3);
  });

  it('is released after failover.holdMs, with an event, and no write fails', async () => {
    const pool = await here.pool({ failover: { holdMs: 1500 } });
    const told = statusChanges(pool);
    await pool.cluster.drain(here.primary.address);
    const writes = await Promise.all(Array.from({ length: 20 }, () => timed(() => add(pool))));
    for (const { ms } of writes) expect(ms).toBeGreaterThan(1000);
    for (const { ms } of writes) expect(ms).toBeLessThan(10_000);
    await until(() => told.length === 2);
    expect(told[1]).toContain('draining online: it was drained in this process; its writes were held for 1500 ms');
    pool.cluster.resume(here.primary.address);
  });

  it('hands its held writes to the next one', async () => {
    const pool = await here.pool();
    await pool.cluster.drain(here.primary.address);
    const old = here.primary;
    const held = Promise.all(Array.from({ length: 10 }, () => add(pool)));
    await until(() => pool.cluster.status().held === 10);
    await here.cluster.switchover();
    await held;
    const [row] = await here.cluster.query<RowDataPacket[]>(here.primary, 'SELECT n FROM shop.stock');
    expect(row?.n).toBe(10);
    await until(() => view(pool, old).role === 'replica' && view(pool, old).status === 'draining');
    pool.cluster.resume(old.address);
    await readersOf(pool, [old.name]);
  });
});
