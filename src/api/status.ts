import type { LeaseSource } from '../cluster/lease-source.js';
import type { RuleOption } from '../rules.js';
import type { RefusedForm } from '../session/refused-forms.js';
import type { SessionCore } from '../session/session-core.js';
import { lagAt } from '../topology/lag.js';
import type { Lag, NodeView, Topology } from '../topology/topology.js';

/** A node in {@link ClusterStatus}. Times in ms. */
export interface NodeStatus {
  readonly id: string;
  readonly address: string;
  readonly addresses: readonly string[];
  readonly role: 'primary' | 'replica' | 'unknown';
  readonly health: 'up' | 'suspect' | 'down';
  readonly because: string;
  readonly version: string | undefined;
  /** Staleness as an interval; `high` is null when nothing bounds it. Undefined for a node that is no replica. */
  readonly lag: { readonly low: number; readonly high: number | null; readonly source: Lag['source'] } | undefined;
  readonly replication: NodeView['lag']['replication'];
  /** What the primary has and this node lacked when both were last asked. */
  readonly missingGtids: string | undefined;
  readonly weight: number;
  readonly zone: string | undefined;
  readonly tags: readonly string[];
  readonly pool: { readonly size: number; readonly idle: number; readonly waiting: number } | undefined;
  readonly traffic: {
    readonly inFlight: number;
    readonly responseMs: number;
    readonly reads: number;
    readonly writes: number;
    readonly errors: number;
  };
  readonly missingGrants: readonly string[];
  readonly lastError: string | undefined;
}

/** A snapshot of a cluster: frozen, and JSON as it is. */
export interface ClusterStatus {
  /** Version of this shape; a change that breaks readers raises it. */
  readonly schemaVersion: 1;
  readonly generation: number;
  /** The primary's address. */
  readonly primary: string | undefined;
  readonly because: string;
  readonly splitBrain: readonly string[];
  /** Statements that wait for a primary. */
  readonly held: number;
  /** Counted since the beginning: statements that were held, that were run again, and that a replica refused as writes. */
  readonly totals: { readonly held: number; readonly retried: number; readonly misrouted: number };
  /** Forms of statements that looked like reads and that a replica refused as writes; at most 1000, the latest last. */
  readonly misrouted: readonly RefusedForm[];
  /** The option `rules`, and how many statements each has decided or refused. */
  readonly rules: readonly {
    readonly because: string;
    readonly route: RuleOption['route'];
    readonly hits: number;
  }[];
  readonly nodes: readonly NodeStatus[];
  /** Addresses that have not answered: address → why. */
  readonly unreachable: Readonly<Record<string, string>>;
}

/** Takes a snapshot. */
export function statusOf({ source, classifier, rules }: SessionCore): ClusterStatus {
  const { topology, errors, clock } = source.cluster;
  const now = clock.now();
  const unreachable = [...errors].map(([address, error]) => [address, error.message]);
  const status: ClusterStatus = {
    schemaVersion: 1,
    generation: topology.generation,
    primary: topology.primary?.address,
    because: topology.because,
    splitBrain: topology.splitBrain,
    held: source.held,
    totals: { ...source.totals },
    misrouted: classifier.refused.list(),
    rules: (rules?.hits() ?? []).map(({ rule: { because, route }, hits }) => ({ because, route, hits })),
    nodes: [...topology.nodes.values()].map((node) => nodeStatus({ node, topology, source, now })),
    unreachable: Object.fromEntries(unreachable),
  };
  return deepFreeze(status);
}

interface NodeContext {
  readonly node: NodeView;
  readonly topology: Topology;
  readonly source: LeaseSource;
  readonly now: number;
}

function nodeStatus(context: NodeContext): NodeStatus {
  const { node, topology, source } = context;
  const { inFlight, responseMs, reads, writes, errors } = source.traffic(node.id);
  const pool = source.pool(node.id);
  const sample = topology.samples.at(-1);
  return {
    id: node.id,
    address: node.address,
    addresses: [...node.addresses],
    role: node.role,
    health: node.health,
    because: node.because,
    version: node.lastReport?.version,
    lag: node.role === 'replica' ? lagStatus(context) : undefined,
    replication: node.lag.replication,
    missingGtids: sample && node.executed ? sample.executed.minus(node.executed).toString() : undefined,
    weight: node.traits.weight,
    zone: node.traits.zone,
    tags: [...node.traits.tags],
    pool: pool && { size: pool.size, idle: pool.idle, waiting: pool.waiting },
    traffic: { inFlight, responseMs, reads, writes, errors },
    missingGrants: node.lastReport?.missingGrants ?? [],
    lastError: node.lastFailure?.message,
  };
}

function lagStatus({ node, topology, now }: NodeContext): NodeStatus['lag'] {
  const { low, high, source } = lagAt(node, topology, now);
  return { low, high: Number.isFinite(high) ? high : null, source };
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
