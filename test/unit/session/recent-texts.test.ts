import { expect, test } from 'vitest';
import { RecentTexts } from '../../../src/session/recent-texts.js';
import { classify } from '../../../src/sql/classify.js';

const lexical = {};

test('says what `classify` says, for texts that share a slot as well', () => {
  const texts = new RecentTexts(lexical);
  const filler = (n: number): string => String(n).padStart(6, '0');
  // Equal length, and equal characters where the slot looks: only the beginning differs.
  const alike = Array.from({ length: 50 }, (_, n) => [
    `SELECT a /* ${filler(n)} */ FROM some_table_of_ours WHERE id = 1`,
    `DELETE a /* ${filler(n)} */ FROM some_table_of_ours WHERE id = 1`,
  ]).flat();
  for (let round = 0; round < 2; round++) for (const sql of alike) expect(texts.classify(sql)).toEqual(classify(sql));
});

test('gives the same object for the same text', () => {
  const texts = new RecentTexts(lexical);
  const first = texts.classify('SELECT id FROM t');
  expect(texts.classify(`SELECT id ${'FROM t'}`)).toBe(first);
});

test.each(['', ' ', ';', 'S', 'é', `SELECT '${'x'.repeat(5000)}'`, `INSERT INTO t VALUES ('${'x'.repeat(5000)}')`])(
  'an odd length: %#',
  (sql) => {
    const texts = new RecentTexts(lexical);
    expect(texts.classify(sql)).toEqual(classify(sql));
    expect(texts.classify(sql)).toEqual(classify(sql));
  },
);

test('reads by the lexical options it was made with', () => {
  const sql = 'SELECT "a" FOR UPDATE FROM t';
  const options = { sqlMode: 'ANSI_QUOTES' };
  expect(new RecentTexts(options).classify(sql)).toEqual(classify(sql, options));
});
