import type { PhysicalConnection } from '../../cluster/physical-connection.js';
import type { StatementClusterOptions } from '../../options.js';
import type { StatementDone } from '../../session/statement.js';

/** What is sent by a method of the driver's connection other than `query` and `execute`. */
export interface DirectCall {
  /** Classified to find the lease. */
  readonly sql: string;
  readonly send: (lease: PhysicalConnection, done: StatementDone) => void;
  readonly callback: ((error: Error | null, ...results: unknown[]) => void) | undefined;
  /** The text that decides where it is sent, when that is another. */
  readonly leadsTo?: string;
  /** Whatever server there is will do. */
  readonly opens?: boolean;
  /** What the session has made is forgotten before it. */
  readonly resets?: boolean;
  readonly options?: StatementClusterOptions | undefined;
}

/** Asks whether the connection is there. */
export const PING: Pick<DirectCall, 'sql' | 'send'> = { sql: '', send: (lease, done) => lease.raw.ping(done as never) };
