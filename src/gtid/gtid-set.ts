import { containsIntervals, countNumbers, type Intervals, subtractIntervals, uniteIntervals } from './intervals.js';
import { parseMariadbGtids, parseMysqlGtids } from './parse-gtids.js';

type ByOrigin = ReadonlyMap<string, Intervals>;
type Servers = ReadonlyMap<string, number>;

const NO_SERVERS: Servers = new Map();

/**
 * An immutable set of transactions: MySQL's GTID sets, tags included, and MariaDB's positions by domain. A position stands for
 * all transactions up to it: that two servers wrote different ones shows only where both positions have the same number.
 *
 * @example
 * GtidSet.parse('3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5').contains(GtidSet.parse('3e11fa47-71ca-11e1-9e33-c80aa9429562:3'))
 */
export class GtidSet {
  /** No transaction at all. */
  static readonly empty: GtidSet = new GtidSet(new Map(), NO_SERVERS);

  // Not `#`: sets are shared by the copies of this module in a process, whose classes are strangers to one another.
  private readonly byOrigin: ByOrigin;
  private readonly servers: Servers;
  #text: string | undefined;

  private constructor(byOrigin: ByOrigin, servers: Servers) {
    this.byOrigin = byOrigin;
    this.servers = servers;
  }

  /** Reads a set as a server prints it. Throws a `TypeError` that names the text when it is none. */
  static parse(text: string, flavor: 'mysql' | 'mariadb' = 'mysql'): GtidSet {
    const { intervals, servers } = flavor === 'mariadb' ? parseMariadbGtids(text) : parseMysqlGtids(text);
    return intervals.size === 0 ? GtidSet.empty : new GtidSet(intervals, servers);
  }

  get isEmpty(): boolean {
    return this.byOrigin.size === 0;
  }

  /** How many transactions the set holds. */
  get transactions(): number {
    let count = 0;
    for (const intervals of this.byOrigin.values()) count += countNumbers(intervals);
    return count;
  }

  /** How many intervals the set is made of: its cost. */
  get intervals(): number {
    let count = 0;
    for (const intervals of this.byOrigin.values()) count += intervals.length / 2;
    return count;
  }

  /** How many UUIDs (MariaDB: domains) the set names; tags of one UUID count once. */
  get uuids(): number {
    return new Set([...this.byOrigin.keys()].map(uuidOf)).size;
  }

  /** True when every transaction of `other` is in this set. */
  contains(other: GtidSet): boolean {
    if (other === this) return true;
    for (const [origin, wanted] of other.byOrigin) {
      const held = this.byOrigin.get(origin);
      if (held === undefined) return false;
      if (held !== wanted && !containsIntervals(held, wanted)) return false;
      if (this.#forks(other, origin)) return false;
    }
    return true;
  }

  /** All transactions of both. One of the two themselves when it holds the other. */
  union(other: GtidSet): GtidSet {
    if (this.contains(other)) return this;
    if (other.byOrigin.size >= this.byOrigin.size && other.contains(this)) return other;
    const united = new Map(this.byOrigin);
    for (const [origin, added] of other.byOrigin) {
      const held = united.get(origin);
      united.set(origin, held === undefined ? added : uniteIntervals(held, added));
    }
    return new GtidSet(united, this.#laterServers(other));
  }

  /** The transactions of this set that `other` does not hold. */
  minus(other: GtidSet): GtidSet {
    const left = new Map<string, Intervals>();
    let removed = false;
    for (const [origin, held] of this.byOrigin) {
      const taken = other.byOrigin.get(origin);
      const rest = taken === undefined ? held : this.#subtract(other, origin);
      if (rest.length > 0) left.set(origin, rest);
      removed ||= taken !== undefined;
    }
    if (!removed) return this;
    return left.size === 0 ? GtidSet.empty : new GtidSet(left, this.servers);
  }

  /** The transactions that both hold. */
  intersect(other: GtidSet): GtidSet {
    return this.minus(this.minus(other));
  }

  equals(other: GtidSet): boolean {
    return this.contains(other) && other.contains(this);
  }

  /** The text that servers of this flavor read and print: lower case, sorted, joined. */
  toString(): string {
    this.#text ??= this.#print();
    return this.#text;
  }

  // MariaDB: of one domain's transactions with one number, by two servers, each side has its own.
  #forks(other: GtidSet, domain: string): boolean {
    const [mine, theirs] = [this.servers.get(domain), other.servers.get(domain)];
    if (mine === theirs || mine === undefined || theirs === undefined) return false;
    return this.byOrigin.get(domain)?.at(-1) === other.byOrigin.get(domain)?.at(-1);
  }

  #subtract(other: GtidSet, origin: string): Intervals {
    const held = this.byOrigin.get(origin)!;
    const rest = subtractIntervals(held, other.byOrigin.get(origin)!);
    if (!this.#forks(other, origin)) return rest;
    const last = held.at(-1)!;
    return uniteIntervals(rest, [last, last]);
  }

  #print(): string {
    const byUuid = new Map<string, string>();
    for (const origin of [...this.byOrigin.keys()].sort()) {
      const uuid = uuidOf(origin);
      const entry = byUuid.get(uuid) ?? uuid;
      byUuid.set(uuid, `${entry}${origin.slice(uuid.length)}${this.#printIntervals(origin)}`);
    }
    return [...byUuid.values()].join(',');
  }

  #printIntervals(origin: string): string {
    const intervals = this.byOrigin.get(origin)!;
    const server = this.servers.get(origin);
    if (server !== undefined) return `-${server}-${intervals.at(-1)}`;
    let text = '';
    for (let i = 0; i < intervals.length; i += 2) {
      const [start, end] = [intervals[i], intervals[i + 1]];
      text += start === end ? `:${start}` : `:${start}-${end}`;
    }
    return text;
  }

  // MariaDB: a domain's last transaction tells the server.
  #laterServers(other: GtidSet): Servers {
    if (other.servers.size === 0) return this.servers;
    const servers = new Map(this.servers);
    for (const [domain, server] of other.servers) {
      const mine = this.byOrigin.get(domain)?.at(-1) ?? 0;
      if (mine < (other.byOrigin.get(domain)?.at(-1) ?? 0)) servers.set(domain, server);
    }
    return servers;
  }
}

function uuidOf(origin: string): string {
  const colon = origin.indexOf(':');
  return colon < 0 ? origin : origin.slice(0, colon);
}
