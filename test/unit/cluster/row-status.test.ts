import type { Connection } from 'mysql2';
import { describe, expect, test } from 'vitest';
import { rowStatusOf } from '../../../src/cluster/row-status.js';

interface Packet {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/** A packet with this payload, somewhere in a chunk. */
function packetOf(payload: readonly number[], before = 3): Packet {
  const header = [payload.length, 0, 0, 1];
  const buffer = Buffer.from([...Array(before).fill(0xfe), ...header, ...payload, 0xfe, 0xfe]);
  return { buffer, start: before, end: before + header.length + payload.length };
}

const END = packetOf([0xfe, 0, 0, 0x23, 0x01]);
const OK = packetOf([0, 1, 0, 2, 0, 0, 0]);
/** A row whose first column is longer than 16 MB would begin with the same mark. */
const ROW = packetOf([0xfe, ...Array(20).fill(0)]);

interface FakeConnection {
  packetParser: { _reusablePacket?: Packet };
  _inflatedPacketsParser?: { _reusablePacket?: Packet };
  handlePacket(packet?: Packet): unknown;
}

/** What a connection tells after these packets, one after the other. */
type Reading = (packets: readonly Packet[], compressed?: boolean) => (number | undefined)[];

const kept: Reading = (packets, compressed = false) => {
  const parser: { _reusablePacket?: Packet } = { _reusablePacket: packetOf([]) };
  const raw: FakeConnection = { packetParser: parser, handlePacket: () => undefined };
  const status = rowStatusOf(raw as unknown as Connection);
  // Compression begins after the handshake; what it is wrapped in is nobody's.
  if (compressed) {
    raw._inflatedPacketsParser = parser;
    raw.packetParser = { _reusablePacket: END };
  }
  return packets.map((packet) => {
    parser._reusablePacket = packet;
    return status();
  });
};

const passed: Reading = (packets) => {
  const handled: unknown[] = [];
  const raw: FakeConnection = { packetParser: {}, handlePacket: (packet) => handled.push(packet) };
  const status = rowStatusOf(raw as unknown as Connection);
  const found = packets.map((packet) => {
    raw.handlePacket(packet);
    raw.handlePacket(); // the next command begins
    return status();
  });
  expect(handled).toEqual(packets.flatMap((packet) => [packet, undefined]));
  return found;
};

describe.each<[string, Reading]>([
  ['of the last packet', kept],
  ['of packets on their way', passed],
])('the status at the end of rows, %s', (_name, reading) => {
  test('is told by an EOF packet alone', () => {
    expect(reading([OK, END, ROW, END, OK])).toEqual([undefined, 0x123, undefined, 0x123, undefined]);
  });
});

test('compressed packets are read where they have been inflated', () => {
  expect(kept([OK, END], true)).toEqual([undefined, 0x123]);
});
