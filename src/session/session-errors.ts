import { SessionLostError, TransactionLostError, WriteOutcomeUnknownError } from '../errors.js';
import { COMMITTED, mayBeInTransaction, type PinReason } from './pins.js';
import type { RetryDecision } from './retry.js';

/** The warning of a release with a transaction open. */
export const LEFT_OPEN = 'a transaction was open when its connection was released: it was rolled back';

/** The error for a session whose connection is lost while nothing was under way. */
export function lostSession(pins: readonly PinReason[], cause: Error | undefined): Error {
  if (pins.includes(COMMITTED)) return new WriteOutcomeUnknownError('COMMIT', cause);
  if (mayBeInTransaction(pins)) {
    return new TransactionLostError(cause?.message ?? 'its connection is lost', cause);
  }
  return new SessionLostError(pins.join(', '), cause);
}

const SAID = 'Cannot execute statement in a READ ONLY transaction.';

// A replica looks at its own switch before it looks at the transaction: a primary says this.
const READ_ONLY_TRANSACTION = {
  errno: 1792,
  code: 'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION',
  sqlState: '25006',
  sqlMessage: SAID,
  message: SAID,
} as const;

/** What an error of the driver means for the caller. */
export type ThrownAs = Extract<RetryDecision, { action: 'throw' }>['as'];

/** The error that the caller gets: the driver's own, or one of ours with the driver's as its cause. */
export function thrownAs(
  as: ThrownAs,
  error: Error,
  { sql, pins }: { readonly sql: string; readonly pins: readonly PinReason[] },
): Error {
  switch (as) {
    case 'driver':
      return error;
    case 'outcome-unknown':
      return new WriteOutcomeUnknownError(sql, error);
    case 'transaction-lost':
      return new TransactionLostError(error.message, error);
    case 'session-lost':
      return lostSession(pins, error);
    case 'read-only-transaction':
      return Object.assign(error, READ_ONLY_TRANSACTION);
    default:
      return as satisfies never;
  }
}
