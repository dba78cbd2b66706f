import { describe, expect, test } from 'vitest';
import { OptionError, RouteConflictError, StatementRefusedError } from '../../../src/errors.js';
import type { StatementClusterOptions } from '../../../src/options.js';
import { intentOf, refuseTracking } from '../../../src/session/intent-of.js';
import { SessionState } from '../../../src/session/session-state.js';
import { classify } from '../../../src/sql/classify.js';

const plain = { route: 'auto', node: undefined, need: undefined, tried: [], waited: false, maxLagMs: 2000 } as const;
const source = {
  scope: {
    writeIntent: { ...plain, access: 'write' },
    readIntent: (maxLagMs = 2000, consistency = 'pool') => ({ ...plain, access: 'read', maxLagMs, consistency }),
  },
};

function intent(sql: string, options?: StatementClusterOptions, state?: SessionState): Record<string, unknown> {
  const session = { core: { source }, state } as unknown as Parameters<typeof intentOf>[2];
  return intentOf(classify(sql), options, session) as unknown as Record<string, unknown>;
}

describe('access', () => {
  test.each([
    ['SELECT id FROM t', 'read'],
    ['START TRANSACTION READ ONLY', 'read'],
    ['SHOW TABLES', 'read'],
    ['BEGIN', 'write'],
    ['START TRANSACTION', 'write'],
    ['START TRANSACTION READ ONLY; INSERT INTO t VALUES (1)', 'write'],
    ['INSERT INTO t VALUES (1)', 'write'],
    ['SELECT id FROM t FOR UPDATE', 'write'],
    ['SELECT f(1)', 'write'],
    ['SELECT LAST_INSERT_ID()', 'write'],
    ['SHOW WARNINGS', 'write'],
    ['SET @a = 1', 'write'],
    ['FLUSH TABLES', 'write'],
    ['FROBNICATE', 'write'],
  ])('%s: %s', (sql, access) => {
    expect(intent(sql).access).toBe(access);
  });

  test.each([
    ['mysql', 'write'],
    ['Information_Schema', 'write'],
    ['sys', 'write'],
    ['performance_schema', 'write'],
    ['shop', 'read'],
    [undefined, 'read'],
  ])('a bare table name in %s: %s', (database, access) => {
    const session = { core: { source, database }, state: undefined } as unknown as Parameters<typeof intentOf>[2];
    expect(intentOf(classify('SELECT * FROM user'), undefined, session).access).toBe(access);
  });

  test('after a function that may set what rows do not tell, reads go where it ran, until the next report from there', () => {
    const state = new SessionState();
    const report = { serverStatus: 2, stateChanges: { systemVariables: {}, schema: null, trackStateChange: null } };
    const next = (): unknown[] => [
      ...['SELECT id FROM t', 'START TRANSACTION READ ONLY'].map((sql) => intent(sql, undefined, state).access),
      intent('SELECT id FROM t', { maxLagMs: 9 }, state).access,
      intent('SELECT id FROM t', { route: 'replica' }, state).access,
      intent('SELECT id FROM t', { node: 'db-2' }, state).access,
    ];
    const [here, anywhere] = [
      ['write', 'write', 'write', 'read', 'read'],
      ['read', 'read', 'read', 'read', 'read'],
    ];
    state.apply(classify(''), undefined, 'primary');
    expect(next()).toEqual(anywhere);
    state.apply(classify('SELECT f(1)'), { serverStatus: 2, rows: true }, 'primary');
    expect(next()).toEqual(here);
    state.apply(classify('SELECT id FROM t'), { serverStatus: 2, rows: true }, 'primary');
    state.apply(classify('START TRANSACTION READ ONLY'), report, 'replica');
    expect(next()).toEqual(here);
    state.apply(classify('SET @@sort_buffer_size = 1'), report, 'primary');
    expect(next()).toEqual(anywhere);
    state.apply(classify('SET @@sort_buffer_size = 1; SELECT f(1)'), report, 'primary');
    expect(next()).toEqual(here);
    state.release();
    expect(next()).toEqual(anywhere);
    state.apply(classify('DO f(1)'), report, 'primary');
    expect(next()).toEqual(anywhere);
    expect(state.pins).toEqual([]);
  });

  test('what the report then tells binds as it would have, whatever statement brings it', () => {
    const state = new SessionState();
    state.apply(classify('SELECT f(1)'), { serverStatus: 2, rows: true }, 'primary');
    const stateChanges = { systemVariables: { time_zone: '+05:00' }, schema: null, trackStateChange: '' };
    state.apply(classify('SAVEPOINT s'), { serverStatus: 2, stateChanges }, 'primary');
    expect(state.pins).toEqual(['session state']);
    expect(state.wanted.variables.get('time_zone')).toBe('+05:00');
  });

  test('USE leads bare names to the tables of one server, and back', () => {
    const state = new SessionState();
    const use = (schema: string): void => {
      const stateChanges = { systemVariables: {}, schema, trackStateChange: null };
      state.apply(classify(`USE ${schema}`), { serverStatus: 2, stateChanges }, 'primary');
    };
    use('mysql');
    expect(intent('SELECT * FROM user', undefined, state).access).toBe('write');
    use('shop');
    expect(intent('SELECT * FROM user', undefined, state).access).toBe('read');
  });

  test('at SERIALIZABLE plain reads take locks', () => {
    const state = new SessionState();
    const stateChanges = { systemVariables: { transaction_isolation: 'SERIALIZABLE' }, trackStateChange: '' };
    const set = classify('SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE');
    state.apply(set, { serverStatus: 2, stateChanges }, 'primary');
    expect(intent('SELECT id FROM t', undefined, state).access).toBe('write');
  });
});

describe("the caller's wishes", () => {
  test('a write or a locking read cannot be sent to a replica', () => {
    for (const sql of ['INSERT INTO t VALUES (1)', 'SELECT id FROM t FOR SHARE', 'SELECT f(1)'])
      expect(() => intent(sql, { route: 'replica' })).toThrow(RouteConflictError);
    expect(intent('SELECT id FROM t', { route: 'replica' })).toMatchObject({ access: 'read', route: 'replica' });
  });

  test('a read can be sent to the primary', () => {
    expect(intent('SELECT id FROM t', { route: 'primary' })).toMatchObject({ access: 'read', route: 'primary' });
  });

  test('lag and consistency are handed on', () => {
    const wishes = { maxLagMs: 50, consistency: 'eventual' } as const;
    expect(intent('SELECT id FROM t', wishes)).toMatchObject(wishes);
  });

  test('what belongs to one server runs on the node that is named; a write does not become a read by it', () => {
    expect(intent('FLUSH TABLES', { node: 'db-2' })).toMatchObject({ access: 'read', node: 'db-2' });
    expect(intent('INSERT INTO t VALUES (1)', { node: 'db-2' })).toMatchObject({ access: 'write', node: 'db-2' });
  });

  test('bad wishes are refused', () => {
    expect(() => intent('SELECT 1', { rout: 'primary' } as never)).toThrow(OptionError);
  });
});

describe('SEMANTICS 67: session tracking belongs to the package', () => {
  test.each([
    "SET SESSION session_track_gtids = 'OFF'",
    "SET @@session_track_system_variables = ''",
    "SET time_zone = '+00:00', session_track_schema = OFF",
    'SET @@session.session_track_state_change = 0',
    "SELECT 1; SET session_track_gtids = 'OFF'",
  ])('%s is refused', (sql) => {
    expect(() => refuseTracking(classify(sql))).toThrow(StatementRefusedError);
  });

  test.each(['SELECT @@session_track_gtids', "SET time_zone = '+00:00'", "SELECT 'SET session_track_gtids = OFF'"])(
    '%s is not',
    (sql) => {
      expect(() => refuseTracking(classify(sql))).not.toThrow();
    },
  );
});
