import { expect, test } from 'vitest';
import { lostError } from '../../../src/cluster/physical-connection.js';
import { trackedByName } from '../../../src/cluster/session-variables.js';
import { setUpStatement } from '../../../src/cluster/set-up-statement.js';

const tracking = (names: string): string =>
  `SET SESSION session_track_system_variables='${names}', session_track_schema=ON, session_track_state_change=ON`;
const ALL = tracking('*');
const byName = (version: string): string => tracking(trackedByName(version).join(','));

test.each([
  ['9.7.4', 'primary', `${byName('9.7.4')}, session_track_gtids='OWN_GTID'`],
  ['8.0.36', 'replica', `${byName('8.0.36')}, session_track_gtids='OWN_GTID', autocommit=1, transaction_read_only=1`],
  ['5.7.44-log', 'replica', `${byName('5.7.44')}, session_track_gtids='OWN_GTID', autocommit=1, tx_read_only=1`],
  ['10.11.18-MariaDB-log', 'primary', ALL],
  ['5.5.5-10.6.1-MariaDB', 'replica', `${ALL}, autocommit=1, tx_read_only=1`],
] as const)('%s, %s', (version, role, statement) => {
  expect(setUpStatement(version, role)).toBe(statement);
});

test('a lost connection looks as mysql2 makes it', () => {
  expect(lostError()).toMatchObject({
    message: 'Connection lost: The server closed the connection.',
    code: 'PROTOCOL_CONNECTION_LOST',
    fatal: true,
  });
});
