import { GtidSet } from '../gtid/gtid-set.js';
import type { ReplicationChannel } from '../topology/node-report.js';
import { number, type Row, text } from './server-rows.js';

/** Marks sets that are made of positions: as a tag it parts them from the transactions that have GTIDs of the same server. */
const TAG = 'binlog_position';

/** A log's number counts so much: logs are far smaller (`max_binlog_size` is at most 1 GB, and one transaction may go over). */
const LOG_SPAN = 2 ** 32;
/** Beyond it numbers are no longer exact. */
const MOST_LOGS = 2 ** 21;

/** A place in a server's binary log. */
export interface LogPosition {
  readonly uuid: string;
  /** The number in the log's name. */
  readonly number: number;
  readonly at: number;
}

/** All that the server with this UUID logged up to the end of its binary log, from `SHOW BINARY LOG STATUS`. */
export function readOwnPosition(uuid: string, [row]: readonly Row[]): GtidSet | undefined {
  return row && upTo(uuid, text(row, 'File'), number(row, 'Position'));
}

/** What a replica has executed of its source's log, from a row of `SHOW REPLICA STATUS`. */
export function readExecuted(row: Row): GtidSet | undefined {
  const file = text(row, 'Relay_Source_Log_File', 'Relay_Master_Log_File');
  return upTo(sourceOf(row), file, number(row, 'Exec_Source_Log_Pos', 'Exec_Master_Log_Pos'));
}

/** The channel of such a row with what it has received, told by positions. */
export function withPositions(channel: ReplicationChannel, row: Row): ReplicationChannel {
  const file = text(row, 'Source_Log_File', 'Master_Log_File');
  const retrieved = upTo(sourceOf(row), file, number(row, 'Read_Source_Log_Pos', 'Read_Master_Log_Pos'));
  const { name } = partsOf(file);
  return { ...channel, retrieved, ...(name === undefined ? {} : { log: name }) };
}

/** The last position of each server in a set. */
export function lastPositions(gtids: GtidSet): readonly LogPosition[] {
  const found = gtids.toString().matchAll(new RegExp(`([0-9a-f-]{36}):${TAG}:(?:[\\d:-]*[:-])?(\\d+)(?=,|$)`, 'g'));
  return [...found].map(([, uuid = '', last]) => {
    return { uuid, number: Math.floor(Number(last) / LOG_SPAN), at: Number(last) % LOG_SPAN };
  });
}

function upTo(uuid: string, file: string, at: number | undefined): GtidSet | undefined {
  const { digits } = partsOf(file);
  if (uuid === '' || digits === undefined || at === undefined) return undefined;
  if (digits >= MOST_LOGS || at >= LOG_SPAN || digits * LOG_SPAN + at < 1) return undefined;
  return GtidSet.parse(`${uuid}:${TAG}:1-${digits * LOG_SPAN + at}`);
}

function sourceOf(row: Row): string {
  return text(row, 'Source_UUID', 'Master_UUID');
}

function partsOf(file: string): { readonly name: string | undefined; readonly digits: number | undefined } {
  const [, name, digits] = /^(.+)\.(\d+)$/.exec(file) ?? [];
  return { name, digits: digits === undefined ? undefined : Number(digits) };
}
