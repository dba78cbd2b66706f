import { connect, createServer, type Server, type Socket } from 'node:net';
import { listenOnFreePort } from '../../../src/testing/free-port.js';
import type { TestNode } from '../../../src/testing/index.js';

/** What an instance of a pretended Aurora cluster is. */
export interface Instance {
  readonly name: string;
  readonly node: TestNode;
  /** What its row says, ms. */
  lag: number;
}

/**
 * Makes real servers look like instances of Amazon Aurora: each has a TCP front that answers two questions otherwise, the
 * variables and `information_schema.replica_host_status`, and passes on everything else.
 */
export class AuroraFronts {
  readonly instances: readonly Instance[];
  writer: string;
  readonly #fronts = new Map<string, { readonly server: Server; readonly port: number }>();
  readonly #sockets = new Set<Socket>();

  private constructor(instances: readonly Instance[], writer: string) {
    this.instances = instances;
    this.writer = writer;
  }

  static async before(nodes: readonly TestNode[], writer: TestNode): Promise<AuroraFronts> {
    const made = new AuroraFronts(
      nodes.map((node) => ({ name: node.name, node, lag: 200 })),
      writer.name,
    );
    for (const instance of made.instances) {
      const server = createServer((client) => made.#join(client, instance));
      made.#fronts.set(instance.name, { server, port: await listenOnFreePort(server) });
    }
    return made;
  }

  address(name: string): string {
    return `127.0.0.1:${this.#fronts.get(name)?.port}`;
  }

  instance(node: TestNode): Instance {
    return this.instances.find(({ name }) => name === node.name)!;
  }

  async end(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all([...this.#fronts.values()].map(({ server }) => new Promise((done) => server.close(done))));
  }

  #join(client: Socket, instance: Instance): void {
    const server = connect(instance.node.port, instance.node.host);
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
    }
    server.pipe(client);
    let rest = Buffer.alloc(0);
    client.on('data', (data: Buffer) => {
      rest = Buffer.concat([rest, data]);
      for (let packet = first(rest); packet !== undefined; packet = first(rest)) {
        rest = rest.subarray(packet.length);
        server.write(this.#rewrite(packet, instance));
      }
    });
  }

  // A packet: its length in three bytes, its number, and for a query 3, perhaps the counts of no attributes, and the text.
  #rewrite(packet: Buffer, instance: Instance): Buffer {
    if (packet[3] !== 0 || packet[4] !== 3) return packet;
    const from = packet[5] === 0 && packet[6] === 1 ? 7 : 5;
    const sql = this.#answer(packet.toString('utf8', from), instance);
    if (sql === undefined) return packet;
    const payload = Buffer.concat([packet.subarray(4, from), Buffer.from(sql)]);
    const header = Buffer.alloc(4);
    header.writeUIntLE(payload.length, 0, 3);
    return Buffer.concat([header, payload]);
  }

  #answer(sql: string, { name, node }: Instance): string | undefined {
    if (sql.includes('replica_host_status')) return this.#hosts();
    if (!sql.startsWith('SHOW GLOBAL VARIABLES') || !sql.includes('aurora_server_id')) return undefined;
    const values = {
      aurora_server_id: name,
      innodb_read_only: name === this.writer ? 'OFF' : 'ON',
      read_only: 'OFF',
      super_read_only: 'OFF',
      version: node.version,
      sql_mode: '',
    };
    return rows(Object.entries(values).map(([key, value]) => `'${key}' AS Variable_name, '${value}' AS Value`));
  }

  #hosts(): string {
    const updated = Math.floor(Date.now() / 100) / 10;
    return rows(
      this.instances.map(({ name, lag }) => {
        const session = name === this.writer ? 'MASTER_SESSION_ID' : 'a-session';
        return `'${name}' AS SERVER_ID, '${session}' AS SESSION_ID, ${updated} AS updated, ${lag} AS REPLICA_LAG_IN_MILLISECONDS`;
      }),
    );
  }
}

function first(bytes: Buffer): Buffer | undefined {
  if (bytes.length < 4) return undefined;
  const length = bytes.readUIntLE(0, 3) + 4;
  return bytes.length < length ? undefined : bytes.subarray(0, length);
}

function rows(selected: readonly string[]): string {
  return selected.map((columns) => `SELECT ${columns}`).join(' UNION ALL ');
}
