import { expect, test } from 'vitest';
import { Monitor, type MonitorContext } from '../../../src/cluster/monitor.js';
import { HandClock, settled } from '../../support/hand-clock.js';

interface Watched {
  readonly clock: HandClock;
  readonly monitor: Monitor;
  /** Connects that were tried, and failures in a row that a pause was asked for with. */
  readonly connects: number[];
  readonly failures: number[];
}

/** A monitor of a node that refuses connections: pauses are a second, and a probe may come out of turn after 25 ms. */
function watched(soon: MonitorContext['soon'] = () => 0): Watched {
  const clock = new HandClock();
  const connects: number[] = [];
  const failures: number[] = [];
  const monitor = new Monitor('127.0.0.1:1', {
    clock,
    kind: 'gtid-replication',
    timeoutMs: 1000,
    heartbeat: undefined,
    connect: () => {
      connects.push(clock.now());
      return Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
    },
    pause: (_, failed) => {
      failures.push(failed);
      return 1000;
    },
    soon,
    onReport: () => undefined,
    extras: () => ({ controlTable: undefined, semiSync: false }),
    isWanted: () => true,
  });
  return { clock, monitor, connects, failures };
}

test('a pause is asked for with the failures in a row', async () => {
  const { clock, monitor, failures } = watched();
  monitor.probeNow();
  await settled();
  clock.advance(1000);
  await settled();
  clock.advance(1000);
  await settled();
  expect(failures).toEqual([1, 2, 3]);
  monitor.stop();
});

test('however many ask for a probe out of turn, it comes when it may, once', async () => {
  const at: Watched = watched((begunAt) => Math.max(0, begunAt + 25 - at.clock.now()));
  const { clock, monitor, connects } = at;
  const begun = clock.now();
  for (let ms = 0; ms < 99; ms++) {
    for (let times = 0; times < 10; times++) monitor.probeSoon();
    await settled();
    clock.advance(1);
  }
  expect(connects.map((time) => time - begun)).toEqual([0, 25, 50, 75]);
  monitor.stop();
});

test('one that is asked for later than its turn waits for its turn', async () => {
  const { clock, monitor, connects } = watched(() => 5000);
  monitor.probeNow();
  await settled();
  monitor.probeSoon();
  clock.advance(1000);
  await settled();
  expect(connects).toHaveLength(2);
  monitor.stop();
});

test('after a sample of the primary, a node that does not answer keeps its own pause', async () => {
  const { clock, monitor, connects } = watched();
  monitor.probeNow();
  await settled();
  clock.advance(600);
  monitor.probeIn(25, 250);
  clock.advance(300);
  await settled();
  expect(connects).toHaveLength(1);
  monitor.stop();
});
