import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explainTables } from '../../../src/sql/explain-tables.js';
import { secondOpinion } from '../../../src/sql/second-opinion.js';
import type { Tables } from '../../../src/sql/tables/table-use.js';
import { type TableOptions, tablesOf } from '../../../src/sql/tables/tables-of.js';

const folder = new URL('../../spec/tables/', import.meta.url);
const statements: readonly string[] = readdirSync(folder)
  .flatMap((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as { sql: string; options?: unknown }[])
  .filter(({ sql, options }) => options === undefined && sql.length < 300)
  .map(({ sql }) => sql);

/** Texts to be respelled: `{t}` is a name, and between the words stands a blank. */
const templates = [
  'SELECT {a} , {b} FROM {t} AS {x} JOIN {u} {y} ON {x} . {a} = {y} . {a} WHERE {b} IN ( SELECT {b} FROM {s} . {v} )',
  'WITH {x} AS ( SELECT {a} FROM {t} ) , {y} ( {a} ) AS ( SELECT {a} FROM {x} ) SELECT {a} FROM {x} , {y} , {u} ORDER BY {a} , {b}',
  'WITH RECURSIVE {x} AS ( SELECT 1 UNION SELECT {a} FROM {x} JOIN {t} ) SELECT {a} FROM {x} UNION ALL ( SELECT {a} FROM {u} )',
  'SELECT EXTRACT( YEAR FROM {a} ) FROM ( {t} , {u} ) LEFT JOIN ( {s} . {v} JOIN {w} ) ON {a} = {b} FOR UPDATE OF {t} , {u}',
  'INSERT INTO {t} ( {a} , {b} ) SELECT {a} , {b} FROM {u} ON DUPLICATE KEY UPDATE {a} = 1 , {b} = 2',
  'UPDATE {t} {x} JOIN {u} ON {x} . {a} = {u} . {a} SET {u} . {b} = 1 , {u} . {a} = ( SELECT {a} FROM {v} ) WHERE {b} = 1',
  'DELETE {x} , {u} FROM {t} AS {x} JOIN {u} JOIN {s} . {v} WHERE {x} . {a} = 1',
  'DELETE FROM {t} , {u} USING {t} JOIN {u} JOIN ( SELECT {a} FROM {v} ) {x}',
  'CREATE TABLE {t} ( {a} INT , FOREIGN KEY ( {a} ) REFERENCES {u} ( {a} ) ) SELECT {a} FROM {v}',
  'ALTER TABLE {t} RENAME TO {s} . {u}',
  'LOCK TABLES {t} READ , {s} . {u} AS {x} WRITE',
  'SELECT {a} FROM {t} PARTITION ( {p} ) {x} USE INDEX FOR JOIN ( {i} ) , {u} WINDOW {w} AS ( ORDER BY {a} ) , {y} AS ( )',
];
const gaps = [
  ' ',
  '  ',
  '\t',
  '\r\n',
  ' /* , t2 */ ',
  '/**/ ',
  " /* ' */ ",
  ' -- , t2\n',
  " # it's\n",
  ' /*! */ ',
  ' /*!50000 */ ',
];

interface Spelling {
  readonly gap: string;
  readonly upper: boolean;
  readonly quoted: boolean;
}

function spell(template: string, spellings: readonly Spelling[]): string {
  const words = template.split(' ').map((word, index) => {
    const { gap, upper, quoted } = spellings[index % spellings.length]!;
    const name = /^\{(.+)\}$/.exec(word)?.[1];
    if (name !== undefined) return (quoted ? `\`${name}\`` : name) + gap;
    return (upper ? word.toUpperCase() : word.toLowerCase()) + gap;
  });
  return words.join('');
}

const pieces =
  '/* */ /*! /*!50000 /*!99999 -- # \n \' " ` \\ ; ( ) , . ?? { } @ := FROM JOIN WITH AS SELECT TABLE UPDATE SET ON'.split(
    ' ',
  );
const options: fc.Arbitrary<TableOptions> = fc.record(
  {
    sqlMode: fc.constantFrom('', 'ANSI_QUOTES', 'NO_BACKSLASH_ESCAPES'),
    serverVersion: fc.constantFrom('5.7.44', '8.0.36', '9.7.4', '10.11.6-MariaDB'),
    charset: fc.constantFrom('utf8mb4', 'gbk', 'latin1'),
    schema: fc.constantFrom('shop', undefined),
  },
  { requiredKeys: [] },
);

function check(result: Tables): void {
  expect(result.complete).toBe(result.because === undefined);
  const isEmpty = result.statements.length === 0;
  if (!isEmpty) expect(result.complete).toBe(result.statements.every(({ complete }) => complete));
  for (const { tables } of result.statements) for (const { name } of tables) expect(name).toBeTypeOf('string');
}

describe('tablesOf', () => {
  it('does not mind case, white space, comments and backticks', () => {
    const spelling = fc.record({ gap: fc.constantFrom(...gaps), upper: fc.boolean(), quoted: fc.boolean() });
    const spellings = fc.array(spelling, { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(fc.constantFrom(...templates), spellings, (template, chosen) => {
        const plain = tablesOf(spell(template, [{ gap: ' ', upper: true, quoted: false }]));
        expect(plain.because).toBeUndefined();
        expect(tablesOf(spell(template, chosen))).toEqual(plain);
      }),
      { numRuns: 3000 },
    );
  });

  it('answers whatever it is given, and alike twice', () => {
    const edit = fc.record({ at: fc.nat(300), piece: fc.constantFrom(...pieces), cut: fc.nat(3) });
    const edits = fc.array(edit, { maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...statements), edits, options, (sql, changes, given) => {
        let text = sql;
        for (const { at, piece, cut } of changes) text = `${text.slice(0, at)} ${piece} ${text.slice(at + cut)}`;
        const result = tablesOf(text, given);
        check(result);
        expect(tablesOf(text, { ...given })).toEqual(result);
      }),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), options, (sql, given) => check(tablesOf(sql, given))),
      { numRuns: 1000 },
    );
  });

  it('finds tables beside any mutation of another statement', () => {
    fc.assert(
      fc.property(fc.constantFrom(...statements), (sql) => {
        const { tables, complete } = tablesOf(`SELECT (SELECT a FROM hidden1) FROM hidden2; ${sql}`);
        const names = tables.map(({ name }) => name);
        if (complete) expect(names).toEqual(expect.arrayContaining(['hidden1', 'hidden2']));
      }),
    );
  });

  it('reads long and deep texts in one pass', () => {
    expect(tablesOf(`SELECT ${'a, '.repeat(1_000_000)} a FROM t`).tables).toHaveLength(1);
    expect(tablesOf(`SELECT a FROM ${'t, '.repeat(200_000)} u`).tables).toHaveLength(200_001);
    expect(tablesOf('('.repeat(4_000_000)).complete).toBe(false);
    expect(tablesOf(`${'SET STATEMENT a = 1 FOR '.repeat(100_000)}DELETE FROM t`).complete).toBe(false);
    expect(tablesOf(`SELECT a FROM ${'(t JOIN '.repeat(100_000)}`).complete).toBe(false);
    expect(tablesOf('SELECT a FROM t UNION '.repeat(50_000)).complete).toBe(true);
    expect(tablesOf('SELECT a FROM t;'.repeat(50_000)).statements).toHaveLength(50_000);
    expect(
      tablesOf(`WITH ${Array.from({ length: 500 }, (_, i) => `x${i} AS (SELECT a FROM t)`).join(', ')} SELECT 1`)
        .complete,
    ).toBe(true);
  }, 30_000);
});

describe('secondOpinion', () => {
  it('tells tables, columns and kinds', () => {
    const opinion = secondOpinion('WITH x AS (SELECT a FROM t) SELECT x.a, u.* FROM x JOIN shop.u', { schema: 'own' });
    expect(opinion).toMatchObject({
      tables: [
        { schema: 'own', name: 't', access: 'read' },
        { schema: 'shop', name: 'u', access: 'read' },
      ],
      kinds: ['select'],
      because: undefined,
    });
    expect(opinion.columns).toEqual(expect.arrayContaining(['a', 'x.a']));
  });

  it('is not fooled by comments', () => {
    expect(secondOpinion('SELECT a FROM t /*!50000 , u */').tables).toHaveLength(2);
    expect(secondOpinion('SELECT 5--1 FROM t').tables).toHaveLength(1);
    expect(secondOpinion('/*!80000 DELETE FROM t */').kinds).toEqual(['delete']);
  });

  it.each([
    ['too long', `SELECT ${'1, '.repeat(2000)} 1`],
    ['too deep', `SELECT ${'('.repeat(17)}1${')'.repeat(17)}`],
    ['with too many CASTs', `SELECT ${'CAST('.repeat(5)}1${' AS CHAR)'.repeat(5)}`],
    ['unterminated', "SELECT 'a"],
    ['unknown to the parser', 'SELECT a FROM t FOR SHARE'],
  ])('has none of what is %s', (_, sql) => {
    const { tables, because } = secondOpinion(sql);
    expect(tables).toEqual([]);
    expect(because).toBeTypeOf('string');
  });

  it('has none under another way to read strings', () => {
    for (const sqlMode of ['ANSI_QUOTES', 'NO_BACKSLASH_ESCAPES']) {
      expect(secondOpinion('SELECT a FROM t', { sqlMode }).because).toContain('sql_mode');
    }
  });

  it('answers whatever it is given', () => {
    fc.assert(
      fc.property(fc.constantFrom(...statements), options, (sql, given) => {
        const { complete, tables } = explainTables(sql, given);
        const own = tablesOf(sql, given);
        // It may add tables, where they are in doubt, and changes nothing else.
        expect(complete).toBe(own.complete);
        expect(tables.slice(0, own.tables.length)).toEqual(own.tables);
        if (complete) expect(tables).toHaveLength(own.tables.length);
      }),
      { numRuns: 500 },
    );
  });
});
