import type { DriverError } from '../error-facts.js';
import { TransactionLostError } from '../errors.js';
import type { Classification } from '../sql/classification.js';
import { type AnswerHeader, gtidsOf } from './answer.js';
import { neverCommits } from './retry.js';

// 1205 lock wait timeout, 1206 no room for more locks, 1213 deadlock, 3101 refused by the group at COMMIT, and MariaDB's 1020: the
// row has changed since the snapshot. The server has rolled back the transaction, or at least the statement: all of it can be done again.
const ROLLED_BACK = new Set([1020, 1205, 1206, 1213, 3101]);

/** Whether the server has rolled back for this error, at least the statement: at a COMMIT all of the transaction. */
export function isRolledBack({ errno, sqlState }: DriverError): boolean {
  return sqlState !== undefined && ROLLED_BACK.has(errno ?? 0);
}

/** How a transaction may have ended when a statement in it failed with this error; undefined when it goes on. */
export function endedBy(error: DriverError, classification: Classification): 'rollback' | 'commit' | undefined {
  if (isRolledBack(error)) return 'rollback';
  // A SET commits only where it says so, and then as the last that it does.
  return neverCommits(classification) || classification.kind === 'set' ? undefined : 'commit';
}

/**
 * Watches one transaction of `cluster.transaction`: whether it was broken off, so that nothing more may run in it, and whether
 * something in it could have been committed before its end, so that it must not be run again.
 */
export class TransactionGuard {
  #watching = false;
  #broken: Error | undefined;
  #ended = false;

  /** What broke it off; undefined while it goes on. */
  get broken(): Error | undefined {
    return this.#broken;
  }

  /** A statement ended the transaction, or may have, before its time. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Why the next statement is not run: outside the transaction it would stand for itself. */
  get refusal(): Error | undefined {
    const broken = this.#watching ? this.#broken : undefined;
    return broken && new TransactionLostError(`it was broken off: ${broken.message}`, broken);
  }

  /** The transaction is open from now on. */
  watch(): void {
    this.#watching = true;
  }

  /** What runs from now on ends the transaction. */
  unwatch(): void {
    this.#watching = false;
  }

  /** @param open whether the transaction is open after it */
  succeeded({ effects }: Classification, headers: readonly AnswerHeader[], open: boolean): void {
    if (!this.#watching) return;
    const ends = effects.some(({ type }) => type === 'commit' || type === 'rollback' || type === 'begin');
    // A procedure may commit, and begin anew.
    const committed = headers.some(
      ({ stateChanges }) => stateChanges !== undefined && gtidsOf(stateChanges).length > 0,
    );
    if (ends || committed || !open) this.#ended = true;
  }

  /** @param error what the caller gets */
  failed(error: Error, classification: Classification): void {
    if (!this.#watching) return;
    if (error instanceof TransactionLostError || isRolledBack(error)) this.#broken ??= error;
    // Statements that commit implicitly do so before they fail.
    if (!neverCommits(classification)) this.#ended = true;
  }
}
