import type { Pool, PoolConnection, Query } from 'mysql2';
import { checkOption } from '../../check-option.js';
import type { PhysicalConnection } from '../../cluster/physical-connection.js';
import { ClusterClosedError } from '../../errors.js';
import { LastingSession, leavesBehind } from '../../session/lasting-session.js';
import { Session } from '../../session/session.js';
import type { SessionCore } from '../../session/session-core.js';
import type { TransactionRoom } from '../../session/transaction.js';
import { callOptions } from '../call-options.js';
import { Cluster } from '../cluster.js';
import type { ClusteredOptions } from '../driver-config.js';
import { type OpenCore, openCore } from '../open-core.js';
import {
  CommandStatement,
  contextOf,
  explainedText,
  type Protocol,
  type StatementContexts,
  statementContexts,
} from './command-statement.js';
import type { Guest } from './connection-owner.js';
import {
  createQuery,
  DriverPool,
  type DriverPoolConfig,
  type DriverQuery,
  executeValues,
  readDriverOptions,
} from './driver.js';
import { LogicalConnection } from './logical-connection.js';
import { LogicalPool } from './logical-pool.js';
import { isTraced, tracePoolConnect } from './pool-tracing.js';
import { PooledConnection } from './pooled-connection.js';
import { watchConfig } from './watched-config.js';

/** Makes the promise objects over this door's: their classes are siblings of these. */
export interface PromiseFace {
  pool(pool: ClusterPool): unknown;
  connection(connection: LogicalConnection): unknown;
  guest(connection: LogicalConnection): Guest;
}

/** A call of `query` or `execute`. */
interface Called {
  readonly protocol: Protocol;
  readonly sql: unknown;
  readonly command: DriverQuery;
}

type GetCallback = (error: NodeJS.ErrnoException | null, connection: PoolConnection) => void;
type EndCallback = (error: NodeJS.ErrnoException | null) => void;

/** mysql2's callback pool on a cluster. */
export class ClusterPool extends DriverPool {
  /** The cluster behind the pool: its state, its events, `explain`. */
  readonly cluster: Cluster;
  readonly #core: OpenCore;
  readonly #config: DriverPoolConfig;
  readonly #logical: LogicalPool;
  readonly #promises: PromiseFace;
  readonly #contexts: StatementContexts;
  #ending: Promise<void> | undefined;

  constructor(given: ClusteredOptions, promises: PromiseFace) {
    const { config, options } = readDriverOptions(given);
    const core = openCore(options);
    config.maxIdle = config.connectionLimit; // mysql2's own reaper has nothing to do here
    super({ config });
    this.#core = core;
    this.#config = config;
    this.#promises = promises;
    this.#contexts = statementContexts(config.connectionConfig);
    watchConfig(config.connectionConfig, 'password', (password) => core.usePassword(password as string));
    watchConfig(config, 'connectionLimit', (limit) => this.#useLimit(Number(limit)));
    this.cluster = new Cluster(core, {
      textOf: explainedText(config.connectionConfig),
      enter: () => this.#enter(),
      close: () => this.#close(),
    });
    this.#logical = new LogicalPool({
      limit: core.settings.pool.max,
      queue: core.settings.queue,
      create: () => this.#newConnection(),
      onWait: () => this.emit('enqueue'),
      onAcquire: (connection) => this.#tell('acquire', connection),
      clock: core.source.cluster.clock,
      timeoutMs: core.settings.pool.acquireTimeoutMs,
    });
    core.source.onConnection = (raw) => this.emit('connection', raw);
  }

  override query(sql: unknown, values?: unknown, callback?: unknown): Query {
    return this.#run('query', sql, createQuery(sql, values, callback, this.#config.connectionConfig));
  }

  // mysql2's returns nothing; the command harms nobody and can be listened to.
  override execute(sql: unknown, values?: unknown, callback?: unknown): Query {
    return this.#run(
      'execute',
      sql,
      createQuery(sql, executeValues(sql, values), callback, this.#config.connectionConfig),
    );
  }

  override getConnection(callback: GetCallback): void {
    if (!isTraced()) return this.#getConnection(callback);
    tracePoolConnect(this.#config.connectionConfig, callback, (traced, at) =>
      this.#getConnection((error, connection) => {
        if (connection) at(connection.config);
        traced(error, connection);
      }),
    );
  }

  override releaseConnection(connection: unknown): void {
    const logical = (connection as { connection?: unknown }).connection ?? connection;
    if (logical instanceof LogicalConnection) logical.release();
  }

  /** Takes a logical connection back. Called by its `release` and `destroy`. */
  takeBack(connection: LogicalConnection, reusable: boolean): void {
    const isFree = this.#logical.release(connection, reusable);
    if (isFree) this.#tell('release', connection);
  }

  leave(session: Session): void {
    if (this.#config.resetOnRelease) {
      session.release();
      session.reset();
    } else if (session instanceof LastingSession) session.rest();
    else session.release();
  }

  newSession(core: SessionCore): Session {
    return this.#logical.limit === 1 ? new LastingSession(core) : new Session(core, true);
  }

  promiseConnection(connection: LogicalConnection): unknown {
    return this.#promises.connection(connection);
  }

  guest(connection: LogicalConnection): Guest {
    return this.#promises.guest(connection);
  }

  override end(callback?: EndCallback): void {
    this.#close().then(
      () => callback?.(null),
      (error: Error) => callback?.(error),
    );
  }

  override promise(): ReturnType<Pool['promise']> {
    return this.#promises.pool(this) as ReturnType<Pool['promise']>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  #useLimit(given: number): void {
    const limit = checkOption('pool.max', given, 'connectionLimit') as number;
    this.#logical.limit = limit;
    this.#core.source.useLimit(limit);
  }

  #getConnection(callback: GetCallback): void {
    this.#logical.acquire(callback as never, callOptions(undefined)?.signal);
  }

  #run(protocol: Protocol, sql: unknown, command: DriverQuery): Query {
    if (this.#ending) this.#refuse(command);
    else if (isTraced()) this.#runTraced({ protocol, sql, command });
    else this.#send(new CommandStatement(protocol, command, contextOf(sql, this.#contexts)));
    return command;
  }

  // mysql2 takes a connection of its pool for each query, and says so.
  #runTraced({ protocol, sql, command }: Called): void {
    const settle = command.onResult;
    const found = (error: Error | null): void => {
      if (error) settle?.(error as never);
    };
    tracePoolConnect(this.#config.connectionConfig, found, (traced, at) => {
      let searching = true;
      const end = (error: Error | null): void => {
        if (searching) traced(error);
        searching = false;
      };
      if (settle)
        command.onResult = (error, ...answer) => {
          if (searching && error) return end(error);
          end(null);
          settle(error, ...answer);
        };
      else command.once('error', end);
      this.#send(new CommandStatement(protocol, command, contextOf(sql, this.#contexts)), ({ target }) => {
        at(target);
        end(null);
      });
    });
  }

  // A pool of one connection is one session for mysql2's users: what a statement leaves there is for the next.
  #send(statement: CommandStatement, onLease?: (lease: PhysicalConnection) => void): void {
    const only = this.#logical.only;
    const session = only?.session;
    const isBound = session instanceof LastingSession && session.isBound;
    if (only && (isBound || leavesBehind(this.#core.classifier.classify(statement.sql)))) only.runUnowned(statement);
    else this.#newSession(onLease).run(statement);
  }

  // Who listens is told of the pool's own statements as well, with the connections of the servers.
  #newSession(onLease?: (lease: PhysicalConnection) => void): Session {
    const session = new Session(this.#core, false);
    session.onLease = onLease;
    if (this.listenerCount('acquire') === 0 && this.listenerCount('release') === 0) return session;
    session.onLease = (lease) => {
      onLease?.(lease);
      this.#tell('acquire', lease.raw);
      session.whenIdle(() => this.#tell('release', lease.raw));
    };
    return session;
  }

  // What a listener throws is the application's: the statement that it is told of goes on.
  #tell(event: 'acquire' | 'release', connection: unknown): void {
    try {
      this.emit(event, connection);
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  #newConnection(): LogicalConnection {
    const connection = new PooledConnection(this.#core, this.#config.connectionConfig, this);
    // As mysql2's has one: who counts the listeners before adding one finds the same.
    connection.once('error', () => undefined);
    return connection;
  }

  #enter(): Promise<TransactionRoom<unknown>> {
    return new Promise((resolve, reject) => {
      this.getConnection((error, taken) => {
        const connection = taken as unknown as LogicalConnection;
        if (error) reject(error);
        else resolve(connection.transactionRoom(() => connection.release()));
      });
    });
  }

  #refuse(command: DriverQuery): void {
    const error = new ClusterClosedError();
    process.nextTick(() => {
      if (command.onResult) command.onResult(error as never);
      else if (command.listenerCount('error') > 0) command.emit('error', error);
    });
  }

  // What runs is finished, within a bound; logical connections that were not released are cut off.
  #close(): Promise<void> {
    this.#ending ??= (async () => {
      this.#logical.close();
      await this.#core.close();
      this.#logical.destroyAll();
      this.cluster.forgetListeners();
    })();
    return this.#ending;
  }
}
