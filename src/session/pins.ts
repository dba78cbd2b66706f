import type { Effect } from '../sql/classification.js';

/** Why a session is bound to one lease. */
export type PinReason =
  | 'a transaction'
  | 'a transaction, unless it was rolled back'
  | 'a transaction, unless it was committed'
  | 'autocommit=0'
  | 'a temporary table'
  | 'a user variable'
  | 'a user lock'
  | 'LOCK TABLES'
  | 'LOCK INSTANCE'
  | 'an open HANDLER'
  | 'a prepared statement'
  | 'an XA transaction'
  | 'a session variable'
  | 'session state'
  | 'a role'
  | 'a dropped schema'
  | 'the next transaction'
  | 'an open result';

/** Whether a transaction may be open, which is lost with the lease. */
export function mayBeInTransaction(pins: readonly PinReason[]): boolean {
  return pins.includes('a transaction') || pins.includes('autocommit=0') || pins.includes(DOUBTFUL);
}

/** Whether what is written may be committed at once: the transaction that it was meant for may be gone. */
export function mayStandAlone(pins: readonly PinReason[]): boolean {
  return pins.includes(DOUBTFUL) && !pins.includes('autocommit=0');
}

/** An error may have rolled back all of the transaction, and brings no status that tells. The next answer does. */
export const DOUBTFUL = 'a transaction, unless it was rolled back';

/** A statement that commits before it runs has failed: whether it came that far, the next answer tells. */
export const COMMITTED = 'a transaction, unless it was committed';

const RESTING = new Set<PinReason>([
  'a temporary table',
  'a user variable',
  'a prepared statement',
  'a session variable',
]);

/** Whether what binds a session holds nobody up: neither a transaction nor a lock. */
export function mayRest(pins: readonly PinReason[]): boolean {
  return pins.every((pin) => RESTING.has(pin));
}

/** What an effect binds a session by. */
export const PIN_OF: Partial<Record<Effect['type'], PinReason>> = {
  begin: 'a transaction',
  savepoint: 'a transaction',
  'next-transaction': 'the next transaction',
  'set-user-variable': 'a user variable',
  'set-role': 'a role',
  'set-resource-group': 'a role',
  'create-temporary-table': 'a temporary table',
  'user-lock': 'a user lock',
  'lock-tables': 'LOCK TABLES',
  'lock-instance': 'LOCK INSTANCE',
  prepare: 'a prepared statement',
  // What it runs was another text: a user lock that it takes would be told by nobody.
  'execute-prepared': 'session state',
  'handler-open': 'an open HANDLER',
};

/** Which bond an effect ends. */
export const UNPIN_OF: Partial<Record<Effect['type'], PinReason>> = {
  begin: 'the next transaction',
  commit: 'the next transaction',
  rollback: 'the next transaction',
  'unlock-tables': 'LOCK TABLES',
  'unlock-instance': 'LOCK INSTANCE',
  'release-all-user-locks': 'a user lock',
};
