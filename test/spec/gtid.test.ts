import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { GtidSet } from '../../src/gtid/gtid-set.js';
import { uuid } from '../unit/topology/build.js';

/** Letters stand for UUIDs. `a` alone, or `a` and `b`, and what comes of them. */
interface Case {
  readonly name: string;
  readonly flavor?: 'mysql' | 'mariadb';
  readonly a: string;
  readonly b?: string;
  readonly text?: string;
  readonly transactions?: number;
  readonly intervals?: number;
  readonly uuids?: number;
  readonly empty?: boolean;
  readonly contains?: boolean;
  readonly union?: string;
  readonly minus?: string;
  readonly intersect?: string;
  readonly equals?: boolean;
  readonly error?: boolean;
}

const cases = JSON.parse(readFileSync(new URL('./gtid/gtid-set.json', import.meta.url), 'utf8')) as Case[];

function spell(text: string): string {
  return text.replace(/\b([A-F])(?=:)/g, (letter) => uuid(letter));
}

for (const spec of cases) {
  test(spec.name, () => {
    if (spec.error) {
      expect(() => GtidSet.parse(spell(spec.a), spec.flavor)).toThrow(TypeError);
      return;
    }
    const seen = observe(spec);
    const { name: _name, flavor: _flavor, a: _a, b: _b, ...wanted } = spec;
    expect(Object.keys(wanted).length).toBeGreaterThan(0);
    for (const [key, value] of Object.entries(wanted)) {
      expect(seen[key], key).toEqual(typeof value === 'string' ? spell(value) : value);
    }
  });
}

function observe({ a, b = '', flavor }: Case): Record<string, unknown> {
  const x = GtidSet.parse(spell(a), flavor);
  const y = GtidSet.parse(spell(b), flavor);
  return {
    text: x.toString(),
    transactions: x.transactions,
    intervals: x.intervals,
    uuids: x.uuids,
    empty: x.isEmpty,
    contains: x.contains(y),
    union: x.union(y).toString(),
    minus: x.minus(y).toString(),
    intersect: x.intersect(y).toString(),
    equals: x.equals(y),
  };
}
