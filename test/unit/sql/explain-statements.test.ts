import { expect, test } from 'vitest';
import { explainStatements } from '../../../src/sql/explain-statements.js';

test.each([
  ['SELECT a FROM t', undefined],
  ['SELECT a FROM t FOR UPDATE', { text: 'UPDATE', at: 20 }],
  ['SELECT f(1)', { text: 'f', at: 7 }],
  ['COMMIT', { text: 'COMMIT', at: 0 }],
  ['SELECT @x + 1', { text: '@x', at: 7 }],
  ['SELECT a INTO @b FROM t', { text: '@b', at: 14 }],
  ['DELETE FROM t', { text: 'DELETE', at: 0 }],
  ['/*! DELETE FROM t */', { text: 'DELETE', at: 4 }],
  ['SELECT 1 := 2', { text: ':=', at: 9 }],
])('the token that decided: %s', (sql, token) => {
  expect(explainStatements(sql)).toMatchObject([{ sql, token }]);
});

test('statement by statement, with its tables', () => {
  const sql = "INSERT INTO a SELECT ';' FROM shop.b; ; SELECT 1 FROM c /* ; */;";
  expect(explainStatements(sql, { schema: 'shop' })).toMatchObject([
    {
      sql: "INSERT INTO a SELECT ';' FROM shop.b",
      classification: { access: 'write' },
      tables: [
        { schema: 'shop', name: 'a', access: 'write' },
        { schema: 'shop', name: 'b', access: 'read' },
      ],
      tablesComplete: true,
    },
    { sql: 'SELECT 1 FROM c /* ; */', classification: { access: 'read' }, tables: [{ name: 'c', access: 'read' }] },
  ]);
});

test('what cannot be read is one statement to the end', () => {
  const [first, second, third] = explainStatements("SELECT 1; SELECT 'a ; SELECT 2");
  expect(first).toMatchObject({ sql: 'SELECT 1', classification: { access: 'read' } });
  expect(second).toMatchObject({
    sql: "SELECT 'a ; SELECT 2",
    classification: { access: 'unknown' },
    tablesComplete: false,
  });
  expect(third).toBeUndefined();
});

test('the lexical options count', () => {
  const sql = "SELECT '\\'; DELETE FROM t -- '";
  expect(explainStatements(sql)).toHaveLength(1);
  expect(explainStatements(sql, { sqlMode: 'NO_BACKSLASH_ESCAPES' })).toHaveLength(2);
});

test('nothing to explain', () => {
  expect(explainStatements(' ; /* x */ ')).toEqual([]);
});
