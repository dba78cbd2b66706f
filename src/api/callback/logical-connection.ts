import type { ConnectionOptions, Query } from 'mysql2';
import { socketOf } from '../../cluster/physical-connection.js';
import { ClusterClosedError } from '../../errors.js';
import type { Session } from '../../session/session.js';
import type { SessionCore } from '../../session/session-core.js';
import { idOf } from '../../session/shown-threads.js';
import type { Statement, StatementDone } from '../../session/statement.js';
import type { TransactionRoom } from '../../session/transaction.js';
import { ConnectionCalls } from './connection-calls.js';
import type { ConnectionOwner } from './connection-owner.js';
import { copyConfig } from './control-connection.js';
import { type DirectCall, PING } from './direct-call.js';
import { DriverConnection } from './driver.js';
import { NoSocket } from './no-socket.js';
import { type PreparedInfo, PreparedStatement, type PrepareOptions } from './prepared-statement.js';

type Callback = (error: Error | null, ...results: unknown[]) => void;

/** mysql2's callback connection on a cluster: a session that may use one connection of the primary and one of a replica. */
export class LogicalConnection extends DriverConnection {
  readonly config: ConnectionOptions & Record<string, unknown>;
  readonly authorized = true;
  readonly serverEncoding = 'utf8';
  lastActiveTime = Date.now();
  readonly #session: Session;
  readonly #owner: ConnectionOwner<LogicalConnection>;
  readonly #calls: ConnectionCalls;
  #noSocket: NoSocket | undefined;
  #account: ConnectionOptions | undefined; // of changeUser()
  #out = false;
  /** A transaction by a function runs on it; what is given back meanwhile comes back at its end. */
  #lentOut: 'kept' | 'given back' | undefined;
  #closing = false;
  #opened = false;
  #borrower = 0; // counts those that it was lent to
  #unheard: Error | undefined; // how a statement failed that had neither a callback nor a listener

  constructor(core: SessionCore, config: object, owner: ConnectionOwner<LogicalConnection>) {
    super();
    this.config = copyConfig(config, core);
    this.#owner = owner;
    this.#session = owner.newSession(core);
    this.#calls = new ConnectionCalls(this.config, {
      run: (statement) => this.#session.run(statement),
      unheard: () => this.#unheardBy(this.#borrower),
    });
    this.#session.onLost = (error) => {
      if (this.listenerCount('error') > 0) this.emit('error', error);
    };
    this.#session.onLease = (lease) => {
      this.config.host = lease.target.host;
      this.config.port = lease.target.port;
    };
  }

  /** The id on the server that the last statement ran on: from now on it names this connection, also when that has moved on. */
  get threadId(): number | null {
    return idOf(this.#session);
  }

  /** The socket in use, or used last. */
  get stream(): unknown {
    const lease = this.#session.lastLease;
    const over = this.#closing || this._fatalError !== null;
    if (lease && !over) return socketOf(lease.raw);
    this.#noSocket ??= new NoSocket();
    this.#noSocket.destroyed = over;
    return this.#noSocket;
  }

  get state(): 'connected' | 'authenticated' | 'disconnected' | 'error' {
    if (this._fatalError) return 'error';
    return this.#closing ? 'disconnected' : 'authenticated';
  }

  get _fatalError(): Error | null {
    return this.#session.dead ?? null;
  }

  get _protocolError(): Error | null {
    return null;
  }

  get _closing(): boolean {
    return this.#closing;
  }

  query(sql: unknown, values?: unknown, callback?: unknown): Query {
    return this.#calls.query(sql, values, callback);
  }

  execute(sql: unknown, values?: unknown, callback?: unknown): Query {
    return this.#calls.execute(sql, values, callback);
  }

  /** @internal For a statement's handle. */
  executePrepared(options: object, callback: unknown): Query {
    return this.#calls.executePrepared(options, callback);
  }

  beginTransaction(callback?: Callback): Query {
    return this.query('START TRANSACTION', callback);
  }

  commit(callback?: Callback): Query {
    return this.query('COMMIT', callback);
  }

  rollback(callback?: Callback): Query {
    return this.query('ROLLBACK', callback);
  }

  ping(callback?: Callback): void {
    this.#call({ ...PING, callback });
  }

  /** Prepares it where it would run; the handle serves on every lease. */
  prepare(options: string | PrepareOptions, callback?: Callback): void {
    const asked = typeof options === 'string' ? { sql: options } : options;
    const done: Callback = (error, info) => {
      if (error) callback?.(error);
      else callback?.(null, new PreparedStatement(this, asked, info as PreparedInfo));
    };
    // Preparing does nothing to rows or session, whatever the text will do.
    this.#call({
      sql: 'DO 0',
      leadsTo: asked.sql,
      send: (lease, ended) => void lease.raw.prepare(asked as never, ended as never),
      callback: done,
    });
  }

  /** Forgets the statement on the leases in use: mysql2's cache is one a physical connection. */
  unprepare(options: string | PrepareOptions): unknown {
    const found = this.#session.leases.map(({ raw }) => raw.unprepare(options as never) as unknown);
    return found.find((statement) => statement !== undefined);
  }

  /** Another account: on a connection that the session keeps until it is released. */
  changeUser(options: ConnectionOptions, callback?: Callback): void {
    this.#account = options;
    const send: DirectCall['send'] = (lease, ended) =>
      lease.changeUser(options, (error) => {
        if (!error) Object.assign(this.config, options);
        // The server closes it: what comes was meant for the other account.
        else this.#session.lost(error);
        ended(error);
      });
    // A role binds the session as another account does.
    this.#call({ sql: 'SET ROLE NONE', resets: true, send, callback });
  }

  /** Session state as after connecting: on fresh connections, as the account of now. */
  reset(callback?: Callback): void {
    if (this.#account) this.changeUser(this.#account, callback);
    else this.#call({ ...PING, opens: true, resets: true, callback });
  }

  connect(callback?: Callback): void {
    if (this.#opened) process.nextTick(() => callback?.(null, this));
    else this.open((error) => callback?.(error, this));
  }

  /** Makes sure that a server can be reached. */
  open(callback: Callback, signal?: AbortSignal): void {
    const done: Callback = (error) => {
      if (!error) {
        this.#opened = true;
        if (!this.#out) this.#owner.leave(this.#session);
      }
      callback(error);
    };
    this.#call({ ...PING, opens: true, options: signal && { signal }, callback: done });
  }

  /** Ends it at once. As in mysql2, statements that run on it or wait there are not told. */
  close(): void {
    this.#calls.hush();
    this.destroy();
  }

  /** Ends it when nothing runs on it. */
  finish(): void {
    this.#session.whenIdle(() => this.destroy());
  }

  /** The connection is its borrower's from now on. */
  handOut(): this {
    this.#out = true;
    return this;
  }

  /** @internal What runs its statements. */
  get session(): Session {
    return this.#session;
  }

  /** @internal Runs a statement of the pool itself, while nobody has the connection. */
  runUnowned(statement: Statement): void {
    this.#session.run(statement);
    this.#session.whenIdle(() => this.#out || this.#owner.leave(this.#session));
  }

  /** @internal For one attempt of a transaction; `done` is called at its end. */
  transactionRoom(done: () => void): TransactionRoom<unknown> {
    const { face, leave } = this.#owner.guest(this);
    const inner = this.#lentOut !== undefined;
    this.#lentOut ??= 'kept';
    return {
      session: this.#session,
      connection: face,
      shut: leave,
      leave: () => {
        if (inner) return done(); // the outer one's to give back
        const givenBack = this.#lentOut === 'given back';
        this.#lentOut = undefined;
        if (givenBack) this.release();
        else done();
      },
    };
  }

  release(): void {
    if (!this.#out) return;
    if (this.#lentOut) {
      this.#lentOut = 'given back';
      return;
    }
    this.#out = false;
    this.#borrower++;
    this.lastActiveTime = Date.now();
    this.#session.whenIdle(this.#giveBack);
  }

  readonly #giveBack = (): void => {
    if (this.#closing) return; // taken back already
    this.#account = undefined;
    this.#owner.leave(this.#session);
    this.#owner.takeBack(this, true);
  };

  /** Ends it at once; a statement in flight fails. */
  destroy(): void {
    this.fail(new ClusterClosedError('connection'));
  }

  /** Ends it at once: what runs on it, and what comes, fails with this error. */
  protected fail(error: Error): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#session.abort(error);
    this.#out = false;
    this.#owner.takeBack(this, false);
  }

  // What it belonged to must not go on as if it had run: as mysql2's, the connection is lost with it, and says so once.
  #unheardBy(borrower: number): (error: Error) => void {
    return (error) =>
      process.nextTick(() => {
        if (this.#borrower !== borrower || this.#unheard === error) return;
        this.#unheard = error;
        this.fail(Object.assign(error, { fatal: true }));
        this.emit('error', error);
      });
  }

  /** Gives a pooled connection back, as mysql2 does; with its option `gracefulEnd`, finishes what runs, then closes. */
  end(callback?: () => void): void {
    if (this.config.gracefulEnd) {
      this.finish();
      return this.#session.whenIdle(() => callback?.());
    }
    const warning = new Error('end() gives a pooled connection back, which release() says better');
    this.emit('warn', warning);
    console.warn(warning.message);
    this.release();
    callback?.();
  }

  pause(): void {
    this.#session.lastLease?.raw.pause();
  }

  resume(): void {
    this.#session.lastLease?.raw.resume();
  }

  promise(): unknown {
    return this.#owner.promiseConnection(this);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  #call({ callback, options, ...call }: DirectCall): void {
    const settle: StatementDone = (error, result) => callback?.(error, result);
    this.#session.run({ opaque: false, wordless: true, options, delivered: false, settle, ...call });
  }
}
