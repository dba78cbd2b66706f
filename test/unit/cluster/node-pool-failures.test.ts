import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.js';
import { NodePool, type NodePoolSettings } from '../../../src/cluster/node-pool.js';
import type { PhysicalConnection } from '../../../src/cluster/physical-connection.js';
import { PoolTimeoutError } from '../../../src/errors.js';
import { HandClock, settled } from '../../support/hand-clock.js';
import { ask, askTimes, poolSettings } from './receiver.js';

const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
const full = Object.assign(new Error('Too many connections'), { errno: 1040, sqlState: '08004' });
const ended = new Error('the test has ended');
const SPINNING = 500;
const pools: NodePool[] = [];
afterEach(() => {
  for (const pool of pools.splice(0)) pool.retire(ended, true);
});

interface Opening {
  readonly fail: (error: Error) => void;
}

interface Setup {
  readonly settings?: Partial<NodePoolSettings>;
  readonly clock?: HandClock;
}

/** A pool whose connects are counted and end as `open` says. */
function poolOf(open: () => Promise<PhysicalConnection>, { settings, clock }: Setup = {}) {
  const seen = { opens: 0, pool: undefined as never as NodePool };
  const counted = (): Promise<PhysicalConnection> => {
    seen.opens++;
    // A pool that spins must fail its test, not hang it: the event loop would never come to a time limit.
    if (seen.opens > SPINNING) return new Promise(() => undefined);
    return open();
  };
  seen.pool = new NodePool(counted, { ...poolSettings, ...settings }, clock ?? systemClock);
  pools.push(seen.pool);
  return seen;
}

/** A pool whose connects end when the test says so. */
function heldPool(setup: Setup = {}) {
  const openings: Opening[] = [];
  const at = poolOf(() => new Promise((_resolve, fail) => openings.push({ fail })), setup);
  return Object.assign(at, { openings });
}

describe('trap: a failed create never rejects acquire and is tried again without end', () => {
  test('every waiter gets the error of the connect, with one connect each at most', async () => {
    const at = poolOf(async () => {
      throw refused;
    });
    const waiters = askTimes(at.pool, 20);
    const ends = await Promise.all(waiters.map((waiter) => waiter.answered));
    expect(ends.map(({ error }) => error)).toEqual(Array(20).fill(refused));
    expect(at.opens).toBeLessThanOrEqual(20);
    const opens = at.opens;
    await settled();
    expect(at.opens).toBe(opens);
    expect(waiters.map(({ answers }) => answers)).toEqual(Array(20).fill(1));
    expect(at.pool.size).toBe(0);
  });

  test('a connect that fails late fails all who waited for it, not two at a time', async () => {
    const at = heldPool({ settings: { max: 10 } });
    const waiters = askTimes(at.pool, 10);
    await settled();
    expect(at.openings).toHaveLength(2);
    for (const opening of at.openings.slice()) opening.fail(refused);
    await settled();
    // A black hole answers after connectTimeout: ten waiters behind it must not wait five times as long.
    expect(waiters.map(({ error }) => error)).toEqual(Array(10).fill(refused));
  });

  test('the next caller after a failure connects anew', async () => {
    let error: Error = refused;
    const at = poolOf(async () => {
      throw error;
    });
    await ask(at.pool).answered;
    error = new Error('another');
    expect((await ask(at.pool).answered).error).toBe(error);
    expect(at.opens).toBe(2);
  });
});

test('trap: an already rejected create starves the event loop', async () => {
  const at = poolOf(() => Promise.reject(refused), { settings: { min: 2 } });
  const waiters = askTimes(at.pool, 5);
  let ticks = 0;
  for (let turn = 0; turn < 3; turn++) {
    await new Promise<void>((resolve) => setTimeout(resolve, 1));
    ticks++;
  }
  expect(ticks).toBe(3);
  expect(waiters.map(({ error }) => error)).toEqual(Array(5).fill(refused));
  expect(at.opens).toBeLessThan(20);
});

test('trap: a create that throws at once makes acquire throw and leaves a waiter behind', async () => {
  const at = poolOf(() => {
    throw refused;
  });
  const waiter = ask(at.pool);
  expect((await waiter.answered).error).toBe(refused);
  await settled();
  expect([at.pool.waiting, at.pool.size, at.opens]).toEqual([0, 0, 1]);
});

describe('trap: no acquire timeout of its own', () => {
  test('a connect that hangs fails its waiters in time, in the order they came', async () => {
    const clock = new HandClock();
    const at = heldPool({ settings: { acquireTimeoutMs: 500 }, clock });
    const order: string[] = [];
    const first = ask(at.pool);
    clock.advance(100);
    const second = ask(at.pool);
    void first.answered.then(() => order.push('first'));
    void second.answered.then(() => order.push('second'));
    clock.advance(390);
    await settled();
    expect(order).toEqual([]);
    clock.advance(30);
    await settled();
    expect(order).toEqual(['first']);
    clock.advance(100);
    await settled();
    expect(order).toEqual(['first', 'second']);
    expect(first.error).toBeInstanceOf(PoolTimeoutError);
    expect(first.error?.message).toContain('pool.acquireTimeoutMs (500 ms)');
  });

  test('who gave up is not counted as waiting', async () => {
    const clock = new HandClock();
    const at = heldPool({ settings: { acquireTimeoutMs: 500, max: 1 }, clock });
    const waiters = askTimes(at.pool, 3);
    clock.advance(600);
    await settled();
    expect(waiters.every(({ error }) => error instanceof PoolTimeoutError)).toBe(true);
    expect(at.pool.waiting).toBe(0);
  });

  test('a connect that fails after its waiter has gone tells nobody twice', async () => {
    const clock = new HandClock();
    const at = heldPool({ settings: { acquireTimeoutMs: 500 }, clock });
    const waiter = ask(at.pool);
    await settled();
    clock.advance(600);
    at.openings[0]?.fail(refused);
    await settled();
    expect([waiter.answers, waiter.error?.name]).toEqual([1, 'PoolTimeoutError']);
    expect(at.pool.size).toBe(0);
  });

  test('a connect that fails after its waiter has gone fails who waits behind', async () => {
    const clock = new HandClock();
    const at = heldPool({ settings: { acquireTimeoutMs: 500, max: 1 }, clock });
    const gone = ask(at.pool);
    clock.advance(300);
    const behind = ask(at.pool);
    clock.advance(300);
    await settled();
    expect([gone.error?.name, behind.answers]).toEqual(['PoolTimeoutError', 0]);
    at.openings[0]?.fail(refused);
    await settled();
    expect(behind.error).toBe(refused);
  });

  test('without waiters no timer runs', async () => {
    const clock = new HandClock();
    const at = poolOf(() => Promise.reject(refused), { clock });
    await ask(at.pool).answered;
    clock.advance(1000);
    await settled();
    expect(clock.timers).toBe(0);
  });
});

describe('a node that refuses', () => {
  test('blocks the pool for longer and longer, with a cap', async () => {
    const clock = new HandClock();
    const at = poolOf(() => Promise.reject(refused), { clock });
    const pauses: number[] = [];
    for (let turn = 0; turn < 7; turn++) {
      await ask(at.pool).answered;
      pauses.push(at.pool.blockedUntil - clock.now());
      clock.advance(1000);
    }
    // Up to half of each is taken off by chance.
    for (const [turn, longest] of [25, 50, 100, 200, 400, 500, 500].entries()) {
      expect(pauses[turn]).toBeGreaterThanOrEqual(longest / 2);
      expect(pauses[turn]).toBeLessThanOrEqual(longest);
    }
    expect(pauses[6]).not.toBe(pauses[5]);
  });

  test('errno 1040 and no lease out: nothing can come back, so the waiter is told', async () => {
    const at = poolOf(() => Promise.reject(full));
    expect((await ask(at.pool).answered).error).toBe(full);
  });
});

describe('trap: drain never resolves while creates fail', () => {
  test('it ends within its bound, and nothing is tried again', async () => {
    const clock = new HandClock();
    const at = heldPool({ clock });
    const waiters = askTimes(at.pool, 3);
    await settled();
    let over = false;
    const drained = at.pool.drain(ended, 100).then(() => {
      over = true;
    });
    for (let turn = 0; turn < 30 && !over; turn++) {
      clock.advance(5);
      await settled();
    }
    await drained;
    expect(waiters.map(({ error }) => error)).toEqual(Array(3).fill(ended));
    for (const opening of at.openings.slice()) opening.fail(refused);
    await settled();
    expect(at.openings).toHaveLength(2);
  });
});

describe('a retired pool', () => {
  test('fails its waiters at once with the reason, and later callers too', async () => {
    const at = heldPool();
    const waiters = askTimes(at.pool, 4);
    await settled();
    const reason = new Error('left the cluster');
    at.pool.retire(reason, false);
    expect(waiters.map(({ error }) => error)).toEqual(Array(4).fill(reason));
    expect(ask(at.pool).error).toBe(reason);
  });

  test('opens nothing for those who waited behind the gate', async () => {
    const at = heldPool();
    askTimes(at.pool, 4);
    await settled();
    at.pool.retire(ended, false);
    for (const opening of at.openings.slice()) opening.fail(refused);
    await settled();
    expect(at.opens).toBe(2);
  });

  test('opens nothing for `min` either', async () => {
    const at = heldPool({ settings: { min: 3 } });
    await settled();
    at.pool.retire(ended, false);
    for (const opening of at.openings.slice()) opening.fail(refused);
    await settled();
    expect(at.opens).toBe(2);
  });

  test('keeps no timer', async () => {
    const clock = new HandClock();
    const at = heldPool({ settings: { min: 2 }, clock });
    askTimes(at.pool, 4);
    await settled();
    at.pool.retire(ended, false);
    expect(clock.timers).toBe(0);
  });
});

test('trap: any number of connects at once – at most two', async () => {
  const at = heldPool({ settings: { max: 10, min: 3 } });
  askTimes(at.pool, 10);
  await settled();
  expect(at.opens).toBe(2);
  at.openings[0]?.fail(refused);
  await settled();
  expect(at.opens).toBeLessThanOrEqual(3);
});

test('trap: `min` is not refilled after a failed create', async () => {
  const clock = new HandClock();
  const at = poolOf(() => Promise.reject(refused), { settings: { min: 2 }, clock });
  await settled();
  expect(at.opens).toBe(2);
  // Not before its time, and then again without anybody asking.
  clock.advance(1000);
  await settled();
  expect(at.opens).toBe(2);
  clock.advance(5000);
  await settled();
  expect(at.opens).toBe(4);
  clock.advance(5000);
  await settled();
  expect(at.opens).toBe(6);
});

test('what a connect for `min` met long ago does not fail a waiter of now', async () => {
  const clock = new HandClock();
  const at = heldPool({ settings: { min: 1 }, clock });
  await settled();
  at.openings[0]?.fail(new Error('long ago'));
  await settled();
  clock.advance(1000);
  const waiter = ask(at.pool);
  await settled();
  expect(waiter.error).toBeUndefined();
  // With the old failure gone, both `min` and the waiter are connected for; either may come first.
  for (const opening of at.openings.slice(1)) opening.fail(refused);
  await settled();
  expect(waiter.error).toBe(refused);
});
