import type { LeaseSource } from '../cluster/lease-source.js';
import type { ClusterKind } from '../cluster-kind.js';
import { lagAt } from '../topology/lag.js';
import type { GroupReport, MemberState, ReplicationChannel } from '../topology/node-report.js';
import { tellsGtids } from '../topology/samples.js';
import type { Lag, NodeView, Sample, Topology } from '../topology/topology.js';

/** A node in {@link ClusterStatus}. Times in ms. */
export interface NodeStatus {
  readonly id: string;
  readonly address: string;
  readonly addresses: readonly string[];
  /** The kind of cluster that it says it is part of; undefined before it has answered. */
  readonly kind: ClusterKind | undefined;
  readonly role: 'primary' | 'replica' | 'unknown';
  readonly health: 'up' | 'suspect' | 'down';
  /** Why it has its role. */
  readonly because: string;
  readonly version: string | undefined;
  /** `read_only` or `super_read_only` is on. */
  readonly readOnly: boolean | undefined;
  /** Staleness as an interval; `high` is null when nothing bounds it. Undefined for a node that is no replica. */
  readonly lag: { readonly low: number; readonly high: number | null; readonly source: Lag['source'] } | undefined;
  /** Whether replication moves. */
  readonly replication: NodeView['lag']['replication'];
  /** Why `replication` is what it is. */
  readonly replicationBecause: string;
  /** The replication channels and their threads; undefined when the account may not see them. */
  readonly channels: readonly ChannelStatus[] | undefined;
  /** What the primary has and this node lacked when both were last asked. */
  readonly missingGtids: string | undefined;
  readonly semiSync: SemiSyncStatus | undefined;
  /** `'draining'` takes nothing new, `'offline'` has lost its connections as well; by `drain()` or the control table. */
  readonly status: 'online' | 'draining' | 'offline';
  readonly statusBecause: string;
  /** The group that it is a member of, as it sees it; undefined where the kind of cluster has none. */
  readonly group: GroupStatus | undefined;
  readonly weight: number;
  readonly zone: string | undefined;
  readonly tags: readonly string[];
  /** Sessions of all clients when the node was last asked, which is about twice a minute. */
  readonly sessions: number | undefined;
  /** Connections of this pool. Undefined for a node that takes no statements. */
  readonly pool:
    | { readonly size: number; readonly idle: number; readonly lent: number; readonly waiting: number }
    | undefined;
  /** What this process has sent there. */
  readonly traffic: {
    readonly inFlight: number;
    /** Moving average. */
    readonly responseMs: number;
    /** Plain reads. */
    readonly reads: number;
    /** All else: writes, locking reads, what begins and ends transactions or sets the session, pings. */
    readonly writes: number;
    readonly errors: number;
    /** It is left out for so long because of its errors or slowness; 0: it is not. */
    readonly ejectedForMs: number;
  };
  readonly missingGrants: readonly string[];
  readonly lastError: string | undefined;
}

/** One replication channel of a replica. */
export interface ChannelStatus extends Omit<ReplicationChannel, 'retrieved' | 'sourceId'> {
  /** The source's id, when the server tells it. */
  readonly sourceId: string | undefined;
}

/** Semi-synchronous replication as the node sees it. `'degraded'`: switched on, and fallen back to asynchronous. */
export interface SemiSyncStatus {
  readonly source: 'on' | 'off' | 'degraded' | undefined;
  readonly replica: 'on' | 'off' | undefined;
  /** Replicas that acknowledge. */
  readonly clients: number | undefined;
  /** Transactions that waited for an acknowledgement, since the server began to count. */
  readonly waits: number | undefined;
  /** How often it fell back to asynchronous, since then. */
  readonly timeouts: number | undefined;
}

/** A group as one member sees it. */
export interface GroupStatus {
  readonly name: string;
  /** Undefined where the group numbers none. */
  readonly view: string | undefined;
  readonly quorum: boolean;
  readonly state: MemberState;
  readonly members: GroupReport['members'];
}

/** What a node's status is taken from. */
export interface NodeStatusContext {
  readonly node: NodeView;
  readonly topology: Topology;
  readonly source: LeaseSource;
  readonly now: number;
}

/** One node's part of the snapshot. */
export function nodeStatus(context: NodeStatusContext): NodeStatus {
  const { node, topology, source, now } = context;
  const { lastReport: report } = node;
  const { inFlight, responseMs, reads, writes, errors, ejectedUntil } = source.traffic(node.id);
  const pool = source.pool(node.id);
  const sample = topology.samples.at(-1);
  return {
    id: node.id,
    address: node.address,
    addresses: [...node.addresses],
    kind: report?.kind,
    role: node.role,
    health: node.health,
    because: node.because,
    version: report?.version,
    readOnly: report?.readOnly,
    lag: node.role === 'replica' ? lagStatus(context) : undefined,
    replication: node.lag.replication,
    replicationBecause: node.lag.because,
    channels: report?.channels?.map(({ retrieved: _retrieved, ...channel }) => channel),
    missingGtids: sample && report && tellsGtids(report) ? missing(sample, node) : undefined,
    semiSync: report?.semiSync && { ...report.semiSync },
    status: node.duty.status,
    statusBecause: node.duty.because,
    group: report?.group && groupStatus(report.group),
    weight: node.traits.weight,
    zone: node.traits.zone,
    tags: [...node.traits.tags],
    sessions: node.lastReport?.sessions,
    pool: pool && { size: pool.size, idle: pool.idle, lent: pool.lent, waiting: pool.waiting },
    traffic: { inFlight, responseMs, reads, writes, errors, ejectedForMs: Math.max(0, ejectedUntil - now) },
    missingGrants: [...(report?.missingGrants ?? [])],
    lastError: node.lastFailure?.message,
  };
}

function groupStatus({ name, view, quorum, state, members }: GroupReport): GroupStatus {
  return {
    name,
    view: view && `${view.epoch}:${view.number}`,
    quorum,
    state,
    members: members.map((it) => ({ ...it })),
  };
}

function missing(sample: Sample, { executed }: NodeView): string | undefined {
  return executed && sample.executed.minus(executed).toString();
}

function lagStatus({ node, topology, now }: NodeStatusContext): NodeStatus['lag'] {
  const { low, high, source } = lagAt(node, topology, now);
  return { low, high: Number.isFinite(high) ? high : null, source };
}
