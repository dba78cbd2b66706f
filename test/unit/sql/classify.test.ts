import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Access, LexicalOptions } from '../../../src/sql/classification.js';
import { classify } from '../../../src/sql/classify.js';

const folder = new URL('../../spec/classify/', import.meta.url);
const statements: readonly string[] = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .flatMap((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as { sql: string; options?: unknown }[])
  .filter(({ options }) => options === undefined)
  .map(({ sql }) => sql)
  .filter((sql) => sql.length < 300);

const marks = [
  '/*',
  '*/',
  '/*!',
  '/*!50000',
  '/*!99999',
  '/*M!',
  '/*+',
  '--',
  '-- ',
  '#',
  '\n',
  "'",
  '"',
  '`',
  '\\',
  '@',
];
const pieces = [...marks, ' ', ';', ':=', '?', '.', '(', ')', ',', '1e5', '$', '\u0000', 'FOR', 'UPDATE', 'INTO', 'é'];
const options: fc.Arbitrary<LexicalOptions> = fc.record(
  {
    sqlMode: fc.constantFrom('', 'ANSI_QUOTES', 'NO_BACKSLASH_ESCAPES', 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'),
    serverVersion: fc.constantFrom('5.7.44', '8.0.36', '9.7.4', '10.11.6-MariaDB'),
    charset: fc.constantFrom('utf8mb4', 'gbk', 'latin1'),
  },
  { requiredKeys: [] },
);

/** Statements that are certainly what they seem, to be respelled. */
const spelled: readonly (readonly [string, Access])[] = [
  ['SELECT a , b FROM t WHERE c IN ( 1 , 2 ) AND d = ?', 'read'],
  ['SELECT a FROM t WHERE b = 1 FOR UPDATE', 'locking-read'],
  ['SELECT a FROM t LOCK IN SHARE MODE', 'locking-read'],
  ['SELECT a INTO @b FROM t', 'session'],
  ['SELECT a , f( b ) FROM t', 'unknown'],
  ['WITH x ( a , b ) AS ( SELECT 1 , 2 ) SELECT a FROM x', 'read'],
  ['WITH x AS ( SELECT 1 ) UPDATE t SET a = 1', 'write'],
  ['DELETE FROM t WHERE a = 1', 'write'],
  ['START TRANSACTION READ ONLY', 'transaction'],
  ['SET autocommit = 0', 'session'],
  ['SHOW FULL PROCESSLIST', 'admin'],
];
const gaps = [
  ' ',
  '  ',
  '\t',
  '\n',
  '\r\n',
  '\f',
  ' /* c */ ',
  '/**/ ',
  " /* ' */ ",
  ' -- x\n',
  " # it's\n",
  ' /*! */ ',
  ' /*!50000 */ ',
];

describe('classify', () => {
  it('answers whatever it is given', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), options, (sql, given) => {
        expect(classify(sql, given).access).toBeTypeOf('string');
      }),
      { numRuns: 2000 },
    );
  });

  it('answers for every mutant, and alike twice', () => {
    const edit = fc.record({ at: fc.nat(300), piece: fc.constantFrom(...pieces), cut: fc.nat(3) });
    const edits = fc.array(edit, { maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...statements), edits, options, (sql, changes, given) => {
        let text = sql;
        for (const { at, piece, cut } of changes) text = text.slice(0, at) + piece + text.slice(at + cut);
        expect(classify(text, given)).toEqual(classify(text, { ...given }));
      }),
      { numRuns: 3000 },
    );
  });

  it('does not mind case, white space and comments', () => {
    const spelling = fc.record({ gap: fc.constantFrom(...gaps), upper: fc.boolean() });
    const all = fc.array(spelling, { minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(fc.constantFrom(...spelled), all, ([sql, access], spellings) => {
        const words = sql.split(' ').map((word, index) => {
          const { gap, upper } = spellings[index]!;
          return (upper ? word.toUpperCase() : word.toLowerCase()) + gap;
        });
        expect(classify(words.join('')).access).toBe(access);
      }),
      { numRuns: 2000 },
    );
  });

  it('shares the commonest answers, and freezes all', () => {
    expect(classify('SELECT 1')).toBe(classify('SELECT a FROM t'));
    expect(classify('INSERT INTO t VALUES (1)')).toBe(classify('INSERT INTO u (a) VALUES (2)'));
    const result = classify('SET @a = 1');
    expect([result, result.effects, result.effects[0]].every(Object.isFrozen)).toBe(true);
  });

  it('reads 4 MB in one pass', () => {
    const escaped = `SELECT '${"\\'".repeat(2_000_000)}'`;
    expect(classify(escaped).access).toBe('read');
    expect(classify(`SELECT 1 ${'/* */'.repeat(750_000)} FOR UPDATE`).access).toBe('locking-read');
    expect(classify('('.repeat(4_000_000)).access).toBe('unknown');
    expect(classify(`SELECT ${'/*!99999 /* */ */'.repeat(225_000)} 1`).access).toBe('read');
  }, 30_000);

  it('gives up on too many versions, not on time', () => {
    const many = Array.from({ length: 100 }, (_, index) => `/*!8${String(index).padStart(4, '0')} + 1 */`).join('');
    expect(classify(`SELECT 1 ${many}`).access).toBe('unknown');
    expect(classify(`SELECT 1 ${many}`, { serverVersion: '9.7.4' }).access).toBe('read');
  });
});
