import type { Cluster, ClusterStatus, NodeStatus } from 'mysql2-cluster/promise';
import type { TestNode } from 'mysql2-cluster/testing';
import { type Kind, percentile, type Tally } from './tally.js';

/** How often the meter is to be read. */
export const SAMPLE_MS = 250;
const WINDOW = 5;

/** Counters of a node since the start. */
export interface Traffic {
  readonly reads: number;
  readonly writes: number;
  readonly errors: number;
}

/** One node now. */
export interface NodeGauge extends Traffic {
  readonly name: string;
  readonly address: string;
  readonly role: string;
  readonly lagMs: number | undefined;
  readonly readsPerSecond: number;
  readonly writesPerSecond: number;
  readonly inFlight: number;
  readonly p99: number | undefined;
}

/** All that the view shows. */
export interface Gauges {
  readonly nodes: readonly NodeGauge[];
  readonly kinds: Readonly<Record<Kind, { readonly perSecond: number; readonly p99: number | undefined }>>;
  /** Statements that wait for a primary. */
  readonly held: number;
}

interface Sample {
  readonly at: number;
  readonly traffic: ReadonlyMap<string, Traffic>;
  readonly counts: Readonly<Record<Kind, number>>;
}

const NOTHING: Traffic = { reads: 0, writes: 0, errors: 0 };

/** Reads `pool.cluster.status()` from time to time, and makes rates of its counters. */
export class Meter {
  readonly #cluster: Cluster;
  readonly #nodes: readonly TestNode[];
  readonly #tally: Tally;
  readonly #seen = new Map<string, Traffic>();
  readonly #totals = new Map<string, Traffic>();
  #samples: Sample[] = [];
  /** Most statements that waited for a primary at one time. */
  mostHeld = 0;

  constructor(cluster: Cluster, nodes: readonly TestNode[], tally: Tally) {
    this.#cluster = cluster;
    this.#nodes = nodes;
    this.#tally = tally;
  }

  read(): Gauges {
    const status = this.#cluster.status();
    this.mostHeld = Math.max(this.mostHeld, status.held);
    for (const node of status.nodes) this.#count(node);
    const { read, write, transaction } = this.#tally.successes;
    const counts = { read: read.ends.length, write: write.ends.length, transaction: transaction.ends.length };
    const now: Sample = { at: performance.now(), traffic: new Map(this.#totals), counts };
    this.#samples = [...this.#samples.slice(1 - WINDOW), now];
    const past = this.#samples[0] ?? now;
    const seconds = Math.max(0.001, (now.at - past.at) / 1000);
    return {
      nodes: this.#nodes.map((node) => this.#gauge(node, status, { past, seconds })),
      kinds: {
        read: this.#kind('read', past, seconds),
        write: this.#kind('write', past, seconds),
        transaction: this.#kind('transaction', past, seconds),
      },
      held: status.held,
    };
  }

  // A node that is built anew has another id, and counts from zero.
  #count({ id, address, traffic }: NodeStatus): void {
    const before = this.#seen.get(id) ?? NOTHING;
    const restarted = traffic.reads < before.reads || traffic.writes < before.writes;
    this.#seen.set(id, traffic);
    const total = this.#totals.get(address) ?? NOTHING;
    this.#totals.set(address, plus(total, restarted ? traffic : minus(traffic, before)));
  }

  #gauge(
    { name, address }: TestNode,
    status: ClusterStatus,
    { past, seconds }: { past: Sample; seconds: number },
  ): NodeGauge {
    const known = status.nodes.filter((node) => node.address === address);
    const node = known.find(({ health }) => health === 'up') ?? known[0];
    const total = this.#totals.get(address) ?? NOTHING;
    const recent = minus(total, past.traffic.get(address) ?? NOTHING);
    return {
      ...total,
      name,
      address,
      role: roleOf(node),
      lagMs: node?.lag?.high ?? undefined,
      readsPerSecond: recent.reads / seconds,
      writesPerSecond: recent.writes / seconds,
      inFlight: node?.traffic.inFlight ?? 0,
      p99: this.#tally.recentP99(address),
    };
  }

  #kind(kind: Kind, { counts }: Sample, seconds: number): Gauges['kinds'][Kind] {
    const { durations } = this.#tally.successes[kind];
    const recent = durations.slice(counts[kind]);
    return { perSecond: recent.length / seconds, p99: percentile(recent, 99) };
  }
}

function roleOf(node: NodeStatus | undefined): string {
  if (node === undefined) return 'not known';
  return node.health === 'up' ? node.role : node.health;
}

function plus(one: Traffic, other: Traffic): Traffic {
  return { reads: one.reads + other.reads, writes: one.writes + other.writes, errors: one.errors + other.errors };
}

function minus(one: Traffic, other: Traffic): Traffic {
  return { reads: one.reads - other.reads, writes: one.writes - other.writes, errors: one.errors - other.errors };
}
