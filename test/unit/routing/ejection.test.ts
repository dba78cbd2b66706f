import { describe, expect, test } from 'vitest';
import { Ejection } from '../../../src/cluster/ejection.js';
import { NodeTraffic } from '../../../src/cluster/node-traffic.js';
import type { EjectionPolicy } from '../../../src/routing/ejection.js';
import type { Topology } from '../../../src/topology/topology.js';
import { HandClock } from '../../support/hand-clock.js';
import { applyAll, seeded } from '../topology/build.js';

const POLICY: EjectionPolicy = { ejectPercent: 50, ejectSlowFactor: 10, ejectMs: 5000 };
const REPLICAS = ['B', 'C', 'D', 'E'];

/** A pool on replicas that all answer their probes, always. */
class Pool {
  readonly clock = new HandClock();
  readonly traffic: Map<string, NodeTraffic>;
  readonly events: string[] = [];
  readonly #names: readonly string[];
  readonly #ejection: Ejection;

  constructor(replicas: number, policy: Partial<EjectionPolicy> = {}) {
    this.#names = REPLICAS.slice(0, replicas);
    this.traffic = new Map(this.#names.map((name) => [name, new NodeTraffic()]));
    const tell = (_: string, event: { node: string; forMs: number; because: string }): void =>
      void this.events.push(`${event.node} ${event.forMs} ${event.because}`);
    this.#ejection = new Ejection(this.traffic, { clock: this.clock, tell: tell as never }, { ...POLICY, ...policy });
  }

  of(name: string): NodeTraffic {
    return this.traffic.get(name)!;
  }

  answer(name: string, ms: number, count = 1): void {
    for (let i = 0; i < count; i++) {
      this.of(name).begin('read');
      this.of(name).end(ms, false, this.clock.now());
    }
  }

  lose(name: string, count = 1): void {
    for (let i = 0; i < count; i++) {
      this.of(name).begin('read');
      this.of(name).end(0, true, this.clock.now());
      this.of(name).fail();
    }
  }

  /** Two ticks: one sees how it is, and the next that the nodes answer all the same. */
  tick(down: readonly string[] = []): void {
    for (let i = 0; i < 2; i++) {
      this.clock.advance(500);
      this.#ejection.review(this.#topology(down));
    }
  }

  /** Looks at what the probes told before. */
  reviewLate(): void {
    const before = this.#topology([]);
    for (let i = 0; i < 3; i++) {
      this.clock.advance(150);
      this.#ejection.review(before);
    }
  }

  out(): string[] {
    return this.#names.filter((name) => this.of(name).ejectedUntil > this.clock.now());
  }

  #topology(down: readonly string[]): Topology {
    const at = this.clock.now();
    const addresses = this.#names.map((_, index) => `db-${index + 2}`);
    const reports = this.#names.map((as, index) => {
      const live = { at, from: addresses[index]!, as, readOnly: true, channels: [{ id: 'A', source: 'db-1' }] };
      return down.includes(as)
        ? [
            { ...live, at: at - 1 },
            { at, from: addresses[index]!, failed: 'gone' as const },
          ]
        : [live];
    });
    return applyAll(seeded('db-1', ...addresses), [{ at, from: 'db-1', as: 'A' }, ...reports.flat()]).topology;
  }
}

describe('a replica that loses its statements', () => {
  test('is left out for a while, and an event says so', () => {
    const pool = new Pool(2);
    pool.lose('B', 7);
    pool.tick();
    expect(pool.out()).toEqual(['B']);
    expect(pool.events).toEqual([
      'B 5000 50 % or more of its last reads lost their connection or got no answer in time',
    ]);
    pool.clock.advance(5000);
    expect(pool.out()).toEqual([]);
  });

  test('stays for a few that were lost, and for errors of SQL', () => {
    const pool = new Pool(2);
    pool.lose('B', 5);
    pool.answer('B', 1, 20);
    for (let i = 0; i < 50; i++) pool.of('C').end(1, true, 0);
    pool.tick();
    expect(pool.events).toEqual([]);
  });

  test('is left out for twice as long each further time, up to five minutes', () => {
    const pool = new Pool(2);
    const times: number[] = [];
    for (let round = 0; round < 9; round++) {
      pool.lose('B', 7);
      pool.tick();
      expect(pool.out()).toEqual(['B']);
      times.push(Number(pool.events.at(-1)?.split(' ')[1]));
      pool.clock.advance(300_000);
      pool.of('B').ejectedUntil = pool.clock.now();
    }
    expect(times).toEqual([5000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000]);
  });

  test('begins anew after a good minute', () => {
    const pool = new Pool(2);
    pool.lose('B', 7);
    pool.tick();
    pool.clock.advance(66_000);
    pool.answer('B', 1, 30);
    pool.tick();
    expect(pool.of('B').ejections).toBe(0);
  });

  test('stays until it has answered a probe since: it may be about to be seen down', () => {
    const pool = new Pool(2);
    pool.lose('B', 20);
    pool.reviewLate();
    expect(pool.events).toEqual([]);
    pool.tick();
    expect(pool.out()).toEqual(['B']);
  });

  test('and is down is not ejected too, nor when it is back', () => {
    const pool = new Pool(2);
    pool.lose('B', 20);
    pool.tick(['B']);
    pool.tick();
    expect(pool.events).toEqual([]);
  });
});

describe('never', () => {
  test('the only one', () => {
    const pool = new Pool(1);
    pool.lose('B', 50);
    pool.tick();
    expect(pool.events).toEqual([]);
  });

  test.each([
    [2, 1],
    [3, 1],
    [4, 2],
  ])('of %i more than %i, the worst first', (count, most) => {
    const pool = new Pool(count);
    for (const [index, name] of REPLICAS.slice(0, count).entries()) pool.lose(name, 10 + index);
    pool.tick();
    pool.tick();
    expect(pool.out()).toEqual(REPLICAS.slice(0, count).slice(-most));
  });

  test('with 0 percent', () => {
    const pool = new Pool(2, { ejectPercent: 0 });
    pool.lose('B', 50);
    pool.tick();
    expect(pool.events).toEqual([]);
  });
});

describe('a replica that is far slower than its peers', () => {
  test('is left out', () => {
    const pool = new Pool(3);
    for (const name of ['B', 'C', 'D']) pool.answer(name, 30, 20);
    pool.tick();
    pool.answer('B', 400, 7);
    for (const name of ['C', 'D']) pool.answer(name, 30, 20);
    pool.tick();
    expect(pool.out()).toEqual(['B']);
    expect(pool.events[0]).toContain('10 times as long');
  });

  test('stays when all are slow', () => {
    const pool = new Pool(3);
    for (let i = 0; i < 5; i++) {
      for (const name of ['B', 'C', 'D']) pool.answer(name, 2000, 20);
      pool.tick();
    }
    expect(pool.events).toEqual([]);
  });

  test('stays when its answers are short all the same', () => {
    const pool = new Pool(2);
    for (let i = 0; i < 5; i++) {
      pool.answer('B', 150, 20);
      pool.answer('C', 0.5, 20);
      pool.tick();
    }
    expect(pool.events).toEqual([]);
  });

  test('stays when a few long statements went there', () => {
    const pool = new Pool(2);
    for (let i = 0; i < 20; i++) {
      pool.answer('C', 1, 10);
      pool.answer('B', 1, 10);
      pool.answer('B', 3000, 3);
      pool.tick();
    }
    expect(pool.events).toEqual([]);
  });

  test('stays when nobody else answered lately', () => {
    const pool = new Pool(2);
    pool.answer('C', 1, 20);
    pool.clock.advance(20_000);
    pool.answer('B', 1, 20);
    pool.tick();
    pool.answer('B', 3000, 30);
    pool.tick();
    expect(pool.events).toEqual([]);
  });
});
