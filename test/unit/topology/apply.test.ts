import { expect, test } from 'vitest';
import { applyArrival } from '../../../src/topology/apply.js';
import { caughtUp, highAt, isFresh, lagAt } from '../../../src/topology/lag.js';
import { applyAll, gtids, type ShortReport, seeded } from './build.js';

const PRIMARY: ShortReport = { at: 0, from: 'db-1', as: 'A', executed: 'A:1-10' };
const REPLICA: ShortReport = {
  at: 10,
  from: 'db-2',
  as: 'B',
  readOnly: true,
  channels: [{ id: 'A', source: 'db-1' }],
  executed: 'A:1-10',
};
const both = (): ReturnType<typeof applyAll>['topology'] =>
  applyAll(seeded('db-1', 'db-2'), [PRIMARY, REPLICA]).topology;

test('the topology and all it holds are frozen', () => {
  const topology = both();
  expect(Object.isFrozen(topology)).toBe(true);
  expect(Object.isFrozen(topology.replicas)).toBe(true);
  expect(Object.isFrozen(topology.samples)).toBe(true);
  expect(Object.isFrozen(topology.beats)).toBe(true);
  for (const node of topology.nodes.values()) {
    expect(Object.isFrozen(node)).toBe(true);
    expect(Object.isFrozen(node.lag)).toBe(true);
  }
});

test('the primary and the replicas are the very views that `nodes` holds', () => {
  const topology = applyArrival(both(), { node: 'B', executed: gtids('A:11'), answeredAt: 20 });
  expect(topology.primary).toBe(topology.nodes.get('A'));
  expect(topology.replicas).toEqual([topology.nodes.get('B')]);
  expect(topology.replicas[0]).toBe(topology.nodes.get('B'));
});

test('reports that bring nothing but times do not count as a version', () => {
  const before = both();
  const { topology, changes } = applyAll(before, [
    { ...PRIMARY, at: 100 },
    { ...REPLICA, at: 110 },
  ]);
  expect(changes).toEqual([]);
  expect(topology.version).toBe(before.version);
  expect(topology).not.toBe(before);
});

test('what comes too late leaves the very same topology', () => {
  const before = both();
  expect(applyAll(before, [{ ...REPLICA, at: 5 }]).topology).toBe(before);
});

test('an arrival of an unknown node, or of nothing new, leaves the very same topology', () => {
  const before = both();
  expect(applyArrival(before, { node: 'Z', executed: gtids('A:11'), answeredAt: 20 })).toBe(before);
  expect(applyArrival(before, { node: 'B', executed: gtids('A:5'), answeredAt: 20 })).toBe(before);
});

test('highAt and lagAt agree', () => {
  const topology = both();
  const [replica] = topology.replicas;
  expect(highAt(replica!, topology, 250)).toBe(250);
  expect(lagAt(replica!, topology, 250)).toEqual({ low: 0, high: 250, source: 'watermark' });
});

test('isFresh: the limit itself is allowed', () => {
  const topology = both();
  const [replica] = topology.replicas;
  expect(isFresh(replica!, topology, { now: 250, maxLagMs: 250, begunAt: 250 })).toBe(true);
  expect(isFresh(replica!, topology, { now: 251, maxLagMs: 250, begunAt: 251 })).toBe(false);
});

test('isFresh: a sample that was sent after the read began will do for any limit', () => {
  const topology = both();
  const [replica] = topology.replicas;
  expect(isFresh(replica!, topology, { now: 250, maxLagMs: 0, begunAt: 0 })).toBe(true);
  expect(isFresh(replica!, topology, { now: 250, maxLagMs: 5, begunAt: 0 })).toBe(true);
  expect(isFresh(replica!, topology, { now: 250, maxLagMs: 0, begunAt: 1 })).toBe(false);
});

test('many samples a second leave older ones to measure by, further and further apart', () => {
  const samples = Array.from({ length: 2000 }, (_, i) => ({
    ...PRIMARY,
    at: 100 + i * 10,
    executed: `A:1-${100 + i}`,
  }));
  const { topology } = applyAll(both(), samples);
  expect(topology.samples).toHaveLength(64);
  expect(topology.samples.at(-1)?.sentAt).toBe(20_090);
  for (const behind of [50, 500, 5000, 15_000]) {
    const executed = `A:1-${100 + (20_000 - behind) / 10}`;
    const late = applyAll(topology, [{ ...REPLICA, at: 20_100, executed }]).topology;
    const high = highAt(late.replicas[0]!, late, 20_100);
    expect(high).toBeGreaterThanOrEqual(behind);
    expect(high).toBeLessThan(behind * 1.25 + 120);
  }
});

test('caughtUp finds the newest sample that is contained', () => {
  const samples = [10, 20, 30].map((last) => ({ sentAt: last, answeredAt: last + 1, executed: gtids(`A:1-${last}`) }));
  expect(caughtUp(samples, gtids('A:1-25'))).toBe(20);
  expect(caughtUp(samples, gtids('A:1-30'))).toBe(30);
  expect(caughtUp(samples, gtids('A:1-9'))).toBeUndefined();
  expect(caughtUp(samples, undefined)).toBeUndefined();
});

test('each change says what was, what is, and why', () => {
  const added = applyAll(seeded('db-1', 'db-2'), [PRIMARY, REPLICA]);
  expect(added.changes).toContainEqual({
    type: 'nodeAdded',
    node: 'B',
    address: 'db-2:3306',
    previous: undefined,
    next: 'up',
    because: 'it answered at db-2:3306',
  });
  const lost = applyAll(added.topology, [{ at: 20, from: 'db-1', failed: 'gone' }]);
  expect(lost.changes).toEqual([
    { type: 'nodeDown', node: 'A', address: 'db-1:3306', previous: 'up', next: 'down', because: 'it is gone' },
    { type: 'noPrimary', previous: 'A', next: undefined, because: 'the primary db-1:3306 is down' },
  ]);
  const rival = { ...REPLICA, at: 30, readOnly: false, channels: [] };
  const split = applyAll(added.topology, [rival]);
  expect(split.changes).toContainEqual(
    expect.objectContaining({ type: 'splitBrain', previous: [], next: ['A', 'B'], because: expect.any(String) }),
  );
});
