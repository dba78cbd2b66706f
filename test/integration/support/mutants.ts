import fc from 'fast-check';
import { count } from '../../support/counts.js';
import { allCases } from './oracle-cases.js';

/** How many texts are tried; `MUTANTS` in the environment says otherwise. */
export const MUTANTS = Number(process.env.MUTANTS ?? count(50_000, 1_000_000));
/** Of these mutants; `SEED` in the environment gives those of an earlier run again. */
export const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);

/** One change of a text. Places count modulo its length, so that every edit fits every text. */
interface Edit {
  readonly at: number;
  readonly how: 'blank' | 'anywhere' | 'cut' | 'case' | 'wrap' | 'replace-blank';
  readonly piece: string;
}

const BASES = [
  'SELECT id FROM t WHERE id = 5 FOR UPDATE',
  "SELECT a, 'x y' FROM t WHERE b = 1 LOCK IN SHARE MODE",
  'SELECT 1 INTO @a',
  'SELECT @a := 5, b FROM t',
  'SELECT a FROM t WHERE c IN (SELECT d FROM u FOR SHARE)',
  '(SELECT 1) UNION (SELECT 2 FOR UPDATE)',
  'WITH x AS (SELECT 1) SELECT * FROM x FOR SHARE',
  'SELECT 1.5 FROM t FOR UPDATE',
  'SELECT @x FROM t FOR UPDATE',
  'SELECT 5-1 FROM t',
  'SELECT "a b" FROM t WHERE `c d` = N\'e\' FOR UPDATE SKIP LOCKED',
  'DELETE FROM t WHERE a = 1',
];

const PIECES = [
  ["/* ' */", '/**/', ' -- x\n', " -- '\n", '#`\n', '/* /* */', '/*', '*/', '--', '#', '\n', '-- ', '--1', '-- \r'],
  ['/*! */', '/*!50000 */', "/*!99999 ' */", '/*!99999 FOR */', ' /*! + 1 */ ', ' /*!090704 + 2 */ ', '/*! |*/', '/*!'],
  ['/*!99999 /* x */ */', '/*!50000 FOR*/', '/*!FOR UPDATE*/', '/*M! x */', '/*M!', '/*!080000 */', '/*!8000 */'],
  [
    '/*!50000',
    '/*!50700 */',
    '/*!100100 */',
    '/*M!100500 */',
    '/*!110100+1 */',
    '-/*!110100+1 FOR UPDATE*/',
    '/*!110100$ ',
    '/*!90705 */',
    '/*!090705 FOR*/',
    '/*!50701 UPDATE*/',
  ],
  ['/*+ x */', '/*+ SET_VAR(a=1) */', '/*+ `*/', '/*+', '/*+ QB_NAME(`a`) */', "/*+ '*/ "],
  [
    "'",
    '"',
    '`',
    '\\',
    "''",
    '""',
    '``',
    "'a' 'b'",
    "'it''s'",
    "'a\\'b'",
    '"c""d"',
    '`e``f`',
    " AS `x'y` ",
    "\\'",
    "_utf8mb4'x'",
  ],
  [
    '@',
    '@`b c`',
    "@'d'",
    '@@version',
    '@y:=',
    'INTO/**/@z',
    ' FOR UPDATE ',
    ' FOR SHARE',
    ' INTO @z ',
    ':=',
    '@.',
    '@@`version`',
  ],
  [
    ' 1.5',
    ' 1e5',
    ' .5',
    ' 0x41',
    " b'01'",
    " N'x'",
    ' 1.',
    '1e',
    '.',
    ' -1 ',
    '1.e',
    "x'",
    '0b1',
    '$',
    'a.for',
    'é',
    '\u00a0',
  ],
  [
    '\t',
    '\v',
    '\f',
    '\r',
    ' ',
    '\u0000',
    '\u0001',
    ';',
    '(',
    ')',
    ',',
    '?',
    '{',
    '}',
    ':',
    '|',
    '||',
    '&',
    '~',
    '\ufeff',
    '\u007f',
  ],
].flat();

/** The spec's statements, and some that hold what a router must not miss. */
export function baseTexts(): readonly string[] {
  const texts = allCases()
    .map(({ sql }) => sql)
    .filter((sql) => sql.length < 300 && sql.trim() !== '');
  return [...BASES, ...new Set(texts)];
}

/** Texts near those of `bases`: comments, quotes, version comments, hints, white space and case put in or taken out. */
export function mutantsOf(bases: readonly string[]): fc.Arbitrary<string> {
  const edit: fc.Arbitrary<Edit> = fc.record({
    at: fc.nat(1000),
    how: fc.constantFrom('blank', 'blank', 'blank', 'anywhere', 'cut', 'case', 'wrap', 'replace-blank'),
    piece: fc.constantFrom(...PIECES),
  });
  // The first ones come as often as all others: they hold what must not be missed.
  const base = fc.oneof(fc.constantFrom(...BASES), fc.constantFrom(...bases));
  return fc.tuple(base, fc.array(edit, { minLength: 1, maxLength: 3 })).map(([sql, edits]) => edits.reduce(apply, sql));
}

function apply(sql: string, { at, how, piece }: Edit): string {
  const place = at % (sql.length + 1);
  const found = sql.indexOf(' ', place);
  const blank = found < 0 ? sql.length : found;
  switch (how) {
    case 'blank':
      return sql.slice(0, blank) + piece + sql.slice(blank);
    case 'anywhere':
      return sql.slice(0, place) + piece + sql.slice(place);
    case 'replace-blank':
      return sql.slice(0, blank) + piece + sql.slice(blank + 1);
    case 'cut':
      return sql.slice(0, place) + sql.slice(place + 1);
    case 'wrap':
      return `${sql.slice(0, blank)} ${piece.startsWith('/*!') ? '/*!50000' : '/*!'}${sql.slice(blank)} */`;
    case 'case':
      return sql.slice(0, place).toLowerCase() + sql.slice(place).toUpperCase();
  }
}
