import { expect, test } from 'vitest';
import { Classifier } from '../../../src/session/classifier.js';
import { classify } from '../../../src/sql/classify.js';
import { emptyTopology } from '../../../src/topology/apply.js';
import { applyAll, seeded } from '../topology/build.js';

const nothing = emptyTopology([]);

test('says what `classify` says, for texts that share a slot as well', () => {
  const texts = new Classifier({}, nothing);
  const filler = (n: number): string => String(n).padStart(6, '0');
  // Equal length, and equal characters where the slot looks: only the beginning differs.
  const alike = Array.from({ length: 50 }, (_, n) => [
    `SELECT a /* ${filler(n)} */ FROM some_table_of_ours WHERE id = 1`,
    `DELETE a /* ${filler(n)} */ FROM some_table_of_ours WHERE id = 1`,
  ]).flat();
  for (let round = 0; round < 2; round++) for (const sql of alike) expect(texts.classify(sql)).toEqual(classify(sql));
});

test('gives the same object for the same text', () => {
  const texts = new Classifier({}, nothing);
  const first = texts.classify('SELECT id FROM t');
  expect(texts.classify(`SELECT id ${'FROM t'}`)).toBe(first);
});

test.each(['', ' ', ';', 'S', 'é', `SELECT '${'x'.repeat(5000)}'`, `INSERT INTO t VALUES ('${'x'.repeat(5000)}')`])(
  'an odd length: %#',
  (sql) => {
    const texts = new Classifier({}, nothing);
    expect(texts.classify(sql)).toEqual(classify(sql));
    expect(texts.classify(sql)).toEqual(classify(sql));
  },
);

const BACKSLASH = "SELECT '\\' FOR UPDATE -- '";
const QUOTED = 'SELECT "\\" FOR UPDATE -- "';

test('reads as the servers read, and anew when they change', () => {
  let { topology } = applyAll(seeded('db-1'), [{ at: 0, from: 'db-1', as: 'A', sqlMode: 'STRICT_TRANS_TABLES' }]);
  const texts = new Classifier({}, topology);
  expect(texts.classify(BACKSLASH).access).toBe('read');
  expect(texts.classify(QUOTED).access).toBe('read');
  ({ topology } = applyAll(topology, [{ at: 500, from: 'db-1', as: 'A', sqlMode: 'NO_BACKSLASH_ESCAPES' }]));
  texts.onTopology(topology);
  expect(texts.classify(BACKSLASH).access).toBe('locking-read');
  ({ topology } = applyAll(topology, [{ at: 900, from: 'db-1', as: 'A', sqlMode: 'ANSI_QUOTES,STRICT_TRANS_TABLES' }]));
  texts.onTopology(topology);
  expect(texts.classify(BACKSLASH).access).toBe('read');
  expect(texts.classify(QUOTED).access).toBe('locking-read');
});

test('a text that two servers read differently is no plain read', () => {
  const { topology } = applyAll(seeded('db-1', 'db-2'), [
    { at: 0, from: 'db-1', as: 'A', sqlMode: '' },
    { at: 0, from: 'db-2', as: 'B', sqlMode: 'ANSI_QUOTES' },
  ]);
  const texts = new Classifier({}, topology);
  expect(texts.classify(QUOTED).access).toBe('locking-read');
  expect(texts.classify('SELECT "a" FROM t').access).toBe('read');
});

test('before any server has answered, every sql_mode counts', () => {
  const texts = new Classifier({}, nothing);
  for (const sql of [BACKSLASH, QUOTED]) expect(texts.classify(sql).access).not.toBe('read');
  expect(texts.classify("SELECT 'it''s', `x` FROM t").access).toBe('read');
});

test('reads by what the options say', () => {
  const texts = new Classifier({ readOnlyFunctions: new Set(['geo.distance']) }, nothing);
  expect(texts.classify('SELECT geo.distance(1, 2)').access).toBe('read');
  expect(texts.classify('SELECT geo.other(1, 2)').access).not.toBe('read');
});

test("reads by the session's own sql_mode", () => {
  const texts = new Classifier({}, nothing);
  expect(texts.classifyIn('ANSI_QUOTES', QUOTED).access).toBe('locking-read');
});

test('asks for functions that it does not know, and reads them by what it is told', () => {
  const { topology } = applyAll(seeded('db-1'), [{ at: 0, from: 'db-1', as: 'A' }]);
  const texts = new Classifier({ readOnlyFunctions: new Set(['geo.distance']) }, topology);
  const asked: (readonly string[])[] = [];
  texts.onUnknown = (functions) => asked.push(functions);
  const access = (): string => texts.classify('SELECT f(geo.distance(1, 2))').access;
  expect([access(), access()]).toEqual(['unknown', 'unknown']);
  texts.classifyIn('ANSI_QUOTES', 'SELECT "shop".G(1)');
  expect(asked).toEqual([['f'], ['shop.g']]);
  texts.trust(new Set(['f']));
  expect(access()).toBe('read');
  expect(texts.classifyIn('', 'SELECT f(geo.distance(1, 2))').access).toBe('read');
  texts.onTopology(applyAll(topology, [{ at: 500, from: 'db-1', as: 'A', sqlMode: 'ANSI_QUOTES' }]).topology);
  expect(access()).toBe('read');
  texts.trust(new Set());
  expect(access()).toBe('unknown');
  expect(texts.classify('SELECT geo.distance(1, 2)').access).toBe('read');
});
