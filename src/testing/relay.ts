import { createServer, type Server, type Socket } from 'node:net';
import { ClusterActError } from './errors.js';
import { listenOnFreePort, listens } from './free-port.js';
import type { Network } from './network.js';
import { RelayLink } from './relay-link.js';
import { waitUntil } from './wait-until.js';

/** What stands behind a relay. */
export interface RelayTarget {
  /** Its node's number. */
  readonly node: number;
  /** The server's own port, as it is now. */
  readonly port: () => number;
}

/**
 * A TCP relay before one server. It shows clients what the server would: while the server is down, its port is closed and its
 * connections are reset. It does not keep the process alive.
 */
export class Relay {
  readonly #target: RelayTarget;
  readonly #network: Network;
  readonly #links = new Set<RelayLink>();
  #listener: Server | undefined;
  #port = 0;
  #serverUp = false;

  private constructor(target: RelayTarget, network: Network) {
    this.#target = target;
    this.#network = network;
  }

  /** A relay on a port of its own, which it keeps for life. Connections are reset until `serverUp`. */
  static async create(target: RelayTarget, network: Network): Promise<Relay> {
    const relay = new Relay(target, network);
    relay.#listener = relay.#newListener();
    relay.#port = await listenOnFreePort(relay.#listener);
    return relay;
  }

  get port(): number {
    return this.#port;
  }

  /** Opens the port. */
  async serverUp(): Promise<void> {
    this.#serverUp = true;
    await this.refresh();
  }

  /** Resets all connections and closes the port, at once. */
  serverDown(): void {
    this.#serverUp = false;
    if (!this.#isOpen()) this.#closeListener();
    for (const link of this.#links) link.serverGone();
  }

  /** Does what the network says now. */
  async refresh(): Promise<void> {
    for (const link of this.#links) link.refresh();
    if (!this.#isOpen()) this.#closeListener();
    else if (this.#listener === undefined) await this.#openListener();
  }

  /** Closes everything for good. */
  close(): void {
    this.#closeListener();
    for (const link of this.#links) link.reset();
  }

  #isOpen(): boolean {
    const { node } = this.#target;
    if (this.#network.isDropped({ to: node, from: undefined })) return false;
    return this.#serverUp || this.#network.isSilent(node);
  }

  #newListener(): Server {
    const options = { allowHalfOpen: true, noDelay: true };
    return createServer(options, (client) => this.#accept(client)).unref();
  }

  #closeListener(): void {
    this.#listener?.close();
    this.#listener = undefined;
  }

  async #openListener(): Promise<void> {
    const listener = this.#newListener();
    this.#listener = listener;
    const wait = { what: `port ${this.#port} to be free again`, timeoutMs: 10_000 };
    await waitUntil(wait, () => listens(listener, this.#port)).catch((cause: unknown) => {
      throw new ClusterActError('PORT_TAKEN', `the relay's port ${this.#port} was taken by another process`, { cause });
    });
  }

  #accept(client: Socket): void {
    if (!this.#isOpen()) {
      client.resetAndDestroy();
      return;
    }
    const link = new RelayLink(client, { node: this.#target.node, port: this.#target.port() }, this.#network);
    this.#links.add(link);
    link.onClosed(() => this.#links.delete(link));
  }
}
