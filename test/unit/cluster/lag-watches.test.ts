import { expect, test } from 'vitest';
import { LagWatches } from '../../../src/cluster/lag-watches.js';
import { applyAll, seeded } from '../topology/build.js';

const PRIMARY = { from: 'db-1', as: 'A' };
const REPLICA = { from: 'db-2', as: 'B', readOnly: true, channels: [{ id: 'A', source: 'db-1' }] };
const before = applyAll(seeded('db-1', 'db-2'), [
  { ...PRIMARY, at: 0, executed: 'A:1-10' },
  { ...REPLICA, at: 1, executed: 'A:1-10' },
  { ...PRIMARY, at: 500, executed: 'A:1-20' },
]).topology;
/** B is 900 ms behind. */
const after = applyAll(before, [{ ...REPLICA, at: 899, executed: 'A:1-10' }]).topology;

test('each limit is judged by itself, once for all who share it', () => {
  const watches = new LagWatches();
  const [strict, again, lax] = [watches.join(500), watches.join(500), watches.join(2000)];
  const changes = watches.judge(before, after, 900);
  expect(again).toBe(strict);
  expect([...strict.unfit]).toEqual(['B']);
  expect([...lax.unfit]).toEqual([]);
  expect(changes.map(({ node, next, maxLagMs }) => [node, next, maxLagMs])).toEqual([['B', 'unfit', 500]]);
});

test('a limit is judged until the last who has it leaves', () => {
  const watches = new LagWatches();
  const watch = watches.join(500);
  watches.join(500);
  watches.leave(watch);
  expect(watches.judge(before, after, 900)).toHaveLength(1);
  watches.leave(watch);
  expect(watches.judge(before, after, 900)).toEqual([]);
});

test('a change says by how much, and why', () => {
  const watches = new LagWatches();
  watches.join(500);
  const [change] = watches.judge(before, after, 900);
  expect(change).toMatchObject({ address: 'db-2:3306', previous: 'fit', next: 'unfit' });
  expect(change?.because).toBe('it is at most 900 ms behind, over maxLagMs (500 ms); its replication runs');
});
