import type { Connection } from 'mysql2';

interface Packet {
  readonly buffer: Buffer;
  readonly offset: number;
  length(): number;
}

type Handler = (this: unknown, packet?: Packet) => unknown;

/** An EOF packet: its mark, two bytes of warnings, two of status, behind a header of four. */
const EOF = 0xfe;
const EOF_LENGTH = 13;

/**
 * Calls `onStatus` with the server's status bits at the end of rows. mysql2 reads them and keeps them to itself, so that what
 * a SELECT did (it opens a transaction under autocommit=0) would be told by nobody.
 */
export function watchRowStatus(raw: Connection, onStatus: (status: number) => void): void {
  const inner = raw as unknown as { handlePacket?: Handler };
  const handle = inner.handlePacket;
  if (typeof handle !== 'function') return;
  inner.handlePacket = function (packet) {
    if (packet !== undefined && packet.buffer[packet.offset] === EOF && packet.length() < EOF_LENGTH) {
      onStatus(packet.buffer.readUInt16LE(packet.offset + 3));
    }
    return handle.call(this, packet);
  };
}
