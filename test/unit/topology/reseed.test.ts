import { expect, test } from 'vitest';
import { reseed } from '../../../src/topology/reseed.js';
import { applyAll, seeded } from './build.js';

const A = { at: 0, from: 'db-1', as: 'A', executed: 'A:1-10' } as const;
const B = {
  at: 0,
  from: 'db-2',
  as: 'B',
  readOnly: true,
  channels: [{ id: 'A', source: 'db-1' }],
  executed: 'A:1-10',
} as const;

test('a new seed is probed, one that never answered is dropped at once', () => {
  const next = reseed(seeded('db-1', 'db-9'), ['db-1:3306', 'db-2:3306'], 10);
  expect([...next.addresses.keys()]).toEqual(['db-1:3306', 'db-2:3306']);
  expect(next.addresses.get('db-2:3306')?.seed).toBe(true);
});

test('a node at an address that is no seed any more is dropped when it has failed for long, and not before', () => {
  const { topology } = applyAll(seeded('db-1', 'db-2'), [A, B]);
  const next = reseed(topology, ['db-1:3306'], 10);
  expect(next.version).toBe(topology.version + 1);
  expect(next.addresses.get('db-2:3306')).toMatchObject({ seed: false, node: 'B' });
  const soon = applyAll(next, [{ at: 100, from: 'db-2', failed: 'gone' }]).topology;
  expect([...soon.nodes.keys()]).toEqual(['A', 'B']);
  const late = applyAll(soon, [{ at: 70_000, from: 'db-2', failed: 'gone' }]).topology;
  expect([...late.nodes.keys()]).toEqual(['A']);
});

test('a discovered address that becomes a seed is kept for good', () => {
  const named = { ...A, replicas: ['db-2'] };
  const { topology } = applyAll(seeded('db-1'), [named, B]);
  expect(topology.addresses.get('db-2:3306')?.seed).toBe(false);
  const next = reseed(topology, ['db-1:3306', 'db-2:3306'], 10);
  const late = applyAll(next, [{ at: 100_000, from: 'db-2', failed: 'gone' }]).topology;
  expect(late.addresses.has('db-2:3306')).toBe(true);
});
