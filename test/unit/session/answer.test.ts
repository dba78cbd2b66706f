import { describe, expect, test } from 'vitest';
import { gtidsOf, headersOf, untracked, withoutTracking } from '../../../src/session/answer.js';

// The shapes are those that mysql2 3.24 gave on MySQL 9.7, in text and binary protocol.
const header = {
  fieldCount: 0,
  affectedRows: 1,
  insertId: 0,
  info: '',
  serverStatus: 16386,
  warningStatus: 0,
  stateChanges: { systemVariables: { statement_id: '7' }, schema: null, gtids: ['u:1'], trackStateChange: null },
};
const second = { ...header, serverStatus: 16387 };
const column = { name: 'id' };
const rows = [{ id: 1 }, { id: 2 }];

test('a statement without rows has one', () => {
  expect(headersOf(header, undefined)).toEqual([header]);
});

describe('rows have none', () => {
  test('also when there are no rows', () => {
    expect(headersOf(rows, [column])).toEqual([]);
    expect(headersOf([], [column])).toEqual([]);
  });

  test('also when a column is called serverStatus', () => {
    expect(headersOf([{ serverStatus: 1 }], [{ name: 'serverStatus' }])).toEqual([]);
  });

  test('also as arrays, and when the array holds an object of that shape', () => {
    expect(headersOf([[1], [2]], [column])).toEqual([]);
    expect(headersOf([[header]], [column])).toEqual([]);
  });

  test('also nested by table', () => {
    expect(headersOf([{ t: { id: 1 }, serverStatus: { x: 1 } }], [column, column])).toEqual([]);
  });
});

describe('several results', () => {
  test('CALL with a result set: the last one', () => {
    expect(headersOf([rows, header], [[column], undefined])).toEqual([header]);
  });

  test('CALL with several result sets, of which one is empty', () => {
    expect(headersOf([rows, [], header], [[column], [column], undefined])).toEqual([header]);
  });

  test('CALL without a result set is one header', () => {
    expect(headersOf(header, undefined)).toEqual([header]);
  });

  test('several statements without rows: each its own, in order', () => {
    expect(headersOf([header, second], [undefined, undefined])).toEqual([header, second]);
  });

  test('rows before and after', () => {
    expect(headersOf([header, rows, second], [undefined, [column], undefined])).toEqual([header, second]);
    expect(headersOf([rows, header], [[column], undefined])).toEqual([header]);
  });

  test('rows only', () => {
    expect(headersOf([rows, rows], [[column], [column]])).toEqual([]);
  });

  test('a row that looks like a header is none', () => {
    expect(headersOf([[{ serverStatus: 1 }], header], [[column], undefined])).toEqual([header]);
  });
});

test('nothing has none', () => {
  for (const nothing of [undefined, null, 'text', 5, {}]) expect(headersOf(nothing, undefined)).toEqual([]);
});

test.each([
  ['nothing', {}, []],
  ['MySQL', { gtids: ['u:5', 'u:7-8'], systemVariables: {} }, ['u:5', 'u:7-8']],
  ['MySQL, of a read', { gtids: [], systemVariables: { statement_id: '9' } }, []],
  ['MariaDB', { gtids: [], systemVariables: { last_gtid: '0-1-12' } }, ['0-1-12']],
  ['MariaDB, an empty value', { gtids: [], systemVariables: { last_gtid: '' } }, []],
  ['MariaDB, NULL', { gtids: [], systemVariables: { last_gtid: null } }, []],
])('GTIDs of %s', (_name, changes, gtids) => {
  expect(gtidsOf(changes)).toEqual(gtids);
});

describe('what only our set-up has the server tell is hidden', () => {
  const hidden = (told: object, serverStatus = 16386, sql = 'UPDATE t SET v = 1'): object => {
    const made = { serverStatus, stateChanges: { systemVariables: {}, schema: null, gtids: [], ...told } };
    return untracked(made as never, sql);
  };

  test('all of it, with the bit that announces it, when nothing is left', () => {
    const told = { systemVariables: { statement_id: '7', sql_mode: '' }, gtids: ['u:1'], trackStateChange: '1' };
    expect(hidden(told)).toEqual({ serverStatus: 2 });
    expect(hidden({ systemVariables: { last_gtid: '0-1-5' } }, 16387)).toEqual({ serverStatus: 3 });
  });

  test('what servers tell by themselves stays', () => {
    const stateChanges = { systemVariables: {}, schema: null, gtids: [], trackStateChange: null };
    const systemVariables = { character_set_client: 'koi8r', autocommit: 'OFF', time_zone: '+01:00' };
    expect(hidden({ systemVariables: { ...systemVariables, statement_id: '7' }, gtids: ['u:1'] })).toEqual({
      serverStatus: 16386,
      stateChanges: { ...stateChanges, systemVariables },
    });
    expect(hidden({ schema: '' })).toEqual({ serverStatus: 16386, stateChanges: { ...stateChanges, schema: '' } });
  });

  test('that a transaction begins or ends, which MySQL tells by nothing but an empty report, stays', () => {
    const stateChanges = { systemVariables: {}, schema: null, gtids: [], trackStateChange: null };
    const made = { serverStatus: 16387, stateChanges };
    expect(untracked(made, 'BEGIN')).toBe(made);
    expect(made.stateChanges).toEqual(stateChanges);
  });

  test('so does the end of one that wrote, without its GTID; MariaDB tells nothing of it by itself', () => {
    const stateChanges = { systemVariables: {}, schema: null, gtids: [], trackStateChange: null };
    const told = { gtids: ['u:1'], trackStateChange: null };
    expect(hidden(told, 16386, ' commit and chain')).toEqual({ serverStatus: 16386, stateChanges });
    // Of several statements nobody knows which one it is.
    expect(hidden(told, 16386, 'COMMIT; UPDATE t SET v = 1')).toEqual({ serverStatus: 2 });
    expect(hidden({ systemVariables: { last_gtid: '0-1-5' } }, 16386, 'COMMIT')).toEqual({ serverStatus: 2 });
    // Without autocommit it began by itself, and ends without a word.
    expect(hidden(told, 16384, 'COMMIT')).toEqual({ serverStatus: 0 });
  });

  test('a header without it is left alone, and so are rows', () => {
    const made = { serverStatus: 2 };
    expect(untracked(made, 'BEGIN')).toBe(made);
    const rows = [{ serverStatus: 16386, stateChanges: { schema: null } }];
    expect(withoutTracking(rows, [{ name: 'serverStatus' }], 'TABLE t')).toBe(rows);
  });

  test('in each of several results; what is left is of the same class', () => {
    class Header {
      serverStatus = 16386;
      stateChanges = { systemVariables: {}, schema: null, gtids: ['u:1'], trackStateChange: null };
      changedRows = 1;
    }
    const rows = [{ n: 1 }];
    const [first, second] = withoutTracking([rows, new Header()], [[{ name: 'n' }], undefined], 'CALL p()') as [
      unknown,
      object,
    ];
    expect(first).toBe(rows);
    expect(second).toBeInstanceOf(Header);
    expect({ ...second }).toEqual({ serverStatus: 2, changedRows: 1 });
  });
});
