import type { LeaseSource } from '../cluster/lease-source.js';
import type { PhysicalConnection } from '../cluster/physical-connection.js';
import type { DriverError } from '../error-facts.js';
import { cancelStatement } from './kill.js';

/** ER_QUERY_INTERRUPTED */
const INTERRUPTED = 1317;

/** An AbortSignal over one statement. */
export class Cancellation {
  readonly #signal: AbortSignal;
  readonly #source: LeaseSource;
  readonly #giveUp: (reason: Error) => void;
  #phase: 'searching' | 'held' | PhysicalConnection = 'searching';

  /** @param giveUp called when it is aborted while no lease is in hand */
  constructor(signal: AbortSignal, source: LeaseSource, giveUp: (reason: Error) => void) {
    this.#signal = signal;
    this.#source = source;
    this.#giveUp = giveUp;
    signal.addEventListener('abort', this.#onAbort);
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
    if (phase === 'searching') this.#giveUp(this.#signal.reason);
    else if (phase !== 'held') cancelStatement(phase, this.#source);
  };
}
