import type { Clock } from '../../clock.js';
import { type Queue, refusalOf, timeoutOf } from '../../cluster/pool-errors.js';
import { ClusterClosedError } from '../../errors.js';
import { forgetShown } from '../../session/shown-threads.js';
import type { LogicalConnection } from './logical-connection.js';

type Receiver = (error: Error | null, connection?: LogicalConnection) => void;

/** What the pool of logical connections is made from. */
export interface LogicalPoolOptions {
  readonly limit: number;
  readonly queue: Queue;
  readonly create: () => LogicalConnection;
  readonly onWait: () => void;
  /** One is handed to somebody who did not have to wait for it: another giving it back makes no event, as in mysql2. */
  readonly onAcquire: (connection: LogicalConnection) => void;
  readonly clock: Clock;
  /** Longest wait for one that another gives back. */
  readonly timeoutMs: number;
}

/** The logical connections of a pool: at most `limit` objects, each handed out again and again. */
export class LogicalPool {
  /** Counts for what is created from now on. */
  limit: number;
  readonly #options: LogicalPoolOptions;
  readonly #all = new Set<LogicalConnection>();
  readonly #free: LogicalConnection[] = [];
  readonly #unopened = new Set<LogicalConnection>();
  readonly #waiting: Receiver[] = [];
  #closed = false;

  constructor(options: LogicalPoolOptions) {
    this.#options = options;
    this.limit = options.limit;
  }

  /** @param signal ends the wait */
  acquire(receiver: Receiver, signal?: AbortSignal): void {
    if (this.#closed) return process.nextTick(receiver, new ClusterClosedError());
    if (signal?.aborted) return process.nextTick(receiver, signal.reason);
    const free = this.#free.pop();
    if (free && !this.#unopened.has(free) && !free.session.lastLease?.dead) {
      this.#options.onAcquire(free);
      return process.nextTick(receiver, null, free.handOut());
    }
    if (free) return this.#open(free, receiver, signal);
    if (this.#all.size < this.limit) return this.#create(receiver, signal);
    const refusal = refusalOf(this.#options.queue, this.#waiting.length);
    if (refusal) return process.nextTick(receiver, refusal);
    this.#options.onWait();
    this.#wait(receiver, signal);
  }

  /**
   * Takes one back; `reusable` is false for one that was destroyed.
   *
   * @returns whether it is free now: nobody waited for it
   */
  release(connection: LogicalConnection, reusable: boolean): boolean {
    if (!reusable || this.#closed) {
      this.#all.delete(connection);
      // Destroyed by who had given it back already.
      if (this.#free.includes(connection)) this.#free.splice(this.#free.indexOf(connection), 1);
      this.#fill();
      return false;
    }
    const next = this.#waiting.shift();
    if (next) process.nextTick(next, null, connection.handOut());
    else this.#free.push(connection);
    return next === undefined;
  }

  /** Hands nothing out any more: who waits gets an error, and each connection ends when what runs on it has ended. */
  close(): void {
    this.#closed = true;
    for (const receiver of this.#waiting.splice(0)) process.nextTick(receiver, new ClusterClosedError());
    for (const connection of [...this.#all]) connection.finish();
  }

  destroyAll(): void {
    for (const connection of [...this.#all]) connection.destroy();
  }

  #wait(receiver: Receiver, signal: AbortSignal | undefined): void {
    const { clock, timeoutMs } = this.#options;
    const giveUp = (error: Error): void => {
      const at = this.#waiting.indexOf(waiting);
      if (at < 0) return; // its turn has come
      this.#waiting.splice(at, 1);
      waiting(error);
    };
    const aborted = (): void => giveUp(signal?.reason);
    const timer = clock.after(timeoutMs, () => giveUp(timeoutOf({ acquireTimeoutMs: timeoutMs, max: this.limit })));
    const waiting: Receiver = (...answer) => {
      timer.cancel();
      signal?.removeEventListener('abort', aborted);
      receiver(...answer);
    };
    signal?.addEventListener('abort', aborted);
    this.#waiting.push(waiting);
  }

  /** The connection of a pool of one, while nobody has it: the pool's own statements find there what others have left. */
  get only(): LogicalConnection | undefined {
    if (this.limit !== 1 || this.#all.size > 1 || this.#closed) return undefined;
    if (this.#all.size > 0) return this.#free[0];
    const connection = this.#options.create();
    this.#all.add(connection);
    this.#unopened.add(connection);
    this.#free.push(connection);
    return connection;
  }

  #create(receiver: Receiver, signal: AbortSignal | undefined): void {
    const connection = this.#options.create();
    this.#all.add(connection);
    this.#open(connection, receiver, signal);
  }

  // The first time, and when its last server is lost, one must have answered: who cannot be reached is told so here, as by mysql2.
  #open(connection: LogicalConnection, receiver: Receiver, signal: AbortSignal | undefined): void {
    this.#unopened.delete(connection);
    forgetShown(connection.session);
    connection.open((failed) => {
      const error = failed ?? (this.#closed ? new ClusterClosedError() : null);
      if (!error) {
        this.#options.onAcquire(connection);
        return receiver(null, connection.handOut());
      }
      this.#all.delete(connection);
      receiver(error);
      this.#fill();
    }, signal);
  }

  // One is gone: who waits longest gets another in its place, where the limit has not been lowered meanwhile.
  #fill(): void {
    const next = this.#all.size < this.limit ? this.#waiting.shift() : undefined;
    if (next) this.acquire(next);
  }
}
