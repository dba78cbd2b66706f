import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GtidSet } from '../../../src/gtid/gtid-set.js';
import { count } from '../../support/counts.js';

/** The naive model: every transaction as a string. */
const ORIGINS = [
  'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa',
  'bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb',
  'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa:tag',
];
const transaction = fc
  .tuple(fc.constantFrom(...ORIGINS), fc.integer({ min: 1, max: 24 }))
  .map(([origin, number]) => `${origin}:${number}`);
const naive = fc.array(transaction, { maxLength: 40 }).map((list) => new Set(list));
const runs = { numRuns: count(300, 20_000) };

function real(set: ReadonlySet<string>): GtidSet {
  return GtidSet.parse([...set].join(','));
}

describe('laws, against sets of strings', () => {
  test('union, minus, intersect, contains, equals, count', () => {
    fc.assert(
      fc.property(naive, naive, (a, b) => {
        const [x, y] = [real(a), real(b)];
        expect(x.union(y).toString()).toBe(real(new Set([...a, ...b])).toString());
        expect(x.minus(y).toString()).toBe(real(new Set([...a].filter((one) => !b.has(one)))).toString());
        expect(x.intersect(y).toString()).toBe(real(new Set([...a].filter((one) => b.has(one)))).toString());
        expect(x.contains(y)).toBe([...b].every((one) => a.has(one)));
        expect(x.equals(y)).toBe(a.size === b.size && [...b].every((one) => a.has(one)));
        expect(x.transactions).toBe(a.size);
        expect(x.isEmpty).toBe(a.size === 0);
      }),
      runs,
    );
  });

  test('what is printed reads back as the same set, and prints the same', () => {
    fc.assert(
      fc.property(naive, (a) => {
        const again = GtidSet.parse(real(a).toString());
        expect(again.equals(real(a))).toBe(true);
        expect(again.toString()).toBe(real(a).toString());
      }),
      runs,
    );
  });

  test('adding one transaction after the other builds the same set', () => {
    fc.assert(
      fc.property(naive, (a) => {
        let built = GtidSet.empty;
        for (const one of a) built = built.union(GtidSet.parse(one));
        expect(built.toString()).toBe(real(a).toString());
      }),
      runs,
    );
  });

  test('sets do not change', () => {
    fc.assert(
      fc.property(naive, naive, (a, b) => {
        const x = real(a);
        x.union(real(b));
        x.minus(real(b));
        expect(x.transactions).toBe(a.size);
      }),
      { numRuns: 50 },
    );
  });
});

test('a union returns one of the two when it holds the other', () => {
  const big = GtidSet.parse(`${ORIGINS[0]}:1-10`);
  const small = GtidSet.parse(`${ORIGINS[0]}:3`);
  expect(big.union(small)).toBe(big);
  expect(small.union(big)).toBe(big);
  expect(big.minus(GtidSet.empty)).toBe(big);
});

test('the text of a set that is none is in the error', () => {
  expect(() => GtidSet.parse('not-a-uuid:1')).toThrow(TypeError);
  expect(() => GtidSet.parse('not-a-uuid:1')).toThrow("'not-a-uuid:1'");
});
