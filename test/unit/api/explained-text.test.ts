import mysql2 from 'mysql2';
import { expect, test } from 'vitest';
import { explainedText } from '../../../src/api/callback/command-statement.js';

const LOCKS = mysql2.raw('1 FOR UPDATE');

test('values that bring SQL of their own are written into the text', () => {
  expect(explainedText({})('SELECT ?', [LOCKS])).toMatchObject({ sql: 'SELECT 1 FOR UPDATE', opaque: false });
  expect(explainedText({})('SELECT ?', [1])).toMatchObject({ sql: 'SELECT ?', opaque: false });
});

test('with named placeholders such a text is not known beforehand, as for a query', () => {
  const textOf = explainedText({ namedPlaceholders: true });
  expect(textOf('SELECT :a', { a: LOCKS })).toMatchObject({ sql: 'SELECT :a', opaque: true });
  expect(textOf('SELECT :a', { a: 1 })).toMatchObject({ sql: 'SELECT :a', opaque: false });
});
