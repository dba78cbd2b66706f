import { describe, expect, test } from 'vitest';
import { PoolTimeoutError } from '../../src/errors.js';
import { HandClock, settled } from '../support/hand-clock.js';
import { ask, askTimes, lend } from '../unit/cluster/receiver.js';
import { ended, isOpen, nodePools, query, until } from './support/node-pools.js';

const here = nodePools();

function expectPause(ms: number, longest: number): void {
  expect(ms).toBeGreaterThanOrEqual(longest / 2);
  expect(ms).toBeLessThanOrEqual(longest);
}

describe('trap: a connection that died is lent on', () => {
  test('one that died while lent does not go to who waits for it', async () => {
    const { pool } = here.on({ settings: { max: 1 } });
    const lease = await lend(pool);
    const waiter = ask(pool);
    await here.kill(lease);
    pool.release(lease);
    const { lease: next } = await waiter.answered;
    expect(next).not.toBe(lease);
    expect(next && (await query(next, 'SELECT 1 AS one'))).toEqual([{ one: 1 }]);
  });
});

describe('trap: fifo lends the connections in turn, which keeps all of them busy for ever', () => {
  test('the one that was used last is lent next, so that the others become idle and are closed', async () => {
    const { pool, connections } = here.on({ settings: { idleTimeoutMs: 300 } });
    const leases = [await lend(pool), await lend(pool), await lend(pool)];
    for (const lease of leases) pool.release(lease);
    const last = leases[2];
    const used = new Set<unknown>();
    await until('the two others are closed', async () => {
      const lease = await lend(pool);
      used.add(lease);
      pool.release(lease);
      return pool.size === 1;
    });
    expect([...used]).toEqual([last]);
    expect(connections.filter(isOpen)).toEqual([last]);
  });
});

describe('trap: any number may wait', () => {
  test('queueLimit: one more is told at once, the others are served', async () => {
    const { pool } = here.on({ settings: { max: 1, queueLimit: 2 } });
    const lease = await lend(pool);
    const waiting = askTimes(pool, 2);
    const refused = ask(pool);
    expect(refused.error).toBeInstanceOf(PoolTimeoutError);
    expect(refused.error?.message).toBe('Queue limit reached.');
    expect(pool.waiting).toBe(2);
    pool.release(lease);
    for (const waiter of waiting) {
      const { lease: next } = await waiter.answered;
      if (next) pool.release(next);
      expect(next).toBe(lease);
    }
    expect(await lend(pool)).toBe(lease);
  });

  test('queueLimit counts nobody for whom a connection may be opened', async () => {
    const { pool } = here.on({ settings: { max: 3, queueLimit: 1 } });
    const ends = await Promise.all(askTimes(pool, 3).map((waiter) => waiter.answered));
    expect(ends.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
  });

  test('waitForConnections: false: who finds all lent is told at once', async () => {
    const { pool } = here.on({ settings: { max: 1, waitForConnections: false } });
    const lease = await lend(pool);
    const refused = ask(pool);
    expect(refused.error).toBeInstanceOf(PoolTimeoutError);
    expect(refused.error?.message).toBe('No connections available.');
    pool.release(lease);
    expect(await lend(pool)).toBe(lease);
  });
});

describe('trap: the bound of a wait is the bound of the connect too', () => {
  test('a connection that comes after its waiter has gone stays, idle', async () => {
    const clock = new HandClock();
    const { pool, connections } = here.on({ settings: { acquireTimeoutMs: 500 }, clock });
    const gone = ask(pool);
    clock.advance(600);
    expect(gone.error).toBeInstanceOf(PoolTimeoutError);
    await until('it has come', () => pool.idle === 1);
    expect([gone.answers, pool.lent]).toEqual([1, 0]);
    expect(await lend(pool)).toBe(connections[0]);
  });

  test('it goes to who waits behind', async () => {
    const clock = new HandClock();
    const { pool, connections } = here.on({ settings: { acquireTimeoutMs: 500, max: 1 }, clock });
    const gone = ask(pool);
    clock.advance(300);
    const behind = ask(pool);
    clock.advance(300);
    expect([gone.error?.name, behind.answers]).toEqual(['PoolTimeoutError', 0]);
    expect((await behind.answered).lease).toBe(connections[0]);
  });
});

test('a lease that comes back passes those over who have gone', async () => {
  const clock = new HandClock();
  const { pool } = here.on({ settings: { acquireTimeoutMs: 500, max: 1 }, clock });
  const lease = await lend(pool);
  const gone = ask(pool);
  clock.advance(300);
  const behind = ask(pool);
  clock.advance(300);
  expect([gone.error?.name, behind.answers]).toEqual(['PoolTimeoutError', 0]);
  pool.release(lease);
  expect(behind.lease).toBe(lease);
  expect([gone.answers, pool.lent]).toEqual([1, 1]);
});

describe('trap: what generic-pool does for `min` wakes nobody', () => {
  test('who comes while the connections for `min` are opened gets one of them', async () => {
    const { pool, connections } = here.on({ settings: { min: 2, max: 2 } });
    const [first, second] = await Promise.all([lend(pool), lend(pool)]);
    expect(new Set([first, second])).toEqual(new Set(connections));
  });

  test('who comes while the idle ones are looked after gets one of them', async () => {
    const clock = new HandClock();
    const { pool } = here.on({ settings: { min: 1, max: 1 }, clock });
    await until('it is open', () => pool.idle === 1);
    clock.advance(5000);
    const waiter = ask(pool);
    await settled();
    expect(waiter.lease).toBeDefined();
  });
});

describe('a node that is back', () => {
  test('blocks its pool no longer, and the next failure for as short as the first', async () => {
    const clock = new HandClock();
    const { pool } = here.on({ clock });
    const { primary } = here.cluster;
    const pauseOf = async (): Promise<number> => {
      expect((await ask(pool).answered).error).toMatchObject({ code: 'ECONNREFUSED' });
      return pool.blockedUntil - clock.now();
    };
    await here.cluster.partition(primary);
    try {
      // By chance between half of it and all: many processes that failed at once come back one by one.
      expectPause(await pauseOf(), 25);
      expectPause(await pauseOf(), 50);
      await here.cluster.heal(primary);
      const lease = await lend(pool);
      expect(pool.blockedUntil).toBe(0);
      await here.cluster.partition(primary);
      await until('its connection is lost', () => lease.dead !== undefined);
      expectPause(await pauseOf(), 25);
    } finally {
      await here.cluster.heal(primary);
    }
  });
});

describe('trap: no way to call the connections back', () => {
  test('one that was about to be lent when the pool was retired is closed, and its borrower is told', async () => {
    const clock = new HandClock();
    const { pool } = here.on({ clock });
    const lease = await lend(pool);
    pool.release(lease);
    clock.advance(5);
    await settled();
    const waiter = ask(pool);
    pool.retire(ended, false);
    await waiter.answered;
    expect([waiter.lease, waiter.error]).toEqual([undefined, ended]);
    await until('the idle one is closed', () => !isOpen(lease));
    expect([waiter.answers, pool.size, pool.lent]).toEqual([1, 0, 0]);
  });
});

describe('trap: a check that fails leaves its slot lost for ever', () => {
  test('an idle connection that is reset under its ping is not lent, and its slot is free', async () => {
    const clock = new HandClock();
    const { pool } = here.on({ settings: { max: 1 }, clock });
    const lease = await lend(pool);
    pool.release(lease);
    await settled();
    clock.advance(31_000);
    const { primary } = here.cluster;
    await here.cluster.partition(primary, { mode: 'blackhole' });
    try {
      const waiter = ask(pool);
      await settled();
      expect(waiter.answers).toBe(0);
      await here.cluster.partition(primary, { mode: 'drop' });
      await waiter.answered;
      // Its own connect is refused while the node is cut off.
      expect([waiter.lease, (waiter.error as { code?: string } | undefined)?.code]).toEqual([
        undefined,
        'ECONNREFUSED',
      ]);
    } finally {
      await here.cluster.heal(primary);
    }
    const next = await lend(pool);
    expect(next).not.toBe(lease);
    expect(await query(next, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});
