import { describe, expect, test } from 'vitest';
import { crowdOf, Pace } from '../../../src/cluster/pace.js';
import { AFTER_SAMPLE_MS } from '../../../src/cluster/pace-rules.js';
import { apply } from '../../../src/topology/apply.js';
import type { LiveReport } from '../../../src/topology/node-report.js';
import { HandClock } from '../../support/hand-clock.js';
import { context, report, seeded } from '../topology/build.js';

interface Paced {
  readonly clock: HandClock;
  readonly pace: Pace;
  /** What chance gives next, in [0, 1). */
  chance: number;
}

function paced(intervalMs = 500): Paced {
  const clock = new HandClock();
  const at: Paced = { clock, pace: new Pace(clock, intervalMs, () => at.chance), chance: 0 };
  return at;
}

describe('the interval', () => {
  test('while statements run', () => {
    const { clock, pace } = paced();
    clock.advance(29_000);
    expect(pace.next()).toBe(500);
  });

  test('four times as long after a calm, and as before with the next statement', () => {
    const { clock, pace } = paced();
    clock.advance(30_001);
    expect(pace.next()).toBe(2000);
    pace.used(clock.now());
    expect(pace.next()).toBe(500);
  });

  test('chance makes it up to a tenth longer, never shorter: it bounds the statements a second', () => {
    const at = paced();
    expect(at.pace.next()).toBe(500);
    at.chance = 0.999;
    expect(at.pace.next()).toBeCloseTo(550, 0);
  });
});

describe('crowded servers', () => {
  test('up to 1,000 sessions change nothing, more do in proportion, up to eightfold', () => {
    const { pace } = paced();
    const at = (sessions: number): number => {
      pace.crowded({ sessions, gtidBytes: 0 });
      return pace.next();
    };
    expect([0, 1000, 1500, 3000, 8000, 50_000].map(at)).toEqual([500, 500, 750, 1500, 4000, 4000]);
  });

  test('GTIDs over 10 KB are read more seldom in proportion', () => {
    const { pace } = paced();
    pace.crowded({ sessions: 0, gtidBytes: 10_240 });
    expect(pace.next()).toBe(500);
    pace.crowded({ sessions: 0, gtidBytes: 30_720 });
    expect(pace.next()).toBe(1500);
  });

  test('a search is slower too, but never slower than the interval', () => {
    const { clock, pace } = paced();
    pace.search(true);
    pace.crowded({ sessions: 4000, gtidBytes: 0 });
    expect(pace.next()).toBe(100);
    clock.advance(60_000);
    expect(pace.next()).toBe(500);
  });

  test('the crowd is the most sessions and the longest GTIDs of any node', () => {
    let topology = seeded('db-1', 'db-2', 'db-3');
    for (const [short, sessions] of [
      [{ at: 0, from: 'db-1', as: 'A', executed: 'A:1-5' }, 7],
      [{ at: 0, from: 'db-2', as: 'B' }, 70],
      [{ at: 0, from: 'db-3', as: 'C' }, undefined],
    ] as const) {
      topology = apply(topology, { ...(report(short) as LiveReport), sessions }, context(1)).topology;
    }
    expect(crowdOf(topology)).toEqual({ sessions: 70, gtidBytes: 40 });
  });
});

describe('the lag of a healthy replica stays under half of maxLagMs', () => {
  // What it is at most: replicas are probed after each sample of the primary, and have it then.
  const worst = (at: Paced): number => {
    at.chance = 1;
    return at.pace.next() + AFTER_SAMPLE_MS;
  };

  test.each([
    [2000, 0, 30_001],
    [2000, 50_000, 0],
    [7000, 50_000, 0],
  ])('maxLagMs %i, %i sessions, %i ms of calm', (maxLagMs, sessions, calm) => {
    const at = paced();
    at.pace.keepFresh(60_000);
    at.pace.keepFresh(maxLagMs);
    at.pace.crowded({ sessions, gtidBytes: 0 });
    at.clock.advance(calm);
    expect(worst(at)).toBeLessThanOrEqual(maxLagMs / 2);
    expect(worst(at)).toBeGreaterThan(maxLagMs / 2 - 50);
  });

  test('a limit below the interval does not make it shorter', () => {
    const { pace } = paced();
    pace.keepFresh(0);
    pace.crowded({ sessions: 9000, gtidBytes: 0 });
    expect(pace.next()).toBe(500);
  });
});

describe('while a primary is searched', () => {
  test('25 ms for two seconds, then slower, with a cap', () => {
    const { clock, pace } = paced();
    pace.search(true);
    expect(pace.next()).toBe(25);
    clock.advance(2000);
    expect(pace.next()).toBe(25);
    clock.advance(1000);
    expect(pace.next()).toBe(75);
    clock.advance(60_000);
    expect(pace.next()).toBe(200);
  });

  test('it goes on from where it began when it is asked for again', () => {
    const { clock, pace } = paced();
    pace.search(true);
    clock.advance(10_000);
    pace.search(true);
    expect(pace.next()).toBe(200);
  });

  test('one that ended and begins anew is fast again', () => {
    const { clock, pace } = paced();
    pace.search(true);
    clock.advance(10_000);
    pace.search(false);
    expect(pace.next()).toBe(500);
    pace.search(true);
    expect(pace.next()).toBe(25);
  });

  test('it is never slower than the interval', () => {
    const { clock, pace } = paced(20);
    pace.search(true);
    clock.advance(60_000);
    expect(pace.next()).toBe(20);
  });
});

describe('a node that does not answer', () => {
  const longest = (at: Paced, failures: number): number => {
    at.chance = 1;
    return at.pace.next(failures);
  };

  test('is tried again after any part of a pause that doubles, with a cap', () => {
    const at = paced();
    expect([1, 2, 3, 4, 5, 6, 60].map((failures) => longest(at, failures))).toEqual([
      50, 100, 200, 400, 800, 1000, 1000,
    ]);
    at.chance = 0;
    expect(at.pace.next(6)).toBe(0);
  });

  test('is tried more often while a primary is searched: it may be the one that comes back', () => {
    const at = paced();
    at.pace.search(true);
    expect([1, 4, 9].map((failures) => longest(at, failures))).toEqual([50, 400, 400]);
  });

  test('is left in peace longer where the servers are crowded', () => {
    const at = paced();
    at.pace.search(true);
    at.pace.crowded({ sessions: 50_000, gtidBytes: 0 });
    expect([1, 2, 3].map((failures) => longest(at, failures))).toEqual([2500, 5000, 8000]);
  });
});

describe('what an error of the traffic asks for', () => {
  test('comes at once, but a node is not probed more often than in a search', () => {
    const { clock, pace } = paced();
    expect(pace.soon(Number.NEGATIVE_INFINITY)).toBe(0);
    expect(pace.soon(clock.now() - 25)).toBe(0);
    expect(pace.soon(clock.now() - 10)).toBe(15);
  });

  test('is spread where the processes are many, over a second at most', () => {
    const at = paced();
    const spread = (sessions: number): number => {
      at.pace.crowded({ sessions, gtidBytes: 0 });
      return at.pace.soon(Number.NEGATIVE_INFINITY);
    };
    at.chance = 0.5;
    expect([0, 1000, 11_000, 1_000_000].map(spread)).toEqual([0, 0, 100, 500]);
    at.chance = 0;
    expect(spread(11_000)).toBe(0);
  });
});
