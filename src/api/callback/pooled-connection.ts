import type { SessionCore } from '../../session/session-core.js';
import { Cluster } from '../cluster.js';
import { explainedText } from './command-statement.js';
import type { ConnectionOwner } from './connection-owner.js';
import { LogicalConnection } from './logical-connection.js';

/** mysql2's callback connection of a pool, on a cluster. */
export class PooledConnection extends LogicalConnection {
  readonly #core: SessionCore;
  #cluster: Cluster | undefined;

  constructor(core: SessionCore, config: object, owner: ConnectionOwner<LogicalConnection>) {
    super(core, config, owner);
    this.#core = core;
  }

  /** The cluster behind the pool, as this connection sees it. */
  get cluster(): Cluster {
    this.#cluster ??= new Cluster(this.#core, {
      textOf: explainedText(this.config),
      enter: async () => this.transactionRoom(() => undefined),
      close: async () => this.release(),
      session: this.session,
    });
    return this.#cluster;
  }

  protected override fail(error: Error): void {
    super.fail(error);
    this.#cluster?.forgetListeners();
  }
}
