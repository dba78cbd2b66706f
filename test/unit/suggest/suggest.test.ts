import { expect, test } from 'vitest';
import { suggest } from '../../../src/suggest.js';

const known = ['nodes', 'maxLagMs', 'consistency', 'consistencyWaitMs', 'pool.max', 'pool.min'];

test.each([
  ['NODES', 'nodes'],
  ['node', 'nodes'],
  ['maxlag', 'maxLagMs'],
  ['consistancy', 'consistency'],
  ['consistencyWait', 'consistencyWaitMs'],
  ['pool.mx', 'pool.max'],
])('%s → %s', (name, near) => {
  expect(suggest(name, known)).toBe(near);
});

test.each(['x', 'xyzzy', 'password', ''])('nothing is near to %j', (name) => {
  expect(suggest(name, known)).toBeUndefined();
});

test('of two the nearer, of equals the first', () => {
  expect(suggest('pool.minn', ['pool.max', 'pool.min'])).toBe('pool.min');
  expect(suggest('pool.man', ['pool.min', 'pool.max'])).toBe('pool.min');
});

test('nothing is known', () => {
  expect(suggest('nodes', [])).toBeUndefined();
});
