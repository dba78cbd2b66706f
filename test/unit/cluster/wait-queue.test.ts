import { expect, test } from 'vitest';
import { type QueuedRequest, WaitQueue } from '../../../src/cluster/wait-queue.js';
import { HandClock } from '../../support/hand-clock.js';

function recorder(): { log: string[]; request: (name: string, until: number) => QueuedRequest } {
  const log: string[] = [];
  const request = (name: string, until: number): QueuedRequest => ({
    until,
    retry: () => log.push(`retry ${name}`),
    expire: () => log.push(`expire ${name}`),
  });
  return { log, request };
}

test('flush lets all try again, first come first served, and empties the queue', () => {
  const queue = new WaitQueue(new HandClock());
  const { log, request } = recorder();
  for (const name of ['a', 'b', 'c']) queue.add(request(name, 5000));
  expect(queue.size).toBe(3);
  queue.flush();
  expect(log).toEqual(['retry a', 'retry b', 'retry c']);
  expect(queue.size).toBe(0);
});

test('each wait ends by itself, in time, and those that last longer stay', () => {
  const clock = new HandClock(1000);
  const queue = new WaitQueue(clock);
  const { log, request } = recorder();
  queue.add(request('long', 9000));
  queue.add(request('short', 1015));
  clock.advance(14);
  expect(log).toEqual([]);
  clock.advance(6);
  expect(log).toEqual(['expire short']);
  expect(queue.size).toBe(1);
});

test('a wait that is over when the topology changes expires, it is not tried again', () => {
  const clock = new HandClock(1000);
  const queue = new WaitQueue(clock);
  const { log, request } = recorder();
  queue.add(request('over', 1000));
  queue.add(request('not yet', 1001));
  queue.flush();
  expect(log).toEqual(['expire over', 'retry not yet']);
});

test('all try again after a moment even when nobody flushes', () => {
  const clock = new HandClock();
  const queue = new WaitQueue(clock);
  const { log, request } = recorder();
  queue.add(request('a', 9000));
  clock.advance(60);
  expect(log).toEqual(['retry a']);
});

test('who comes back while the queue is flushed waits for the next flush, and is not lost', () => {
  const queue = new WaitQueue(new HandClock());
  let tries = 0;
  const again: QueuedRequest = {
    until: 9000,
    retry: () => {
      tries++;
      queue.add(again);
    },
    expire: () => undefined,
  };
  queue.add(again);
  queue.flush();
  expect([tries, queue.size]).toEqual([1, 1]);
  queue.flush();
  expect([tries, queue.size]).toEqual([2, 1]);
});

test('who comes back after each try is still expired in time', () => {
  const clock = new HandClock(0);
  const queue = new WaitQueue(clock);
  let expiredAt: number | undefined;
  const again: QueuedRequest = {
    until: 500,
    retry: () => queue.add(again),
    expire: () => {
      expiredAt = clock.now();
    },
  };
  queue.add(again);
  clock.advance(2000);
  expect(expiredAt).toBeGreaterThanOrEqual(500);
  expect(expiredAt).toBeLessThanOrEqual(520);
});

test('an empty queue keeps no timer', () => {
  const clock = new HandClock(0);
  const queue = new WaitQueue(clock);
  const { request } = recorder();
  expect(clock.timers).toBe(0);
  queue.add(request('a', 30));
  queue.add(request('b', 40));
  expect(clock.timers).toBe(1);
  clock.advance(1000);
  expect([queue.size, clock.timers]).toEqual([0, 0]);
});

test('who is added while another expires is kept', () => {
  const clock = new HandClock(0);
  const queue = new WaitQueue(clock);
  const { log, request } = recorder();
  queue.add({ until: 10, retry: () => undefined, expire: () => queue.add(request('late', 5000)) });
  clock.advance(10);
  expect(queue.size).toBe(1);
  queue.flush();
  expect(log).toEqual(['retry late']);
});
