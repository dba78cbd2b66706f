import { afterEach, describe, expect, test } from 'vitest';
import type { PhysicalConnection } from '../../src/cluster/physical-connection.js';
import { PoolTimeoutError } from '../../src/errors.js';
import { HandClock, settled } from '../support/hand-clock.js';
import { ask, askTimes, lend } from '../unit/cluster/receiver.js';
import { ended, isOpen, nodePools, type Opened, type Overrides, query, until } from './support/node-pools.js';

const here = nodePools({ relay: false });

async function serverStatus(name: string): Promise<number> {
  const [row] = await here.cluster.query(here.cluster.primary, `SHOW GLOBAL STATUS LIKE '${name}'`);
  return Number(row?.Value);
}

describe('trap: the real error of a failed connect is lost', () => {
  test('a refused port fails all waiters with ECONNREFUSED', async () => {
    const { pool } = here.on({ port: 1 });
    const ends = await Promise.all(askTimes(pool, 20).map((waiter) => waiter.answered));
    expect(ends.map(({ error }) => (error as { code?: string }).code)).toEqual(Array(20).fill('ECONNREFUSED'));
    await until('nothing is left of them', () => pool.size === 0);
  });

  test("a wrong password comes as mysql2's own error object", async () => {
    const { pool, errors } = here.on({ password: 'wrong' });
    const { error } = await ask(pool).answered;
    expect(error).toMatchObject({ code: 'ER_ACCESS_DENIED_ERROR', errno: 1045, sqlState: '28000' });
    expect(errors).toContain(error);
  });
});

test('waiters are served in the order they came', async () => {
  const { pool } = here.on({ settings: { max: 1 } });
  const held = await lend(pool);
  const order: number[] = [];
  const waiters = askTimes(pool, 4).map(async (waiter, index) => {
    const { lease } = await waiter.answered;
    order.push(index);
    if (lease) pool.release(lease);
  });
  pool.release(held);
  await Promise.all(waiters);
  expect(order).toEqual([0, 1, 2, 3]);
});

test('trap: a second release of one loan is a rejected promise that nobody awaits', async () => {
  const { pool } = here.on();
  const lease = await lend(pool);
  pool.release(lease);
  pool.release(lease);
  expect([pool.size, pool.idle]).toEqual([1, 1]);
  const [a, b] = [await lend(pool), await lend(pool)];
  expect(a).not.toBe(b);
  lease.dirty = true;
  pool.release(a);
  pool.release(a);
  await until('the dirty one is closed', async () => (await here.serverHas(a)) === 0);
  expect([pool.size, pool.idle]).toEqual([1, 0]);
});

describe('trap: a connection that dies idle cannot be removed', () => {
  test('it is not lent: the next one gets a living connection', async () => {
    const { pool, connections } = here.on();
    const lease = await lend(pool);
    pool.release(lease);
    await here.kill(lease);
    const next = await lend(pool);
    expect(next).not.toBe(lease);
    expect(await query(next, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect([pool.size, connections.length]).toEqual([1, 2]);
  });

  test('several dead ones are all passed over', async () => {
    const { pool, connections } = here.on();
    const leases = [await lend(pool), await lend(pool), await lend(pool)];
    for (const lease of leases) pool.release(lease);
    for (const lease of leases) await here.kill(lease);
    const next = await lend(pool);
    expect(next.dead).toBeUndefined();
    expect(connections).toHaveLength(4);
  });

  test('one that died while lent is closed when it comes back', async () => {
    const { pool } = here.on({ settings: { max: 1 } });
    const lease = await lend(pool);
    const deaths: Error[] = [];
    lease.holder = { leaseRecalled: () => undefined, leaseDied: (_, error) => void deaths.push(error) };
    await here.kill(lease);
    expect(deaths).toHaveLength(1);
    pool.release(lease);
    expect(await lend(pool)).not.toBe(lease);
  });
});

test('trap: max is exceeded while destroys are in flight', async () => {
  const opened = here.on({ settings: { max: 2 } });
  const { pool } = opened;
  const work = askTimes(pool, 12).map(async (waiter) => {
    const { lease, error } = await waiter.answered;
    if (!lease) throw error;
    await query(lease, 'DO 1');
    lease.dirty = true;
    pool.release(lease);
  });
  await Promise.all(work);
  expect(opened.connections).toHaveLength(12);
  expect(opened.peak).toBe(2);
});

describe('trap: eviction is off by default, and churns `min` when it is on', () => {
  test('idle connections above `min` are closed, `min` stays as it is', async () => {
    const { pool, connections } = here.on({ settings: { min: 2, idleTimeoutMs: 100 } });
    const leases = await Promise.all([lend(pool), lend(pool), lend(pool), lend(pool), lend(pool)]);
    for (const lease of leases) pool.release(lease);
    await until('three of five are closed', () => pool.size === 2);
    const kept = connections.filter(isOpen);
    const opened = connections.length;
    // Two more runs of the evictor, a second each.
    await new Promise<void>((resolve) => setTimeout(resolve, 2500));
    expect(connections.filter(isOpen)).toEqual(kept);
    expect([pool.size, connections.length]).toEqual([2, opened]);
  });
});

describe('trap: `min` is not refilled', () => {
  test('it is there before anybody asks, and comes back after all died', async () => {
    const clock = new HandClock();
    const { pool, connections } = here.on({ settings: { min: 2 }, clock });
    await until('two are open', () => pool.idle === 2);
    const first = connections.slice();
    for (const lease of first) await here.kill(lease);
    clock.advance(5000);
    await until('two others are open', () => connections.length === 4 && pool.idle === 2);
    expect(connections.slice(2).map(({ dead }) => dead)).toEqual([undefined, undefined]);
  });

  test('looking after the idle ones keeps those that live', async () => {
    const clock = new HandClock();
    const { pool, connections } = here.on({ settings: { min: 2 }, clock });
    await until('two are open', () => pool.idle === 2);
    for (let turn = 0; turn < 3; turn++) {
      clock.advance(5000);
      await settled();
    }
    expect([pool.idle, pool.size, connections.length]).toEqual([2, 2, 2]);
  });
});

describe('retire', () => {
  test('closes the idle at once and the lent as they come back', async () => {
    const { pool } = here.on();
    const [lent, idle] = [await lend(pool), await lend(pool)];
    pool.release(idle);
    pool.retire(ended, false);
    await until('the idle one is closed', async () => (await here.serverHas(idle)) === 0);
    expect(await query(lent, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    pool.release(lent);
    await until('the lent one is closed', async () => (await here.serverHas(lent)) === 0);
    expect(pool.size).toBe(0);
  });

  test('a connection that was being opened is closed, and nobody gets it', async () => {
    const { pool, connections } = here.on();
    const waiter = ask(pool);
    pool.retire(ended, false);
    expect(waiter.error).toBe(ended);
    await until('it was opened', () => connections.length === 1);
    await until('it is closed', () => !connections.some(isOpen));
    expect([waiter.answers, pool.size]).toEqual([1, 0]);
  });

  test('ends the statements in flight with the reason when told', async () => {
    const { pool } = here.on();
    const lease = await lend(pool);
    const sleeping = query(lease, 'SELECT SLEEP(60)');
    const failed = expect(sleeping).rejects.toBe(ended);
    pool.retire(ended, true);
    await failed;
    expect(lease.dead).toBe(ended);
  });
});

describe('trap: drain with a loan that is never returned does not end', () => {
  test('it ends within its bound and closes the loan', async () => {
    const { pool } = here.on();
    const lease = await lend(pool);
    await pool.drain(ended, 50);
    expect(lease.dead).toBe(ended);
    await until('the server sees it', async () => (await here.serverHas(lease)) === 0);
  });

  test('what is returned in time ends as it should', async () => {
    const { pool } = here.on();
    const lease = await lend(pool);
    const drained = pool.drain(ended, 60_000);
    const rows = await query(lease, 'SELECT 1 AS one');
    pool.release(lease);
    await drained;
    expect(rows).toEqual([{ one: 1 }]);
    expect(pool.size).toBe(0);
  });

  test('also after the pool was retired without an end to its loans', async () => {
    const { pool } = here.on();
    const lease = await lend(pool);
    pool.retire(new Error('changed its role'), false);
    await pool.drain(ended, 50);
    expect(lease.dead).toBeDefined();
    expect(isOpen(lease)).toBe(false);
  });
});

describe('a full server, errno 1040', () => {
  afterEach(() => here.cluster.query(here.cluster.primary, 'SET GLOBAL max_connections = 151'));

  /** Lends one connection, and lets the server take no more than one further. */
  async function fill(overrides: Overrides = {}): Promise<Opened & { lease: PhysicalConnection }> {
    const opened = here.on(overrides);
    const lease = await lend(opened.pool);
    const [row] = await here.cluster.query(here.cluster.primary, "SHOW GLOBAL STATUS LIKE 'Threads_connected'");
    await here.cluster.query(here.cluster.primary, `SET GLOBAL max_connections = ${Number(row?.Value)}`);
    return { ...opened, lease };
  }

  test('does not fail a waiter while leases are out: it gets one that comes back', async () => {
    const { pool, lease, errors } = await fill();
    const waiters = askTimes(pool, 4);
    await until('the server refused some', () => errors.length >= 4);
    expect(errors.every((error) => (error as { errno?: number }).errno === 1040)).toBe(true);
    expect(waiters.map(({ error }) => error)).toEqual(Array(4).fill(undefined));
    pool.release(lease);
    const served = await Promise.all(
      waiters.map(async (waiter) => {
        const { lease: got } = await waiter.answered;
        if (got) pool.release(got);
        return got !== undefined;
      }),
    );
    expect(served).toEqual([true, true, true, true]);
  });

  test('does not block the pool, whose leases come back', async () => {
    const clock = new HandClock();
    const { pool, errors } = await fill({ clock });
    askTimes(pool, 3);
    await until('the server refused some', () => errors.length >= 2);
    await settled();
    // Alive and full is not down: who asks now is served by the next lease that is returned.
    expect(pool.blockedUntil).toBeLessThanOrEqual(clock.now());
  });

  test('does not take a waiter out of the order', async () => {
    const clock = new HandClock();
    const { pool, lease, errors } = await fill({ clock });
    const early = askTimes(pool, 3);
    await until('the server refused some', () => errors.length >= 2);
    await settled();
    pool.release(lease);
    const late = ask(pool);
    await settled();
    clock.advance(1000);
    await until('somebody was served', () => [...early, late].some((waiter) => waiter.lease === lease));
    expect(late.lease).not.toBe(lease);
  });
});

describe('a lease that comes back', () => {
  test('is lent again at once, as to a callback that goes on', async () => {
    const { pool, connections } = here.on({ settings: { max: 2 } });
    const lease = await lend(pool);
    pool.release(lease);
    const next = ask(pool);
    expect(next.answers).toBe(1);
    expect((await next.answered).lease).toBe(lease);
    expect([pool.lent, pool.idle, connections.length]).toEqual([1, 0, 1]);
  });

  test('is idle in the pool after a moment, and counted as idle before', async () => {
    const clock = new HandClock();
    const { pool } = here.on({ settings: { max: 2 }, clock });
    pool.release(await lend(pool));
    expect([pool.size, pool.lent, pool.idle]).toEqual([1, 0, 1]);
    clock.advance(5);
    await settled();
    expect([pool.size, pool.lent, pool.idle]).toEqual([1, 0, 1]);
  });

  test('is not lent when it died in that moment', async () => {
    const { pool, connections } = here.on({ settings: { max: 1 } });
    const lease = await lend(pool);
    pool.release(lease);
    lease.destroy();
    expect(await lend(pool)).not.toBe(lease);
    expect(connections).toHaveLength(2);
  });

  test('is closed when the pool is retired in that moment', async () => {
    const { pool } = here.on();
    const lease = await lend(pool);
    pool.release(lease);
    pool.retire(ended, false);
    await until('it is closed', () => !isOpen(lease));
    expect((await ask(pool).answered).error).toBe(ended);
  });
});

describe('trap: no maximum age', () => {
  test('a connection over maxLifetimeMs is closed when it comes back, a younger one is kept', async () => {
    const clock = new HandClock();
    const { pool } = here.on({ settings: { max: 1, maxLifetimeMs: 10_000 }, clock });
    const lease = await lend(pool);
    clock.advance(9_000);
    pool.release(lease);
    expect(await lend(pool)).toBe(lease);
    clock.advance(2_000);
    lease.lastUsedAt = clock.now();
    pool.release(lease);
    expect(await lend(pool)).not.toBe(lease);
  });
});

describe('a connection that was idle for long', () => {
  async function pings(lease: PhysicalConnection): Promise<number> {
    const [row] = await query(lease, "SHOW SESSION STATUS LIKE 'Com_admin_commands'");
    return Number(row?.Value);
  }

  test('is pinged before it is lent, one that was used lately is not', async () => {
    const clock = new HandClock();
    const { pool } = here.on({ settings: { max: 1 }, clock });
    const lease = await lend(pool);
    pool.release(lease);
    await settled();
    clock.advance(29_000);
    expect(await lend(pool)).toBe(lease);
    expect(await pings(lease)).toBe(0);
    pool.release(lease);
    await settled();
    clock.advance(31_000);
    expect(await lend(pool)).toBe(lease);
    expect(await pings(lease)).toBe(1);
  });

  test('is pinged too when its borrower has kept it unused and gave it back just now', async () => {
    const clock = new HandClock();
    const { pool } = here.on({ settings: { max: 1 }, clock });
    const lease = await lend(pool);
    clock.advance(31_000);
    pool.release(lease);
    expect(await lend(pool)).toBe(lease);
    expect(await pings(lease)).toBe(1);
  });

  test('is replaced when the ping is not answered, as behind a firewall that forgot it', async () => {
    const clock = new HandClock();
    const { pool, connections } = here.on({ settings: { max: 1 }, clock });
    const lease = await lend(pool);
    pool.release(lease);
    await settled();
    clock.advance(31_000);
    await here.cluster.pause(here.cluster.primary);
    try {
      const waiter = ask(pool);
      await settled();
      expect(waiter.answers).toBe(0);
      clock.advance(1_000);
      await until('the silent one is closed', () => !isOpen(lease));
      await here.cluster.resume(here.cluster.primary);
      expect((await waiter.answered).lease).toBe(connections[1]);
    } finally {
      await here.cluster.resume(here.cluster.primary).catch(() => undefined);
    }
  });

  test('does not keep its waiter longer than acquireTimeoutMs', async () => {
    const clock = new HandClock();
    const { pool } = here.on({ settings: { max: 1, acquireTimeoutMs: 200 }, clock });
    const lease = await lend(pool);
    pool.release(lease);
    await settled();
    clock.advance(31_000);
    await here.cluster.pause(here.cluster.primary);
    try {
      const waiter = ask(pool);
      await settled();
      clock.advance(400);
      await settled();
      expect(waiter.error).toBeInstanceOf(PoolTimeoutError);
    } finally {
      await here.cluster.resume(here.cluster.primary);
    }
  });

  test('fails its waiter at once when the pool is retired meanwhile', async () => {
    const clock = new HandClock();
    const { pool } = here.on({ settings: { max: 1 }, clock });
    const lease = await lend(pool);
    pool.release(lease);
    await settled();
    clock.advance(31_000);
    await here.cluster.pause(here.cluster.primary);
    try {
      const waiter = ask(pool);
      await settled();
      pool.retire(ended, true);
      await settled();
      expect(waiter.error).toBe(ended);
    } finally {
      await here.cluster.resume(here.cluster.primary);
    }
  });
});

describe('reserve', () => {
  test('is for a second lease when max is out, has its own bound, and is not for others', async () => {
    const { pool } = here.on({ settings: { max: 1, reserve: 1 } });
    const main = await lend(pool);
    const ordinary = ask(pool);
    const second = await lend(pool, true);
    const third = ask(pool, true);
    await query(main, 'DO SLEEP(0.05)');
    expect([ordinary.answers, third.answers, pool.size]).toEqual([0, 0, 2]);
    pool.release(second);
    expect((await third.answered).lease).toBe(second);
    expect(ordinary.answers).toBe(0);
    pool.release(main);
    expect((await ordinary.answered).lease).toBe(main);
  });

  test('is not touched while max is not out', async () => {
    const { pool, connections } = here.on({ settings: { max: 2, reserve: 1 } });
    const main = await lend(pool);
    pool.release(main);
    expect(await lend(pool, true)).toBe(main);
    await lend(pool, true);
    expect(connections).toHaveLength(2);
    const waiter = ask(pool);
    await query(main, 'DO SLEEP(0.05)');
    expect([waiter.answers, pool.size]).toEqual([0, 2]);
  });

  test('of 0: the second waits like all others', async () => {
    const { pool } = here.on({ settings: { max: 1, reserve: 0 } });
    const main = await lend(pool);
    const second = ask(pool, true);
    await query(main, 'DO SLEEP(0.05)');
    expect(second.answers).toBe(0);
    pool.release(main);
    expect((await second.answered).lease).toBe(main);
  });

  test('is closed with the pool', async () => {
    const { pool } = here.on({ settings: { max: 1, reserve: 1 } });
    const main = await lend(pool);
    const second = await lend(pool, true);
    pool.release(second);
    pool.retire(ended, false);
    await until('the reserve is closed', async () => (await here.serverHas(second)) === 0);
    pool.release(main);
    await until('all is closed', async () => (await here.serverHas(main)) === 0);
  });
});

test('a connection that is given up says goodbye: the server counts no aborted client', async () => {
  const { pool } = here.on();
  const leases = [await lend(pool), await lend(pool), await lend(pool)];
  const before = await serverStatus('Aborted_clients');
  for (const lease of leases) {
    lease.dirty = true;
    pool.release(lease);
  }
  await until('they are gone', async () => (await here.serverHas(...leases)) === 0);
  expect(await serverStatus('Aborted_clients')).toBe(before);
});
