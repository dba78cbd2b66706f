import { connect, createServer, type Socket } from 'node:net';
import { listenOnFreePort } from '../../../src/testing/free-port.js';
import type { TestNode } from '../../../src/testing/index.js';

/** A TCP address that leads to one node, until it is moved to another: what a virtual IP or a proxy looks like. */
export class MovingAddress {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((client) => this.#join(client));
  #node: TestNode;
  #port = 0;

  private constructor(node: TestNode) {
    this.#node = node;
  }

  static async to(node: TestNode): Promise<MovingAddress> {
    const made = new MovingAddress(node);
    made.#port = await listenOnFreePort(made.#server);
    return made;
  }

  get port(): number {
    return this.#port;
  }

  /** New connections lead there; those that are open are cut. */
  move(node: TestNode): void {
    this.#node = node;
    for (const socket of this.#sockets) socket.destroy();
  }

  async end(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket): void {
    const server = connect(this.#node.port, this.#node.host);
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }
}
