import { describe, expect, test } from 'vitest';
import { TransactionLostError, WriteOutcomeUnknownError } from '../../../src/errors.js';
import { endedBy, isRolledBack, TransactionGuard } from '../../../src/session/transaction-guard.js';
import { classify } from '../../../src/sql/classify.js';

const fromServer = (errno: number): Error => Object.assign(new Error(`error ${errno}`), { errno, sqlState: 'HY000' });
const HEADER = { serverStatus: 3, stateChanges: { gtids: [] } };

function watching(): TransactionGuard {
  const guard = new TransactionGuard();
  guard.watch();
  return guard;
}

describe('what breaks a transaction off, so that it is run again', () => {
  test.each([
    ['INSERT INTO t VALUES (1)', fromServer(1213)],
    ['SELECT a FROM t FOR UPDATE', fromServer(1205)],
    ['SELECT a FROM t FOR UPDATE', fromServer(1206)],
    ['UPDATE t SET a = 1', fromServer(1020)],
    ['SELECT a FROM t', new TransactionLostError('gone', undefined)],
  ])('%s: %s', (sql, error) => {
    const guard = watching();
    guard.failed(error, classify(sql));
    expect([guard.broken, guard.ended]).toEqual([error, false]);
    expect(guard.refusal).toBeInstanceOf(TransactionLostError);
    guard.unwatch();
    expect(guard.refusal).toBeUndefined();
  });

  test.each([
    ['INSERT INTO t VALUES (1)', fromServer(1062)],
    ['SELECT a FROM nothing', fromServer(1146)],
    ['SAVEPOINT s', fromServer(1305)],
  ])('not %s: %s', (sql, error) => {
    const guard = watching();
    guard.failed(error, classify(sql));
    expect([guard.broken, guard.ended, guard.refusal]).toEqual([undefined, false, undefined]);
  });
});

describe('what may have committed, so that it is not run again', () => {
  test.each(['CREATE TABLE t (a INT)', 'CALL p()', 'COMMIT', 'SET autocommit = 1', 'LOCK TABLES t READ', 'EXECUTE s'])(
    '%s that fails',
    (sql) => {
      const guard = watching();
      guard.failed(fromServer(1213), classify(sql));
      expect(guard.ended).toBe(true);
    },
  );

  test('a statement of unknown outcome', () => {
    const guard = watching();
    guard.failed(new WriteOutcomeUnknownError('CALL p()', undefined), classify('CALL p()'));
    expect([guard.broken, guard.ended]).toEqual([undefined, true]);
  });

  test.each([
    ['COMMIT', [HEADER], false],
    ['COMMIT AND CHAIN', [HEADER], true],
    ['ROLLBACK', [HEADER], false],
    ['BEGIN', [HEADER], true],
    ['CREATE TABLE t (a INT)', [HEADER], false],
    ['CALL p()', [{ serverStatus: 3, stateChanges: { gtids: ['uuid:7'] } }], true],
  ])('%s', (sql, headers, open) => {
    const guard = watching();
    guard.succeeded(classify(sql), headers, open);
    expect(guard.ended).toBe(true);
  });

  test.each(['INSERT INTO t VALUES (1)', 'ROLLBACK TO SAVEPOINT s', 'SELECT a FROM t', 'CALL p()'])('not %s', (sql) => {
    const guard = watching();
    guard.succeeded(classify(sql), [HEADER], true);
    expect(guard.ended).toBe(false);
  });
});

test('nothing counts before and after', () => {
  const guard = new TransactionGuard();
  guard.failed(fromServer(1213), classify('BEGIN'));
  guard.succeeded(classify('BEGIN'), [HEADER], true);
  expect([guard.broken, guard.ended]).toEqual([undefined, false]);
});

test.each([
  ['INSERT INTO t VALUES (1)', 1213, 'rollback'],
  ['CREATE TABLE t (a INT)', 1050, 'commit'],
  ['CALL p()', 1644, 'commit'],
  ['INSERT INTO t VALUES (1); SELECT nothing', 1054, 'commit'],
  ['INSERT INTO t VALUES (1)', 1062, undefined],
  ['SET nothing = 1', 1193, undefined],
])('how %s may have ended its transaction when it fails with %s: %s', (sql, errno, how) => {
  expect(endedBy(fromServer(errno), classify(sql))).toBe(how);
});

test('errors at COMMIT by which a server says that it has rolled back', () => {
  expect([1213, 1205, 3101, 1317, 1180].map((errno) => isRolledBack(fromServer(errno)))).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
  expect(isRolledBack(Object.assign(new Error('lost'), { errno: 1213 }))).toBe(false);
});
