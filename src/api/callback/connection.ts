import { Session } from '../../session/session.js';
import { Cluster } from '../cluster.js';
import type { ClusteredOptions } from '../driver-config.js';
import { type OpenCore, openSharedCore } from '../open-core.js';
import { explainedText } from './command-statement.js';
import type { ConnectionOwner } from './connection-owner.js';
import { readDriverOptions } from './driver.js';
import { LogicalConnection } from './logical-connection.js';
import type { PromiseFace } from './pool.js';

type Callback = (error: Error | null, ...results: unknown[]) => void;

/** mysql2's callback connection, from `createConnection`, on a cluster: with connections of its own, one a node. */
export class ClusterConnection extends LogicalConnection {
  readonly cluster: Cluster;
  readonly #core: OpenCore;
  /** Who is told when it has connected, or cannot; undefined when that is known. */
  #connecting: Callback[] | undefined = [];
  #ending: Promise<void> | undefined;

  constructor(given: ClusteredOptions, promises: PromiseFace) {
    const { config, options } = readDriverOptions(given);
    const core = openSharedCore({
      ...options,
      cluster: { ...options.cluster, pool: { ...options.cluster.pool, max: 1, min: 0 } },
    });
    // As of mysql2's own connections without a pool, so that it can be written as JSON.
    Object.assign(config.connectionConfig, { pool: undefined });
    const owner: ConnectionOwner<LogicalConnection> & { closed: () => void } = {
      closed: () => undefined,
      takeBack: () => owner.closed(),
      newSession: (shared) => new Session(shared, true),
      leave: (session) => session.release(),
      promiseConnection: (connection) => promises.connection(connection),
      guest: (connection) => promises.guest(connection),
    };
    super(core, config.connectionConfig, owner);
    this.#core = core;
    this.cluster = new Cluster(core, {
      textOf: explainedText(config.connectionConfig),
      enter: async () => this.transactionRoom(() => undefined),
      close: () => this.#close(),
      session: this.session,
    });
    owner.closed = () => void this.#close();
    this.handOut();
    // As in mysql2, it connects by itself and before all else: who waits for 'connect' never calls connect().
    this.open((error) => this.#opened(error));
  }

  override connect(callback?: Callback): void {
    if (!callback) return;
    if (this.#connecting) this.#connecting.push(callback);
    else process.nextTick(() => callback(this._fatalError, this));
  }

  /** Finishes what runs, then closes. */
  override end(callback?: () => void): void {
    this.finish();
    this.#close().then(() => callback?.());
  }

  override release(): void {
    this.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.end(() => resolve()));
  }

  // What could not connect is dead, as in mysql2: whatever is asked of it ends with the same error.
  #opened(error: Error | null): void {
    const waiting = this.#connecting ?? [];
    this.#connecting = undefined;
    if (error) this.fail(error);
    const handshake = this.session.lastLease?.handshake;
    if (!error) this.emit('connect', handshake);
    else if (this.listenerCount('error') > 0) this.emit('error', error);
    for (const callback of waiting) callback(error, handshake);
  }

  // The session closes first, when what runs in it has ended.
  #close(): Promise<void> {
    this.#ending ??= new Promise<void>((resolve) => this.session.whenIdle(resolve)).then(() => {
      this.destroy();
      return this.#core.close().then(() => {
        this.cluster.forgetListeners();
        this.emit('end');
      });
    });
    return this.#ending;
  }
}
