import { type Intervals, mergePairs } from './intervals.js';

/** A GTID set's text, taken apart. */
export interface ParsedGtids {
  /** By `uuid`, `uuid:tag` (MySQL) or domain (MariaDB). */
  readonly intervals: ReadonlyMap<string, Intervals>;
  /** MariaDB: the server that wrote each domain's last transaction. */
  readonly servers: ReadonlyMap<string, number>;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TAG = /^[a-z_][a-z0-9_]{0,31}$/;
const INTERVAL = /^(\d+)(?:-(\d+))?$/;
const POSITION = /^(\d+)-(\d+)-(\d+)$/;

type Pairs = [number, number][];

/**
 * Reads `uuid:1-3:5`, tags as MySQL 8.3 and later print them (`uuid:1-3:tag:1-2`), and several of them parted by commas
 * and white space. Throws a `TypeError` that names the text.
 */
export function parseMysqlGtids(text: string): ParsedGtids {
  const found = new Map<string, Pairs>();
  for (const part of text.split(',')) {
    const entry = part.trim().toLowerCase();
    if (entry !== '') readEntry(entry, found);
  }
  const intervals = new Map<string, Intervals>();
  for (const [key, pairs] of found) intervals.set(key, mergePairs(pairs));
  return { intervals, servers: new Map() };
}

function readEntry(entry: string, found: Map<string, Pairs>): void {
  const [first = '', ...rest] = entry.split(':');
  const uuid = first.trim();
  if (!UUID.test(uuid) || rest.length === 0) throw malformed(entry);
  let key = uuid;
  let filled = true;
  for (const untrimmed of rest) {
    const piece = untrimmed.trim();
    if (TAG.test(piece)) {
      if (!filled) throw malformed(entry);
      key = `${uuid}:${piece}`;
      filled = false;
    } else {
      push(found, key, readInterval(piece, entry));
      filled = true;
    }
  }
  if (!filled) throw malformed(entry);
}

function readInterval(piece: string, entry: string): [number, number] {
  const match = INTERVAL.exec(piece);
  const start = Number(match?.[1]);
  const end = Number(match?.[2] ?? match?.[1]);
  if (!match || start < 1 || end < start || !Number.isSafeInteger(end)) throw malformed(entry);
  return [start, end];
}

function push(found: Map<string, Pairs>, key: string, pair: [number, number]): void {
  const pairs = found.get(key);
  if (pairs) pairs.push(pair);
  else found.set(key, [pair]);
}

/**
 * Reads MariaDB's `domain-server-sequence`, parted by commas. A position says that all before it is there too
 * (https://mariadb.com/kb/en/gtid/), so it stands for the interval from 1: sets then compare by each domain's sequence.
 */
export function parseMariadbGtids(text: string): ParsedGtids {
  const intervals = new Map<string, Intervals>();
  const servers = new Map<string, number>();
  for (const part of text.split(',')) {
    const entry = part.trim();
    if (entry === '') continue;
    const match = POSITION.exec(entry);
    const sequence = Number(match?.[3]);
    if (!match || !Number.isSafeInteger(sequence)) throw malformed(entry);
    const domain = String(Number(match[1]));
    if (sequence <= (intervals.get(domain)?.[1] ?? 0)) continue;
    intervals.set(domain, [1, sequence]);
    servers.set(domain, Number(match[2]));
  }
  return { intervals, servers };
}

function malformed(text: string): TypeError {
  return new TypeError(`not a GTID set: '${text}'`);
}
