import { type DriverError, readError } from '../error-facts.js';
import {
  ClusterError,
  SessionLostError,
  StatementRefusedError,
  TransactionLostError,
  WriteOutcomeUnknownError,
} from '../errors.js';
import type { StatementClusterOptions } from '../options.js';
import { checkTransactionOptions, type TransactionOptions } from '../transaction-options.js';
import { DOUBTFUL } from './pins.js';
import type { Session } from './session.js';
import type { Statement } from './statement.js';
import { isRolledBack, TransactionGuard } from './transaction-guard.js';
import { untilIdle } from './until-idle.js';

/** Where one attempt of a transaction runs. `C` is what the caller's function is given. */
export interface TransactionRoom<C> {
  readonly session: Session;
  readonly connection: C;
  /** From now on `connection` runs nothing any more. */
  shut(): void;
  /** The attempt is over. */
  leave(): void;
}

/** A transaction to be run. */
export interface TransactionCall<C, T> {
  readonly enter: () => Promise<TransactionRoom<C>>;
  readonly task: (connection: C) => Promise<T> | T;
  readonly options: TransactionOptions;
  /** The options under `cluster` in force for the caller. */
  readonly callOptions: StatementClusterOptions | undefined;
}

// Whatever `completion_type` is, nothing begins anew and the connection stays open.
const COMMIT = 'COMMIT AND NO CHAIN NO RELEASE';
const ROLLBACK = 'ROLLBACK AND NO CHAIN NO RELEASE';

const UNREAD =
  'the rows of a result that was open at the end of a transaction were not read: await the end of its stream';

const FIRST_PAUSE_MS = 10;
const LAST_PAUSE_MS = 500;

/** How an attempt ended that did not succeed. */
class Failure {
  readonly error: unknown;
  readonly again: boolean;

  constructor(error: unknown, again: boolean) {
    this.error = error;
    this.again = again;
  }
}

/**
 * Runs `task` in a transaction and commits; rolls back when it throws; runs it again when the transaction is known not to have
 * been committed for a reason that may pass.
 */
export async function runTransaction<C, T>(call: TransactionCall<C, T>): Promise<T> {
  const { retries } = checkTransactionOptions(call.options);
  for (let attempt = 0; ; attempt++) {
    const room = await call.enter();
    const { clock } = room.session.core.source.cluster;
    const outcome = await attemptIn(room, call);
    if (!(outcome instanceof Failure)) return outcome;
    if (!outcome.again || attempt >= retries) throw outcome.error;
    // Half of it by chance: those who met in a deadlock do not meet again.
    const longest = Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
    await new Promise<void>((resolve) => clock.after(longest * (0.5 + Math.random() / 2), resolve));
  }
}

async function attemptIn<C, T>(room: TransactionRoom<C>, call: TransactionCall<C, T>): Promise<T | Failure> {
  const { session } = room;
  if (session.guard || session.state?.inTransaction || session.state?.pins.includes(DOUBTFUL)) {
    room.leave();
    throw new StatementRefusedError('START TRANSACTION: the connection is in a transaction already');
  }
  const bound = (session.state?.pins.length ?? 0) > 0;
  const guard = new TransactionGuard();
  session.guard = guard;
  try {
    const outcome = await new Attempt(room, guard, call).run();
    // What else bound the session to the lost connection cannot be had again.
    return outcome instanceof Failure && session.dead && bound ? new Failure(outcome.error, false) : outcome;
  } finally {
    session.guard = undefined;
    room.shut();
    if (session.dead instanceof TransactionLostError && !bound) session.release();
    room.leave();
  }
}

class Attempt<C, T> {
  readonly #room: TransactionRoom<C>;
  readonly #session: Session;
  readonly #guard: TransactionGuard;
  readonly #call: TransactionCall<C, T>;

  constructor(room: TransactionRoom<C>, guard: TransactionGuard, call: TransactionCall<C, T>) {
    this.#room = room;
    this.#session = room.session;
    this.#guard = guard;
    this.#call = call;
  }

  async run(): Promise<T | Failure> {
    try {
      await this.#begin(this.#call);
    } catch (error) {
      // Nothing of it has run.
      const ours = error instanceof TransactionLostError || error instanceof SessionLostError;
      return this.#rollBack(error, ours || (!(error instanceof ClusterError) && isGone(error)));
    }
    this.#guard.watch();
    let value: T;
    try {
      value = await this.#call.task(this.#room.connection);
    } catch (error) {
      await this.#quiet();
      return this.#rollBack(error, this.#isLost());
    }
    await this.#quiet();
    // The task may have caught what broke it off.
    if (this.#guard.broken) return this.#rollBack(this.#guard.broken, this.#isLost());
    if (this.#isGivenUp()) {
      return new Failure(new TransactionLostError('its connection was reset before COMMIT', undefined), false);
    }
    return this.#commit(value);
  }

  // What the task did not wait for is part of it; what it sends from now on is not.
  #quiet(): Promise<void> {
    this.#room.shut();
    return untilIdle(this.#session, this.#session.core.settings.failover.holdMs, new StatementRefusedError(UNREAD));
  }

  // No statement has ended it, and it is not there: COMMIT would succeed, of nothing.
  #isGivenUp(): boolean {
    return !this.#guard.ended && !this.#session.dead && !this.#session.state?.inTransaction;
  }

  async #begin({ options: { readOnly, isolation }, callOptions: options }: TransactionCall<C, T>): Promise<void> {
    const begin = readOnly ? 'START TRANSACTION READ ONLY' : 'START TRANSACTION';
    // The two belong on one connection. At SERIALIZABLE plain reads take locks, which are of use on the primary only.
    const leadsTo = isolation === 'SERIALIZABLE' ? undefined : begin;
    if (isolation !== undefined) await this.#say(`SET TRANSACTION ISOLATION LEVEL ${isolation}`, { options, leadsTo });
    await this.#say(begin, { options });
  }

  async #commit(value: T): Promise<T | Failure> {
    this.#guard.unwatch();
    try {
      await this.#say(COMMIT);
      return value;
    } catch (error) {
      if (this.#call.options.readOnly && isGone(error)) return value; // all that was read had been answered
      const known = error instanceof TransactionLostError || isRolledBack(error as DriverError);
      const outcome = known || error instanceof ClusterError ? error : new WriteOutcomeUnknownError('COMMIT', error);
      return this.#rollBack(outcome, known && !this.#guard.ended);
    }
  }

  #isLost(): boolean {
    const lost = this.#guard.broken !== undefined || this.#session.dead instanceof TransactionLostError;
    return lost && !this.#guard.ended;
  }

  async #rollBack(error: unknown, again: boolean): Promise<Failure> {
    this.#guard.unwatch();
    // What cannot be rolled back on a lost connection was rolled back by the server.
    if (!this.#session.dead) await this.#say(ROLLBACK).catch(() => undefined);
    return new Failure(error, again);
  }

  #say(sql: string, about: Pick<Statement, 'options' | 'leadsTo'> = { options: undefined }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#session.run({
        sql,
        opaque: false,
        wordless: true,
        ...about,
        delivered: false,
        send: (lease, done) => void lease.raw.query(sql, done as never),
        settle: (error) => (error ? reject(error) : resolve()),
      });
    });
  }
}

function isGone(error: unknown): boolean {
  return error instanceof TransactionLostError || readError(error as DriverError, 'statement').gone;
}
