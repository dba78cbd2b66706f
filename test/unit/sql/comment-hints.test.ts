import { expect, test } from 'vitest';
import { commentHintOf } from '../../../src/sql/comment-hints.js';

test.each([
  ['/* cluster:primary */ SELECT 1', 'primary', undefined],
  ['/*cluster:replica*/ SELECT 1', 'replica', undefined],
  ['SELECT 1 /* cluster:max_lag_ms=50 */', undefined, 50],
  ['/* cluster:replica */ /* cluster:max_lag_ms = 20 */ SELECT 1', 'replica', 20],
  ['/* cluster:primary */ SELECT 1 /* cluster:replica */', 'replica', undefined],
])('%s', (sql, route, maxLagMs) => {
  expect(commentHintOf(sql)).toMatchObject({ route, maxLagMs });
});

test.each([
  'SELECT 1',
  "SELECT '/* cluster:replica */'",
  'SELECT `/* cluster:replica */` FROM t',
  'SELECT 1 -- cluster:replica',
  "SELECT 'it\\'s /* cluster:replica */'",
])('no hint: %s', (sql) => {
  expect(commentHintOf(sql)).toBeUndefined();
});

test('the quotes are those of the sql_mode', () => {
  const sql = "SELECT '\\' /* cluster:replica */ -- '";
  expect(commentHintOf(sql)).toBeUndefined();
  expect(commentHintOf(sql, { sqlMode: 'NO_BACKSLASH_ESCAPES' })).toMatchObject({ route: 'replica' });
});

test.each(['cluster:primry', 'cluster:max_lag_ms=soon', 'cluster:'])(
  '%s is an error that says what would be right',
  (hint) => {
    expect(() => commentHintOf(`/* ${hint} */ SELECT 1`)).toThrow(
      /cluster:primary, cluster:replica and cluster:max_lag_ms/,
    );
  },
);
