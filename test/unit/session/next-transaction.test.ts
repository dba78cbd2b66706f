import { describe, expect, test } from 'vitest';
import { type NextTransaction, nextAfter, readsOnly, sayAgain } from '../../../src/session/next-transaction.js';
import type { Effect } from '../../../src/sql/classification.js';
import { classify } from '../../../src/sql/classify.js';

/** What is known after these statements, of a session in which nothing had been said. */
function said(...texts: readonly string[]): NextTransaction | undefined {
  let next: NextTransaction | undefined;
  for (const [at, sql] of texts.entries()) next = nextAfter(next, at > 0, classify(sql));
  return next;
}

describe('what SET TRANSACTION has said', () => {
  test.each([
    ['SET TRANSACTION READ ONLY', 'SET TRANSACTION READ ONLY'],
    ['SET TRANSACTION READ WRITE', 'SET TRANSACTION READ WRITE'],
    [
      'set transaction isolation level read committed, read only',
      'SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY',
    ],
    ['SET TRANSACTION ISOLATION LEVEL REPEATABLE READ', 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ'],
    ["SET @@transaction_isolation = 'serializable'", 'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE'],
    ['SET @@transaction_read_only = ON', 'SET TRANSACTION READ ONLY'],
  ])('%s is said again as %s', (sql, again) => {
    const next = said(sql);
    expect(next && sayAgain(next)).toBe(again);
  });

  test('several add up, and the later one counts', () => {
    const level = 'SET TRANSACTION ISOLATION LEVEL';
    const next = said(`${level} SERIALIZABLE`, 'SET TRANSACTION READ ONLY', `${level} READ COMMITTED`);
    expect(next).toEqual({ isolation: 'READ-COMMITTED', readOnly: true });
  });

  test.each([
    ['a statement came between', ['SET TRANSACTION READ ONLY', 'SELECT a FROM t']],
    [
      'one came between, and it is said once more',
      ['SET TRANSACTION READ ONLY', 'SELECT a FROM t', 'SET TRANSACTION READ ONLY'],
    ],
    ['the value is an expression', ['SET @@transaction_read_only = @a']],
    ['the value before it is', ['SET @@transaction_isolation = @a', 'SET TRANSACTION READ ONLY']],
    ['it is no level', ["SET @@transaction_isolation = 'DEFAULT'"]],
    ['something else is set with it', ['SET @@transaction_read_only = ON, @a = 1']],
    ['there are several statements', ['SET TRANSACTION READ ONLY; SELECT 1']],
    ['it is for the whole session', ['SET SESSION TRANSACTION READ ONLY']],
  ])('is not known when %s', (_why, texts) => {
    expect(said(...texts)).toBeUndefined();
  });
});

describe('whether the transaction only reads', () => {
  const READ_ONLY = { isolation: undefined, readOnly: true };
  const SERIALIZABLE = { isolation: 'SERIALIZABLE', readOnly: true };
  test.each([
    ['BEGIN', undefined, false, false],
    ['BEGIN', READ_ONLY, false, true],
    ['START TRANSACTION', READ_ONLY, false, true],
    ['START TRANSACTION WITH CONSISTENT SNAPSHOT', READ_ONLY, false, true],
    ['START TRANSACTION READ WRITE', READ_ONLY, false, false],
    ['START TRANSACTION READ ONLY', { isolation: undefined, readOnly: false }, false, true],
    ['BEGIN', { isolation: 'READ-COMMITTED', readOnly: undefined }, false, false],
    ['BEGIN', READ_ONLY, true, false],
    ['BEGIN', SERIALIZABLE, false, false],
    ['START TRANSACTION READ ONLY', { isolation: 'SERIALIZABLE', readOnly: undefined }, false, false],
    ['START TRANSACTION READ ONLY', { isolation: 'READ-COMMITTED', readOnly: undefined }, true, true],
  ] as const)('%s after %o, serializable %s: %s', (sql, next, serializable, expected) => {
    const [begin] = classify(sql).effects;
    expect(readsOnly(begin as Effect & { type: 'begin' }, next, serializable)).toBe(expected);
  });
});
