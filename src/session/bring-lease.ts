import type { PhysicalConnection } from '../cluster/physical-connection.js';
import type { ReplayedState } from '../cluster/replayed-state.js';
import type { DriverError } from '../error-facts.js';

/** Runs the statements that bring a lease to the session's variables and schema; `done` is called once. */
export function bringLease(
  lease: PhysicalConnection,
  { statements, wanted }: { readonly statements: readonly string[]; readonly wanted: ReplayedState },
  done: (error: DriverError | null) => void,
): void {
  const [first, ...rest] = statements;
  if (first === undefined) {
    lease.replayed = wanted;
    return done(null);
  }
  lease.raw.query(first, (error) => {
    if (!error) return bringLease(lease, { statements: rest, wanted }, done);
    lease.dirty = true; // half of it may have been set
    done(error);
  });
}
