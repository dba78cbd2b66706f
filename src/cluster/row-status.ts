import type { Connection } from 'mysql2';

interface Packet {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

interface PacketParser {
  /** The one object that all packets are handed over in: what came last stays in it. */
  readonly _reusablePacket?: Packet;
}

interface Parsing {
  readonly packetParser?: PacketParser;
  /** What reads the packets that came compressed. */
  readonly _inflatedPacketsParser?: PacketParser;
  handlePacket?(this: unknown, packet?: Packet): unknown;
}

/** An EOF packet: its mark, two bytes of warnings, two of status, behind a header of four. */
const EOF = 0xfe;
const HEADER_LENGTH = 4;
const EOF_BELOW = 13;

/**
 * What tells the server's status bits at the end of the rows that this connection read last; undefined when what came last
 * ends no rows. mysql2 reads them and keeps them to itself, so that what a SELECT did (it opens a transaction under autocommit=0)
 * would be told by nobody. To be asked when a statement has ended, before the next is sent.
 */
export function rowStatusOf(raw: Connection): () => number | undefined {
  const inner = raw as unknown as Parsing;
  if (inner.packetParser?._reusablePacket !== undefined) {
    return () => statusIn((inner._inflatedPacketsParser ?? inner.packetParser)?._reusablePacket);
  }
  return watchedStatus(inner);
}

// A mysql2 that makes an object for each packet: the status is taken on its way.
function watchedStatus(inner: Parsing): () => number | undefined {
  const handle = inner.handlePacket;
  let status: number | undefined;
  inner.handlePacket = function (packet) {
    if (packet !== undefined) status = statusIn(packet);
    return handle?.call(this, packet);
  };
  return () => status;
}

function statusIn(packet: Packet | undefined): number | undefined {
  if (packet === undefined) return undefined;
  const { buffer, start, end } = packet;
  const isEnd = end - start < EOF_BELOW && buffer[start + HEADER_LENGTH] === EOF;
  return isEnd ? buffer.readUInt16LE(start + HEADER_LENGTH + 3) : undefined;
}
