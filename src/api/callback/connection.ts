import { Cluster } from '../cluster.js';
import { type ClusteredOptions, shadowOptions } from '../driver-config.js';
import { type OpenCore, openCore } from '../open-core.js';
import { explainedText } from './command-statement.js';
import { driverPoolConfig } from './driver.js';
import { type ConnectionOwner, LogicalConnection } from './logical-connection.js';
import type { PromiseFace } from './pool.js';

type Callback = (error: Error | null, ...results: unknown[]) => void;

/** mysql2's callback connection, from `createConnection`, on a cluster: with connections of its own, one a node. */
export class ClusterConnection extends LogicalConnection {
  readonly cluster: Cluster;
  readonly #core: OpenCore;
  #ending: Promise<void> | undefined;

  constructor(options: ClusteredOptions, promises: PromiseFace) {
    const core = openCore({
      ...options,
      cluster: { ...options.cluster, pool: { ...options.cluster.pool, max: 1, min: 0 } },
    });
    const config = driverPoolConfig(shadowOptions(options));
    const owner: ConnectionOwner & { closed: () => void } = {
      closed: () => undefined,
      takeBack: () => owner.closed(),
      promiseConnection: (connection) => promises.connection(connection),
    };
    super(core, config.connectionConfig, owner);
    this.#core = core;
    this.cluster = new Cluster(core, explainedText(config.connectionConfig), () => this.#close());
    owner.closed = () => void this.#close();
    this.handOut();
    // As in mysql2, it connects by itself: who waits for 'connect' never calls connect().
    process.nextTick(() => this.#start());
  }

  /** Finishes what runs, then closes. */
  override end(callback?: Callback): void {
    this.finish();
    this.#close().then(() => callback?.(null));
  }

  override release(): void {
    this.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.end(() => resolve()));
  }

  #start(): void {
    if (this._closing) return;
    this.open((error) => {
      if (!error) this.emit('connect', this);
      else if (this.listenerCount('error') > 0) this.emit('error', error);
    });
  }

  // The session closes first, when what runs in it has ended.
  #close(): Promise<void> {
    this.#ending ??= new Promise<void>((resolve) => this.whenIdle(resolve)).then(() => {
      this.destroy();
      return this.#core.close().then(() => this.cluster.forgetListeners());
    });
    return this.#ending;
  }
}
