import type { PhysicalConnection } from '../cluster/physical-connection.js';
import type { Classification } from '../sql/classification.js';
import type { SessionState } from './session-state.js';

/**
 * A transaction has begun on the lease `to`. Where the session was bound before, SET TRANSACTION is taken back, or the transaction
 * that this one ends is ended, before all else.
 *
 * @returns false when none has begun: what ran there was asked about an earlier statement, and says nothing of the session
 */
export function moveTransaction(
  state: SessionState,
  { effects }: Classification,
  { to, from }: { readonly to: PhysicalConnection; readonly from: PhysicalConnection | undefined },
): boolean {
  if (effects[0]?.type !== 'begin') return false;
  from?.raw.query('ROLLBACK', (error) => {
    if (error) from.destroy(error);
  });
  to.dirty = false;
  state.moveTo(to.target.role);
  return true;
}
