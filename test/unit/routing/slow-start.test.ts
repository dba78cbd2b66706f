import { expect, test } from 'vitest';
import { balancers } from '../../../src/routing/balancers/balancers.js';
import { route } from '../../../src/routing/choose.js';
import type { RouteContext } from '../../../src/routing/route.js';
import { applyAll, seeded } from '../topology/build.js';

const READ = {
  access: 'read',
  route: 'auto',
  node: undefined,
  maxLagMs: 60_000,
  need: undefined,
  tried: [],
  waited: false,
} as const;

/** The share of 5000 reads that the last of so many replicas gets `elapsed` ms after it joined. */
function shareOfNewcomer(balance: keyof typeof balancers, elapsed: number, replicas = 2): number {
  const names = ['B', 'C', 'D'].slice(0, replicas);
  const report = (as: string, index: number) =>
    ({
      from: `db-${index + 2}`,
      as,
      readOnly: true,
      channels: [{ id: 'A', source: 'db-1' }],
      executed: 'A:1',
    }) as const;
  const { topology } = applyAll(seeded('db-1', 'db-2', 'db-3', 'db-4'), [
    { at: 0, from: 'db-1', as: 'A', executed: 'A:1' },
    ...names.slice(0, -1).map((as, index) => ({ at: 0, ...report(as, index) })),
    { at: 9999, ...report(names.at(-1)!, replicas - 1) },
  ]);
  let seed = 7;
  const random = (): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  let count = 0;
  for (let turn = 0; turn < 5000; turn += 1) {
    const context: RouteContext = {
      loads: new Map(),
      now: 10_000 + elapsed,
      begunAt: 10_000 + elapsed,
      random,
      turn,
      policy: {
        balance: balancers[balance],
        maxLagMs: 60_000,
        primaryReads: 'fallback',
        primaryReadsMax: 10,
        fallbackMaxLagMs: undefined,
        zone: undefined,
        consistencyWaitMs: 100,
        slowStartMs: 1000,
        poolMax: 10,
        holdMs: 1000,
      },
    };
    const answer = route(topology, READ, context);
    if (answer.type === 'use' && answer.node.id === names.at(-1)) count += 1;
  }
  return count / 5000;
}

test.each(['random', 'round-robin', 'least-in-flight'] as const)(
  '%s: the share grows from little to its own',
  (name) => {
    const [first, half, whole] = [0, 500, 1000].map((elapsed) => shareOfNewcomer(name, elapsed));
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(0.04);
    expect(half).toBeGreaterThan(0.15);
    expect(half).toBeLessThan(0.35);
    expect(whole).toBeGreaterThan(0.4);
  },
);

// It prefers the one whose data are newer: with the same load that is the newcomer.
test('adaptive: the newcomer gets no more than the share it is ready for', () => {
  expect(shareOfNewcomer('adaptive', 0)).toBeLessThan(0.04);
  expect(shareOfNewcomer('adaptive', 500)).toBeLessThan(0.6);
});

test('of three, a third', () => {
  expect(shareOfNewcomer('random', 500, 3)).toBeGreaterThan(0.1);
  expect(shareOfNewcomer('random', 500, 3)).toBeLessThan(0.25);
});
