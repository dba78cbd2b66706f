import type { PhysicalConnection } from '../cluster/physical-connection.js';
import type { SessionState } from './session-state.js';

/** A transaction has begun on the lease `to`, and SET TRANSACTION was said on `from`: there it is taken back, before all else. */
export function moveTransaction(
  state: SessionState,
  { to, from }: { readonly to: PhysicalConnection; readonly from: PhysicalConnection | undefined },
): void {
  from?.raw.query('ROLLBACK', (error) => {
    if (error) from.destroy(error);
  });
  to.dirty = false;
  state.moveTo(to.target.role);
}
