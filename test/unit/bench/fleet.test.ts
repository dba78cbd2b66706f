import { describe, expect, test } from 'vitest';
import { Events } from '../../bench/fleet/events.js';
import { simulate } from '../../bench/fleet/simulate.js';
import { randomOf } from '../../support/random.js';

const SMALL = { processes: 30, nodes: 5, seed: 3 };

describe('the simulation of a fleet', () => {
  test('gives the same for the same seed, and something else for another', () => {
    const first = simulate(SMALL);
    expect(simulate(SMALL)).toEqual(first);
    expect(simulate({ ...SMALL, seed: 4 }).reroutes).not.toEqual(first.reroutes);
  });

  test('loses nothing by leaving out the reports without news', () => {
    expect(simulate({ ...SMALL, everyReport: true })).toEqual(simulate(SMALL));
  });

  test('has every process write to the new primary, soon where they are few', () => {
    const { reroutes } = simulate(SMALL);
    expect(reroutes).toHaveLength(SMALL.processes);
    expect(reroutes[0]).toBeGreaterThan(0);
    expect(reroutes.at(-1)).toBeLessThan(150);
  });

  test('at most four statements a second of a process on a node, fewer where the servers are crowded', () => {
    const of = (processes: number): number => simulate({ ...SMALL, processes }).statements / processes;
    expect(of(30)).toBeLessThanOrEqual(4);
    expect(of(30)).toBeGreaterThan(3);
    expect(of(1_000)).toBeLessThan(2.5);
  });
});

test('events happen in the order of their times, and of their coming', () => {
  const events = new Events();
  const random = randomOf(1);
  const seen: [number, number][] = [];
  for (let order = 0; order < 500; order++) {
    const ms = Math.floor(random() * 50);
    events.in(ms, () => seen.push([ms, order]));
  }
  events.runUntil(100);
  expect(seen).toHaveLength(500);
  expect(seen).toEqual([...seen].sort(([a, first], [b, second]) => a - b || first - second));
  expect(events.now).toBe(100);
});
