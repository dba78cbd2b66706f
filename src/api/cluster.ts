import { checkType } from '../check-option.js';
import { patienceOf } from '../cluster/lease-request.js';
import { FailoverTimeoutError } from '../errors.js';
import type { ClusterEventName, ClusterEvents } from '../observe/events.js';
import type { StatementClusterOptions } from '../options.js';
import type { SessionCore } from '../session/session-core.js';
import { runTransaction, type TransactionRoom } from '../session/transaction.js';
import type { TransactionOptions } from '../transaction-options.js';
import { callOptions, withCallOptions } from './call-options.js';
import type { ClusteredPromisePoolConnection } from './call-shapes.js';
import { type ExplainedCall, type Explanation, explainCall } from './explain.js';
import { type ClusterStatus, statusOf } from './status.js';

type Listener<E extends ClusterEventName> = (...args: ClusterEvents[E]) => void;

/** The text that a call's SQL and values would be classified by. */
type TextOf = (sql: string, values: unknown) => Pick<ExplainedCall, 'sql' | 'opaque'>;

/** What a pool or a connection lends its {@link Cluster}. */
export interface ClusterOwner {
  readonly textOf: TextOf;
  /** A connection for one attempt of a transaction. */
  readonly enter: () => Promise<TransactionRoom<unknown>>;
  readonly close: () => Promise<void>;
  /** A connection's, which may be bound. */
  readonly session?: ExplainedCall['session'];
}

/** The cluster behind a pool or a connection: its state, its events, and where statements would go. */
export class Cluster {
  readonly #core: SessionCore;
  readonly #owner: ClusterOwner;
  readonly #listeners: (() => void)[] = [];

  /** @internal */
  constructor(core: SessionCore, owner: ClusterOwner) {
    this.#core = core;
    this.#owner = owner;
  }

  /**
   * Resolves when a primary is known.
   *
   * @param timeoutMs default: `failover.holdMs`
   * @throws FailoverTimeoutError · mysql2's error when no node could be reached at all
   */
  async ready(timeoutMs: number = this.#core.settings.failover.holdMs): Promise<void> {
    const { cluster, connectTimeoutMs } = this.#core.source;
    const begunAt = cluster.clock.now();
    const holdUntil = begunAt + timeoutMs;
    while (!cluster.topology.primary) {
      const { unreachable } = cluster;
      const until = unreachable ? patienceOf({ begunAt, holdUntil }, cluster.errors, connectTimeoutMs) : holdUntil;
      if (cluster.clock.now() >= until) {
        throw unreachable ?? new FailoverTimeoutError(`no primary within ${timeoutMs} ms: ${cluster.topology.because}`);
      }
      await new Promise<void>((resolve) => cluster.clock.after(5, resolve));
    }
  }

  /** A frozen snapshot of all that is known, fit for JSON. */
  status(): ClusterStatus {
    return statusOf(this.#core);
  }

  /**
   * Tells where a statement would go now, and why, without running it: statement by statement, with the tokens that decided,
   * the tables, the rule, and the reason for each node.
   *
   * @param values as for `query`: only those that bring SQL of their own (`raw()`) change anything
   * @param options as under the key `cluster` of a query
   */
  explain(sql: string, values?: unknown, options?: StatementClusterOptions): Explanation {
    return explainCall(
      { ...this.#owner.textOf(sql, values), options: callOptions(options), session: this.#owner.session },
      this.#core,
    );
  }

  /**
   * The same per-call options for every statement inside `task`, also behind awaits.
   *
   * @example
   * await pool.cluster.with({ route: 'primary' }, () => loadInvoice(pool, id));
   */
  with<T>(options: StatementClusterOptions, task: () => T): T {
    return withCallOptions(options, task);
  }

  /**
   * Leaves a node: what runs on it ends, an open transaction too, and nothing new is sent there; its idle connections are closed. A
   * primary holds its writes, at most for `failover.holdMs`. It is about this process alone, and all its pools on this cluster; calls
   * that name the node still go there.
   *
   * @param node an address, or its id in the status
   * @param options `timeoutMs` bounds the wait for what runs; default: `failover.holdMs`
   * @returns when nothing of this process runs there
   * @throws NoNodeAvailableError for an unknown node · DrainIncompleteError when something still runs after `timeoutMs`
   * @example
   * await pool.cluster.drain('db-2:3306');
   */
  async drain(node: string, options: { readonly timeoutMs?: number } = {}): Promise<void> {
    const { timeoutMs = this.#core.settings.failover.holdMs } = options;
    checkType('timeoutMs', timeoutMs, 'number');
    await this.#core.source.cluster.drains.drain(node, timeoutMs);
  }

  /**
   * Ends {@link Cluster.drain}.
   *
   * @throws NoNodeAvailableError for an unknown node
   */
  resume(node: string): void {
    this.#core.source.cluster.drains.resume(node);
  }

  /**
   * Runs `task` in a transaction and commits; rolls back when it throws. When the transaction is known not to have been committed
   * (a deadlock, a lock wait timeout, a lost primary), it is rolled back and `task` is run again, after a short pause.
   *
   * `task` gets a promise connection, in both doors (its `connection` is the callback one), which runs nothing after the attempt
   * that it was made for. What it does besides the database is done again with it. A transaction that `task` may have committed
   * by itself (COMMIT, DDL, a procedure) and one whose COMMIT was not answered are not run again. Of a pool it takes a connection;
   * a connection runs it itself.
   *
   * @returns what `task` returned
   * @throws what `task` threw · WriteOutcomeUnknownError when COMMIT was not answered · TransactionLostError · OptionError
   * @example
   * const id = await pool.cluster.transaction(async (connection) => {
   *   const [made] = await connection.execute<ResultSetHeader>('INSERT INTO orders (customer) VALUES (?)', [7]);
   *   await connection.execute('UPDATE customers SET orders = orders + 1 WHERE id = ?', [7]);
   *   return made.insertId;
   * });
   */
  async transaction<T>(
    task: (connection: ClusteredPromisePoolConnection) => Promise<T> | T,
    options: TransactionOptions = {},
  ): Promise<T> {
    checkType('task', task, 'function');
    const enter = this.#owner.enter as () => Promise<TransactionRoom<ClusteredPromisePoolConnection>>;
    return runTransaction({ enter, task, options, callOptions: callOptions(undefined) });
  }

  /** Calls `listener` at each event of this name. */
  on<E extends ClusterEventName>(event: E, listener: Listener<E>): this {
    const { events } = this.#core.source.cluster;
    events.on(event, listener as never);
    this.#listeners.push(() => events.off(event, listener as never));
    return this;
  }

  /** Calls `listener` at the next event of this name. */
  once<E extends ClusterEventName>(event: E, listener: Listener<E>): this {
    this.#core.source.cluster.events.once(event, listener as never);
    return this;
  }

  off<E extends ClusterEventName>(event: E, listener: Listener<E>): this {
    this.#core.source.cluster.events.off(event, listener as never);
    return this;
  }

  /** @internal The cluster may be shared, and outlive the pool: its listeners do not. */
  forgetListeners(): void {
    for (const forget of this.#listeners.splice(0)) forget();
  }

  /** Ends the pool or connection that this belongs to, as its own `end` does. */
  end(): Promise<void> {
    return this.#owner.close();
  }
}
