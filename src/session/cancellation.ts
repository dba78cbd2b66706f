import type { LeaseSource } from '../cluster/lease-source.js';
import type { PhysicalConnection } from '../cluster/physical-connection.js';
import type { DriverError } from '../error-facts.js';
import { checkStatementOptions, type StatementClusterOptions } from '../options.js';
import { cancelStatement } from './kill.js';
import type { Statement } from './statement.js';

/** A statement that may be aborted. */
export interface Watched {
  readonly statement: Statement;
  readonly source: LeaseSource;
  /** Called when it is aborted while no lease is in hand. */
  giveUp(reason: Error): void;
}

/**
 * Watches the AbortSignal of a call.
 *
 * @returns undefined without a signal
 * @throws OptionError for what is none · the signal's reason when it is aborted already
 */
export function watchSignal(options: StatementClusterOptions, watched: Watched): Cancellation | undefined {
  const { signal } = checkStatementOptions(options);
  if (signal?.aborted) throw signal.reason;
  return signal && new Cancellation(signal, watched);
}

/** ER_QUERY_INTERRUPTED */
const INTERRUPTED = 1317;

/** An AbortSignal over one statement. */
export class Cancellation {
  readonly #signal: AbortSignal;
  readonly #watched: Watched;
  #gaveUp = false;
  #phase: 'searching' | 'held' | PhysicalConnection = 'searching';

  constructor(signal: AbortSignal, watched: Watched) {
    this.#signal = signal;
    this.#watched = watched;
    signal.addEventListener('abort', this.#onAbort);
  }

  /** It was aborted before it had a lease, and the caller has been told. */
  get gaveUp(): boolean {
    return this.#gaveUp;
  }

  /** Why the statement is not wanted any more. */
  get reason(): Error | undefined {
    return this.#signal.aborted ? this.#signal.reason : undefined;
  }

  /** It looks for a lease, again. */
  search(): void {
    this.#phase = 'searching';
  }

  /** It has a lease, and has not been sent. */
  hold(): void {
    this.#phase = 'held';
  }

  send(lease: PhysicalConnection): void {
    this.#phase = lease;
  }

  /** What the caller gets for an error of the driver. */
  errorFor(error: DriverError): Error {
    const ended = error.errno === INTERRUPTED || error.sqlState === undefined;
    return (ended ? this.reason : undefined) ?? error;
  }

  end(): void {
    this.#phase = 'held';
    this.#signal.removeEventListener('abort', this.#onAbort);
  }

  readonly #onAbort = (): void => {
    const phase = this.#phase;
    const { statement, source, giveUp } = this.#watched;
    if (phase === 'searching') {
      this.#gaveUp = true;
      return giveUp(this.#signal.reason);
    }
    if (phase === 'held') return;
    // A server that waits for its rows to be read does not look whether it was killed.
    if (statement.delivered) statement.abandon?.(this.#signal.reason);
    cancelStatement(phase, source);
  };
}
