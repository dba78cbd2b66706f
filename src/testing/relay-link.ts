import { connect, type Socket } from 'node:net';
import { type Network, SERVER_ID_STEP } from './network.js';
import { Pipe } from './pipe.js';

const COM_REGISTER_REPLICA = 0x15;

/** One client's connection through a relay, and the relay's own connection to the server. */
export class RelayLink {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #pipes: readonly Pipe[];
  readonly #way: { readonly to: number; from: number | undefined };
  readonly #network: Network;

  constructor(client: Socket, target: { node: number; port: number }, network: Network) {
    this.#client = client;
    this.#network = network;
    this.#way = { to: target.node, from: undefined };
    this.#upstream = connect({ host: '127.0.0.1', port: target.port, allowHalfOpen: true, noDelay: true });
    for (const socket of [client, this.#upstream]) {
      socket.on('error', () => undefined);
      socket.unref();
    }
    this.#pipes = [
      new Pipe(client, this.#upstream, (chunk) => this.#treatToServer(chunk)),
      new Pipe(this.#upstream, client, () => network.treat({ ...this.#way, toServer: false })),
    ];
  }

  /** Calls back once when both sockets are gone. */
  onClosed(listener: () => void): void {
    const check = (): void => {
      if (this.#client.closed && this.#upstream.closed) listener();
    };
    this.#client.once('close', check);
    this.#upstream.once('close', check);
  }

  /** Resets the connection if the network as it is now says so, or if bytes are missing that can no longer be lost. */
  refresh(): void {
    const lost = this.#pipes.some((pipe) => pipe.lost) && !this.#vanishes();
    if (lost || this.#network.isDropped(this.#way)) this.reset();
  }

  /** What clients see when a server process dies. A black hole swallows that, too. */
  serverGone(): void {
    if (!this.#vanishes()) this.reset();
  }

  reset(): void {
    for (const pipe of this.#pipes) pipe.clear();
    this.#client.resetAndDestroy();
    this.#upstream.resetAndDestroy();
  }

  #vanishes(): boolean {
    return [true, false].some((toServer) => this.#network.treat({ ...this.#way, toServer }) === 'vanish');
  }

  #treatToServer(chunk: Buffer | undefined): 'vanish' | number {
    if (this.#way.from === undefined && chunk?.[4] === COM_REGISTER_REPLICA) this.#recognise(chunk);
    return this.#network.treat({ ...this.#way, toServer: true });
  }

  // A replica says its server id before it asks for the binary log: the first packet of its command, alone in its chunk.
  #recognise(chunk: Buffer): void {
    if (chunk.length < 9 || chunk.readUIntLE(0, 3) !== chunk.length - 4 || chunk[3] !== 0) return;
    this.#way.from = chunk.readUInt32LE(5) % SERVER_ID_STEP;
    setImmediate(() => this.refresh());
  }
}
