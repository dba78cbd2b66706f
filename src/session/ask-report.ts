import type { PhysicalConnection } from '../cluster/physical-connection.js';
import type { DriverError } from '../error-facts.js';
import { headersOf } from './answer.js';
import type { SessionHost } from './session-core.js';

const NOTHING = 'DO 0';

/** Has the server tell what earlier statements set, and tells it to the session; `done` is called once. */
export function askReport(
  lease: PhysicalConnection,
  session: SessionHost,
  done: (error: DriverError | null) => void,
): void {
  lease.raw.query(NOTHING, (error, result) => {
    if (!error) session.succeeded(lease, session.classify(NOTHING), headersOf(result, undefined));
    done(error);
  });
}
