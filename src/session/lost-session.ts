import { SessionLostError, TransactionLostError } from '../errors.js';
import type { PinReason } from './session-state.js';

/** The error for a session whose connection is lost while nothing was under way that could have committed. */
export function lostSession(pins: readonly PinReason[], cause: Error | undefined): Error {
  if (pins.includes('a transaction') || pins.includes('autocommit=0')) {
    return new TransactionLostError(cause?.message ?? 'its connection is lost', cause);
  }
  return new SessionLostError(pins.join(', '), cause);
}
