import { expect, test } from 'vitest';
import { parseOptions } from '../../../src/options.js';
import { parseRules } from '../../../src/rules.js';

test('completes and freezes a list', () => {
  const [first, second] = parseRules([
    { match: /report/gi, route: 'replica' },
    { match: { tables: ['Shop.Orders'] }, route: 'node', node: 'db-2:3306', because: 'warm' },
  ]);
  expect(first).toEqual({ index: 0, match: /report/i, route: 'replica', node: undefined, because: 'cluster.rules[0]' });
  expect(second).toMatchObject({ index: 1, match: { tables: ['shop.orders'] }, node: 'db-2:3306', because: 'warm' });
  expect(Object.isFrozen(second)).toBe(true);
});

test.each([
  [{}, /^cluster\.rules: must be a list/],
  [['x'], /^cluster\.rules\[0\]: must be an object/],
  [[{ match: /a/ }], /^cluster\.rules\[0\]\.route: must be one of 'primary', 'replica', 'node', 'error'/],
  [[{ match: /a/, route: 'slave' }], /^cluster\.rules\[0\]\.route.*not 'slave'/],
  [[{ match: /a/, route: 'node' }], /^cluster\.rules\[0\]\.node/],
  [[{ match: /a/, route: 'primary', node: 'db-1' }], /^cluster\.rules\[0\]\.node/],
  [
    [
      { match: /a/, route: 'primary' },
      { match: 7, route: 'primary' },
    ],
    /^cluster\.rules\[1\]\.match: must be a RegExp/,
  ],
  [[{ match: { tables: [] }, route: 'primary' }], /^cluster\.rules\[0\]\.match/],
  [[{ match: { table: ['a'] }, route: 'primary' }], /^cluster\.rules\[0\]\.match/],
  [[{ match: ' ', route: 'primary' }], /^cluster\.rules\[0\]\.match/],
  [[{ match: /a/, rout: 'primary' }], /^cluster\.rules\[0\]\.rout: is not an option; did you mean 'route'/],
  [[{ match: /a/, route: 'primary', because: 7 }], /^cluster\.rules\[0\]\.because/],
])('%j', (rules, message) => {
  expect(() => parseOptions({ rules } as never)).toThrow(message);
});
