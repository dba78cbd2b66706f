import type { GtidSet } from '../../../src/gtid/gtid-set.js';
import type { LiveReport, ReplicationChannel } from '../../../src/topology/node-report.js';
import { CORES, ROUND_TRIP_MS } from './costs.js';

const BUCKET_MS = 100;

/** A server of the model: cores that work off what comes, first come first served, and what it says to a probe. */
export class ModelServer {
  readonly address: string;
  alive = true;
  /** What a probe is told, but for its times. Another object when it says something else. */
  says: LiveReport;
  /** Since the last `reset`. */
  statements = 0;
  connects = 0;
  cpuMs = 0;
  readonly #perBucket = { statements: new Map<number, number>(), connects: new Map<number, number>() };
  #busyUntil = 0;

  constructor(index: number, executed: GtidSet, sessions: number) {
    this.address = `db-${index + 1}:3306`;
    this.says = live(this.address, idOf(index), { executed, sessions, source: index === 0 ? undefined : 0 });
  }

  /** Does work of so many ms of CPU that is sent at `now`; gives when its answer is back. */
  work(now: number, cpuMs: number, { statements = 0, connects = 0 }): number {
    this.statements += statements;
    this.connects += connects;
    this.cpuMs += cpuMs;
    count(this.#perBucket.statements, now, statements);
    count(this.#perBucket.connects, now, connects);
    const start = Math.max(now, this.#busyUntil);
    this.#busyUntil = start + cpuMs / CORES;
    return start + cpuMs + ROUND_TRIP_MS;
  }

  reset(): void {
    this.statements = 0;
    this.connects = 0;
    this.cpuMs = 0;
    this.#perBucket.statements.clear();
    this.#perBucket.connects.clear();
  }

  /** The most in any tenth of a second, as so many a second. */
  peak(of: 'statements' | 'connects'): number {
    return (Math.max(0, ...this.#perBucket[of].values()) * 1000) / BUCKET_MS;
  }

  /** From now on it replicates from the server with that index, or from none and is writable. */
  follow(source: number | undefined): void {
    const { executed, sessions = 0 } = this.says;
    this.says = live(this.address, this.says.id, { executed: executed!, sessions, source });
  }
}

function count(buckets: Map<number, number>, now: number, by: number): void {
  if (by === 0) return;
  const bucket = Math.floor(now / BUCKET_MS);
  buckets.set(bucket, (buckets.get(bucket) ?? 0) + by);
}

function idOf(index: number): string {
  return `00000000-0000-0000-0000-${String(index + 1).padStart(12, '0')}`;
}

interface Said {
  readonly executed: GtidSet;
  readonly sessions: number;
  readonly source: number | undefined;
}

function live(address: string, id: string, { executed, sessions, source }: Said): LiveReport {
  return {
    ok: true,
    address,
    sentAt: 0,
    answeredAt: 0,
    id,
    instance: undefined,
    kind: 'gtid-replication',
    flavor: 'mysql',
    version: '9.7.4',
    sqlMode: '',
    readOnly: source !== undefined,
    executed,
    heartbeat: undefined,
    behind: undefined,
    channels: source === undefined ? [] : [channelFrom(source, executed)],
    replicas: undefined,
    advertised: undefined,
    semiSync: undefined,
    sessions,
    group: undefined,
    missingGrants: [],
  };
}

function channelFrom(source: number, retrieved: GtidSet): ReplicationChannel {
  return {
    name: '',
    source: `db-${source + 1}:3306`,
    sourceId: idOf(source),
    io: 'running',
    sql: 'running',
    delaySeconds: 0,
    secondsBehind: 0,
    retrieved,
    error: undefined,
  };
}
