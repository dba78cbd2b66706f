import { connect, type Socket } from 'node:net';
import { memberNumber } from './credentials.js';
import { type Network, SERVER_ID_STEP } from './network.js';
import { Pipe } from './pipe.js';

const COM_REGISTER_REPLICA = 0x15;
/** Where the user's name begins in the packet of a login; one that asks for TLS ends here. */
const LOGIN_USER_AT = 36;

/** One client's connection through a relay, and the relay's own connection to the server. */
export class RelayLink {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #pipes: readonly Pipe[];
  readonly #way: { readonly to: number; from: number | undefined; mutual: boolean };
  readonly #network: Network;

  constructor(client: Socket, target: { node: number; port: number }, network: Network) {
    this.#client = client;
    this.#network = network;
    this.#way = { to: target.node, from: undefined, mutual: false };
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
    if (this.#way.from === undefined && chunk !== undefined) this.#recognise(chunk);
    return this.#network.treat({ ...this.#way, toServer: true });
  }

  // A packet alone in its chunk, of who replicates.
  #recognise(chunk: Buffer): void {
    if (chunk.length < 9 || chunk.readUIntLE(0, 3) !== chunk.length - 4) return;
    if (chunk[3] === 0 && chunk[4] === COM_REGISTER_REPLICA) {
      // A replica says its server id before it asks for the binary log.
      this.#way.from = chunk.readUInt32LE(5) % SERVER_ID_STEP;
    } else if (chunk[3] === 1 && chunk.length > LOGIN_USER_AT) {
      // Members of a group log in with a name of their own each.
      this.#way.from = memberNumber(chunk.toString('utf8', LOGIN_USER_AT, chunk.indexOf(0, LOGIN_USER_AT)));
      this.#way.mutual = this.#way.from !== undefined;
    }
    if (this.#way.from !== undefined) setImmediate(() => this.refresh());
  }
}
