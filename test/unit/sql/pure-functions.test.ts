import { describe, expect, it } from 'vitest';
import { classify } from '../../../src/sql/classify.js';
import { pureFunctions } from '../../../src/sql/routines/pure-functions.js';
import { readRoutine } from '../../../src/sql/routines/read-routine.js';
import type { Routine } from '../../../src/sql/routines/routine.js';

const READS = 'RETURN 1';
const WRITES = 'BEGIN DELETE FROM t; RETURN 1; END';

/** `'shop.f'` with a body; undefined for one that is not visible. */
function routine(path: string, body: string | undefined, more: Partial<Routine> = {}): Routine {
  const [schema = '', name = ''] = path.split('.');
  const definition = body && `CREATE DEFINER=\`a\`@\`%\` FUNCTION \`${name}\`() RETURNS int\n${body}`;
  return { schema, name, definition, sqlMode: '', charset: 'utf8mb4', dataAccess: 'CONTAINS SQL', ...more };
}

function pureOf(bodies: Readonly<Record<string, string | undefined>>): string[] {
  const routines = Object.entries(bodies).map(([path, body]) => routine(path, body));
  return [...pureFunctions(routines, { serverVersion: '9.7.0', flavor: 'mysql' })].sort();
}

describe('pureFunctions', () => {
  it('names them with their schema and without', () => {
    expect(pureOf({ 'Shop.Reads': READS, 'shop.writes': WRITES })).toEqual(['reads', 'shop.reads']);
  });

  it('follows calls, in any order, with a schema and without', () => {
    const bodies = { 'a.f': 'RETURN g() + b.h()', 'a.g': 'RETURN b.h()', 'b.h': READS, 'b.g': WRITES };
    expect(pureOf(bodies)).toEqual(['a.f', 'a.g', 'b.h', 'f', 'h']);
  });

  it('who calls one that writes, is not visible or not there, writes', () => {
    const bodies = {
      'a.f': 'RETURN g()',
      'a.g': 'RETURN writes()',
      'a.writes': WRITES,
      'a.h': 'RETURN hidden()',
      'a.hidden': undefined,
      'a.i': 'RETURN nobody()',
      'a.j': 'RETURN far()',
      'b.far': READS,
    };
    expect(pureOf(bodies)).toEqual(['b.far', 'far']);
  });

  it('who calls himself, or one that calls him, does not come in', () => {
    const bodies = { 'a.f': 'RETURN f()', 'a.g': 'RETURN h()', 'a.h': 'RETURN g()', 'a.i': READS };
    expect(pureOf(bodies)).toEqual(['a.i', 'i']);
  });

  it.each([
    ['writes', WRITES],
    ['is not visible', undefined],
  ])('a bare name counts for all schemas: one %s', (_, other) => {
    expect(pureOf({ 'a.f': READS, 'b.F': other })).toEqual(['a.f']);
    expect(pureOf({ 'a.f': READS, 'b.F': READS })).toEqual(['a.f', 'b.f', 'f']);
  });

  it('schemas that differ by case stand for one another', () => {
    expect(pureOf({ 'shop.f': READS, 'SHOP.f': WRITES })).toEqual([]);
  });

  it('a bare name with a dot is not taken for one with a schema', () => {
    const options = { serverVersion: '9.7.0', flavor: 'mysql' } as const;
    const dotted = routine('x.y', WRITES, { schema: 'x', name: 'a.f' });
    expect([...pureFunctions([routine('a.f', READS), dotted], options)]).toEqual(['f']);
  });

  it('a name beyond ASCII may be equal to another: it is none, and no bare name is', () => {
    expect(pureOf({ 'a.f': READS, 'b.é': READS })).toEqual(['a.f']);
  });

  it('calls of functions that are vouched for do no harm', () => {
    const options = { readOnlyFunctions: new Set(['a.hidden']) };
    const routines = [routine('a.f', 'RETURN a.hidden()'), routine('a.hidden', undefined)];
    expect([...pureFunctions(routines, options)].sort()).toEqual(['a.f', 'f']);
  });

  it('makes a call a plain read', () => {
    const readOnlyFunctions = pureFunctions([routine('shop.f', READS), routine('shop.g', WRITES)]);
    expect(classify('SELECT shop.F(1), `f`() FROM t', { readOnlyFunctions }).access).toBe('read');
    expect(classify('SELECT f(g())', { readOnlyFunctions }).functions).toEqual(['g']);
  });
});

describe('readRoutine', () => {
  it('never throws, however deep or long', () => {
    const nested = `${'BEGIN '.repeat(30_000)} RETURN 1; ${'END;'.repeat(30_000)}`;
    expect(readRoutine(routine('a.f', nested), {})).toMatchObject({ reads: false });
    const deep = `RETURN ${'('.repeat(30_000)}1${')'.repeat(30_000)}`;
    expect(readRoutine(routine('a.f', deep), {})).toMatchObject({ reads: true });
    expect(readRoutine(routine('a.f', `RETURN '${'x'.repeat(300_000)}'`), {})).toMatchObject({ reads: false });
  });

  it('no piece of a body that writes is taken for one that reads', () => {
    const body =
      "BEGIN DECLARE x INT DEFAULT CASE WHEN 1 THEN 2 ELSE 3 END; IF x THEN INSERT INTO t VALUES ('END'); END IF; RETURN x; END";
    const words = body.split(' ');
    for (let from = 0; from < words.length; from++) {
      for (let to = from + 1; to <= words.length; to++) {
        const rest = [...words.slice(0, from), ...words.slice(to)].join(' ');
        if (/INSERT/.test(rest)) expect(readRoutine(routine('a.f', rest), {}), rest).toMatchObject({ reads: false });
      }
    }
  });
});
