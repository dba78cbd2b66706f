import { describe, expect, test } from 'vitest';
import { balancers } from '../../../src/routing/balancers/balancers.js';
import type { BalanceContext, NodeLoad } from '../../../src/routing/route.js';
import type { NodeView } from '../../../src/topology/topology.js';
import { applyAll, seeded } from '../topology/build.js';

const IDLE: NodeLoad = {
  inFlight: 0,
  responseMs: 0,
  respondedAt: 0,
  arrivalMs: undefined,
  blockedUntil: 0,
  lagging: false,
  ejectedUntil: 0,
};

function nodes(...weights: readonly number[]): readonly NodeView[] {
  const { topology } = applyAll(
    seeded('db-1'),
    weights.map((_, index) => ({ at: 0, from: 'db-1', as: `N${index}` })).slice(0, 1),
  );
  const [view] = [...topology.nodes.values()];
  return weights.map((weight, index) => ({
    ...view!,
    id: `N${index}`,
    traits: { weight, zone: undefined, tags: [] },
    lag: { ...view!.lag, caughtUpTo: 1000 },
  }));
}

/** How often each node is chosen in `rounds`, with even steps for chance. */
function tally(
  name: keyof typeof balancers,
  views: readonly NodeView[],
  loads: Record<string, Partial<NodeLoad>> = {},
) {
  const rounds = 1200;
  const counts = views.map(() => 0);
  const map = new Map(views.map(({ id }) => [id, { ...IDLE, ...loads[id] }]));
  let seed = 1;
  const random = (): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  for (let turn = 0; turn < rounds; turn += 1) {
    const context: BalanceContext = { loads: map, now: 1000, random, turn };
    counts[views.indexOf(balancers[name](views, context))]! += 1;
  }
  return counts.map((count) => count / rounds);
}

describe.each(['adaptive', 'round-robin', 'random', 'least-in-flight'] as const)('%s', (name) => {
  test('one node', () => {
    expect(tally(name, nodes(1))).toEqual([1]);
  });

  test('equal nodes get about equal shares', () => {
    for (const share of tally(name, nodes(1, 1, 1))) expect(share).toBeCloseTo(1 / 3, 1);
  });

  test('a heavier node gets no less', () => {
    const [light, heavy] = tally(name, nodes(1, 3));
    expect(heavy).toBeGreaterThan(light!);
  });

  test('weight 0 gets nothing while another is there', () => {
    expect(tally(name, nodes(0, 1, 1))[0]).toBe(0);
  });

  test('weight 0 is used when nothing else is left', () => {
    expect(tally(name, nodes(0)).at(0)).toBe(1);
    for (const share of tally(name, nodes(0, 0))) expect(share).toBeGreaterThan(0.2);
  });
});

test('random and round-robin keep to the weights', () => {
  for (const name of ['random', 'round-robin'] as const) {
    expect(tally(name, nodes(1, 3))[1]).toBeCloseTo(0.75, 1);
  }
});

test('round-robin takes equal nodes in turn', () => {
  const views = nodes(1, 1, 1);
  const order = [0, 1, 2, 3].map((turn) =>
    balancers['round-robin'](views, { loads: new Map(), now: 0, random: () => 0, turn }),
  );
  expect(order.map(({ id }) => id)).toEqual(['N0', 'N1', 'N2', 'N0']);
});

test('adaptive avoids the busy, the slow and the lagging node', () => {
  expect(tally('adaptive', nodes(1, 1), { N0: { inFlight: 5 } })).toEqual([0, 1]);
  expect(tally('adaptive', nodes(1, 1), { N0: { responseMs: 20, respondedAt: 1000 } })).toEqual([0, 1]);
  const [fresh, stale] = nodes(1, 1);
  const lagging = { ...stale!, lag: { ...stale!.lag, caughtUpTo: 400 } };
  expect(tally('adaptive', [fresh!, lagging])).toEqual([1, 0]);
});

test('adaptive forgets a slow answer in time, or the node would never be asked again', () => {
  const answered = { N1: { responseMs: 0.3, respondedAt: 1000 } };
  expect(tally('adaptive', nodes(1, 1), { N0: { responseMs: 40, respondedAt: 0 }, ...answered })).toEqual([0, 1]);
  expect(tally('adaptive', nodes(1, 1), { N0: { responseMs: 40, respondedAt: -5000 }, ...answered })).toEqual([1, 0]);
});

test('least-in-flight takes the one with the fewest for its weight', () => {
  expect(tally('least-in-flight', nodes(1, 1), { N0: { inFlight: 1 } })).toEqual([0, 1]);
  expect(tally('least-in-flight', nodes(4, 1), { N0: { inFlight: 1 } })).toEqual([1, 0]);
});
