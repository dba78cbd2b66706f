import { isMariaDb } from '../is-mariadb.js';
import { trackedByName } from './session-variables.js';

/**
 * The one statement that sets a fresh connection up. MariaDB knows no `session_track_gtids`; its `'*'` has `last_gtid`. On a replica
 * no read may open a transaction: its snapshot would be there for the next user.
 */
export function setUpStatement(version: string, role: 'primary' | 'replica'): string {
  const mariadb = isMariaDb(version);
  const assignments = [
    `session_track_system_variables='${mariadb ? '*' : trackedByName(version).join(',')}'`,
    'session_track_schema=ON',
    'session_track_state_change=ON',
    ...(mariadb ? [] : ["session_track_gtids='OWN_GTID'"]),
    ...(role === 'primary' ? [] : ['autocommit=1', `${readOnlySwitch(version, mariadb)}=1`]),
  ];
  return `SET SESSION ${assignments.join(', ')}`;
}

// MariaDB before 11.1 and MySQL 5.7 know the older name only; MySQL 8 dropped it.
function readOnlySwitch(version: string, mariadb: boolean): string {
  return mariadb || /^5\./.test(version) ? 'tx_read_only' : 'transaction_read_only';
}
