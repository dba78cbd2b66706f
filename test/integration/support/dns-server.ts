import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** A target of a service. */
export interface ServiceTarget {
  readonly name: string;
  readonly port: number;
}

/** A DNS server on 127.0.0.1 that knows services only. */
export interface DnsServer {
  readonly address: string;
  /** Service → targets; a service that is not there does not exist. */
  readonly services: Map<string, readonly ServiceTarget[]>;
  /** How many questions it was asked. */
  readonly questions: number;
  close(): Promise<void>;
}

const SRV = 33;
const HEADER_BYTES = 12;

/** Starts one. */
export async function startDnsServer(): Promise<DnsServer> {
  const services = new Map<string, readonly ServiceTarget[]>();
  const socket = createSocket('udp4');
  let questions = 0;
  socket.on('message', (query, { address, port }) => {
    questions++;
    socket.send(answer(query, services), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    services,
    get questions() {
      return questions;
    },
    async close() {
      socket.close();
      await once(socket, 'close');
    },
  };
}

// RFC 1035, 4.1: the question is sent back, and each answer points to its name.
function answer(query: Buffer, services: ReadonlyMap<string, readonly ServiceTarget[]>): Buffer {
  const { name, end } = readName(query);
  const targets = services.get(name);
  const header = Buffer.from(query.subarray(0, HEADER_BYTES));
  header.writeUInt16BE(targets ? 0x8180 : 0x8183, 2);
  header.writeUInt16BE(targets?.length ?? 0, 6);
  header.writeUInt16BE(0, 8);
  header.writeUInt16BE(0, 10);
  return Buffer.concat([header, query.subarray(HEADER_BYTES, end + 4), ...(targets ?? []).map(record)]);
}

function readName(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), end: at + 1 };
}

function record({ name, port }: ServiceTarget): Buffer {
  const target = Buffer.concat([
    ...name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0]),
  ]);
  const fixed = Buffer.alloc(18);
  fixed.writeUInt16BE(0xc00c, 0);
  fixed.writeUInt16BE(SRV, 2);
  fixed.writeUInt16BE(1, 4);
  fixed.writeUInt32BE(0, 6);
  fixed.writeUInt16BE(6 + target.length, 10);
  fixed.writeUInt16BE(port, 16);
  return Buffer.concat([fixed, target]);
}
