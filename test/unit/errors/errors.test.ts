import { describe, expect, test } from 'vitest';
import * as errors from '../../../src/errors.js';

const cause = new Error('why');
const ours = [
  [new errors.OptionError('cluster.x', 'is bad'), 'OptionError', 'OPTION_INVALID'],
  [new errors.NoNodeAvailableError('no', {}, cause), 'NoNodeAvailableError', 'NO_NODE_AVAILABLE'],
  [new errors.WriteOutcomeUnknownError('INSERT', cause), 'WriteOutcomeUnknownError', 'WRITE_OUTCOME_UNKNOWN'],
  [new errors.TransactionLostError('lost', cause), 'TransactionLostError', 'TRANSACTION_LOST'],
  [new errors.FailoverTimeoutError('late', cause), 'FailoverTimeoutError', 'FAILOVER_TIMEOUT'],
  [new errors.PoolTimeoutError('late', cause), 'PoolTimeoutError', 'POOL_TIMEOUT'],
  [new errors.RouteConflictError('no'), 'RouteConflictError', 'ROUTE_CONFLICT'],
  [new errors.RuleConflictError('no'), 'RuleConflictError', 'RULE_CONFLICT'],
  [new errors.StatementRefusedError('no'), 'StatementRefusedError', 'STATEMENT_REFUSED'],
  [new errors.SessionLostError('a user lock', cause), 'SessionLostError', 'SESSION_LOST'],
  [new errors.DrainIncompleteError('busy', 2), 'DrainIncompleteError', 'DRAIN_INCOMPLETE'],
  [new errors.ClusterClosedError(), 'ClusterClosedError', 'CLUSTER_CLOSED'],
] as const;

describe.each(ours)('%s', (error, name, code) => {
  test(`is a ${name} with the code ${code}`, () => {
    expect([error.name, error.code]).toEqual([name, code]);
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(errors.ClusterError);
  });
});

test('every class of the module is among them', () => {
  const classes = Object.keys(errors).filter((name) => name.endsWith('Error') && name !== 'ClusterError');
  expect(ours.map(([, name]) => name).sort()).toEqual(classes.sort());
});

test('one is not an instance of another', () => {
  expect(new errors.RouteConflictError('x')).not.toBeInstanceOf(errors.PoolTimeoutError);
  expect(new Error('x')).not.toBeInstanceOf(errors.ClusterError);
  for (const value of [null, undefined, 5, 'x', {}]) expect(value instanceof errors.ClusterError).toBe(false);
});

test('an error of another copy of the package is a ClusterError', () => {
  const foreign = Object.assign(new Error('x'), { [Symbol.for('mysql2-cluster.error')]: true });
  expect(foreign).toBeInstanceOf(errors.ClusterError);
  expect(foreign).not.toBeInstanceOf(errors.OptionError);
});

test('the brand is not seen in logs', () => {
  expect(Object.keys(new errors.ClusterClosedError())).not.toContain('Symbol(mysql2-cluster.error)');
  expect(Object.getOwnPropertySymbols({ ...new errors.ClusterClosedError() })).toEqual([]);
});

test('a cause is kept, and none is none', () => {
  expect(new errors.FailoverTimeoutError('late', cause).cause).toBe(cause);
  expect('cause' in new errors.FailoverTimeoutError('late')).toBe(false);
});

test('no node available tells why, node by node', () => {
  const error = new errors.NoNodeAvailableError('no replica', { 'a:1': 'lags', 'b:2': 'is down' });
  expect(error.message).toBe('no replica (a:1: lags; b:2: is down)');
  expect(error.reasons).toEqual({ 'a:1': 'lags', 'b:2': 'is down' });
  expect(new errors.NoNodeAvailableError('nothing known', {}).message).toBe('nothing known');
});

test('an unknown outcome names the statement', () => {
  expect(new errors.WriteOutcomeUnknownError('INSERT INTO t', cause)).toMatchObject({
    sql: 'INSERT INTO t',
    fatal: true,
    cause,
  });
});

test("a closed pool says what mysql2's says", () => {
  expect(new errors.ClusterClosedError().message).toBe('Pool is closed.');
});
