import type { GtidSet } from '../gtid/gtid-set.js';
import type {
  Address,
  BehindSource,
  ControlRow,
  FailedReport,
  GroupReport,
  LiveReport,
  NodeId,
} from './node-report.js';
import type { Replication } from './replication-state.js';

/** What we believe of all nodes. Immutable; a new primary begins a new generation. */
export interface Topology {
  /** Counts the primaries believed in; 0 before the first. */
  readonly generation: number;
  /** Counts meaningful changes: of roles, health, addresses, the primary; not of times and GTIDs alone. */
  readonly version: number;
  /** The node that writes may be sent to. Undefined also while the believed one is down or read-only. */
  readonly primary: NodeView | undefined;
  /** The node that was elected last: a later election starts from it. */
  readonly believed: NodeId | undefined;
  /** The newest view of a group by which a primary was elected: older ones of its epoch elect nobody any more. */
  readonly view: RulingView | undefined;
  /** `sentAt` of the report that elected it: what was seen since then is news of this generation. */
  readonly electedAt: number;
  /** Why that node is the primary, or why there is none. */
  readonly because: string;
  /** Two or more nodes that could be the primary. With a `primary` it is a warning; without one, no rule tells which. */
  readonly splitBrain: readonly NodeId[];
  /** All known nodes, by identity. */
  readonly nodes: ReadonlyMap<NodeId, NodeView>;
  /** The nodes whose role is replica, in a stable order: what a read is balanced over. */
  readonly replicas: readonly NodeView[];
  /** Which node answers at an address; undefined for one that has not answered yet. */
  readonly addresses: ReadonlyMap<Address, AddressView>;
  /** Samples of the primary in this generation, oldest first; bounded. */
  readonly samples: readonly Sample[];
  /** Its heartbeats in this generation, oldest first; bounded. Empty where no heartbeat table is named, or GTIDs tell more. */
  readonly beats: readonly Beat[];
  /** The age of replicas stands still at this time: no primary, or one that does not answer. Undefined while it answers. */
  readonly frozenAt: number | undefined;
  /** What the primary's copy of the control table said last; undefined before, and without the option `control`. */
  readonly control: ControlView | undefined;
  /** The primary's semi-synchronous replication, where the option `requireSemiSync` asks for it. */
  readonly semiSync: SemiSyncState | undefined;
  /** Why no write is sent although there is a primary; undefined when writes are sent. */
  readonly writesRefused: string | undefined;
  /** When the first node answered, ms. */
  readonly firstAt: number | undefined;
}

/** The rows of the control table that count. */
export interface ControlView {
  readonly rows: readonly ControlRow[];
  /** When the primary was asked for them, ms; undefined when it never gave any. */
  readonly readAt: number | undefined;
  /** Why the primary did not give them when it was asked last. */
  readonly unread: string | undefined;
  /** Why they cannot be obeyed now, wholly or in part. */
  readonly problem: string | undefined;
}

/** `'degraded'`: it has fallen back to asynchronous replication · `'off'`: not turned on. */
export type SemiSyncState = 'on' | 'off' | 'degraded';

/** Which view of which group. */
export interface RulingView extends Pick<GroupReport, 'name' | 'view'> {}

/** The primary's `gtid_executed` at one moment. */
export interface Sample {
  /** Just before the query was sent. */
  readonly sentAt: number;
  readonly answeredAt: number;
  readonly executed: GtidSet;
}

/** The primary's heartbeat at one moment. */
export interface Beat {
  /** Just before the probe's first query was sent: the row was read after it. */
  readonly sentAt: number;
  /** The server id that the row belongs to. */
  readonly server: string;
  readonly time: string;
}

/** One address that is probed. */
export interface AddressView {
  readonly address: Address;
  /** Given by the user, so never dropped. */
  readonly seed: boolean;
  /** The node that answered there last. */
  readonly node: NodeId | undefined;
  /** Which node named it, when it was discovered. */
  readonly namedBy: NodeId | undefined;
  /** When it was named last, to within seconds; ms. */
  readonly namedAt: number | undefined;
  /** `sentAt` of the newest report of this address: older ones come too late. */
  readonly reportedAt: number | undefined;
  readonly lastFailure: FailedReport | undefined;
}

/** What the user says of a node, by any of its addresses. */
export interface NodeTraits {
  readonly weight: number;
  readonly zone: string | undefined;
  readonly tags: readonly string[];
  /** The role that it was given: nothing else counts then. */
  readonly role?: 'primary' | 'replica' | undefined;
  /** The name that its TLS certificate is checked against, instead of its host. */
  readonly tlsName?: string | undefined;
}

/** What we believe of one node. */
export interface NodeView {
  readonly id: NodeId;
  /** The address in use: a seed's before a discovered one. */
  readonly address: Address;
  /** All addresses it is known by. */
  readonly addresses: readonly Address[];
  readonly traits: NodeTraits;
  readonly role: 'primary' | 'replica' | 'unknown';
  readonly because: string;
  /** `'up'` answers · `'suspect'` missed a probe, or returns and has not answered often enough · `'down'` */
  readonly health: 'up' | 'suspect' | 'down';
  /** Consecutive failed, and answered, probes. */
  readonly failures: number;
  readonly successes: number;
  /** `sentAt` of its first report. */
  readonly knownSince: number;
  readonly lastReport: LiveReport | undefined;
  readonly lastFailure: FailedReport | undefined;
  /** All that it is known to have executed: the last report's, and what a follower saw arrive. */
  readonly executed: GtidSet | undefined;
  /** When a follower saw GTIDs arrive last, ms: an older report does not know of them. */
  readonly arrivedAt: number | undefined;
  readonly lag: LagState;
  /** It was believed to be the primary in an earlier generation and has not been seen replicating since. */
  readonly formerPrimary: boolean;
  /**
   * In this generation it was seen as a replica, or another node was seen to turn to it: when it is writable now, it was
   * promoted after the believed primary was. Without it a writable node may be an older primary that has returned.
   */
  readonly promotable: boolean;
  /** How many of its reports in a row claimed the primary's place while the believed one was not there. */
  readonly claims: number;
  readonly duty: Duty;
  /** Most connections of a pool, by the control table; undefined where it says nothing of it. */
  readonly maxConnections: number | undefined;
  /** When it began to serve reads as a replica, ms; `-Infinity` for those that were found at the start. */
  readonly servingSince: number;
}

/** Whether a node is to take statements, by the wish of people: `drain()` in this process, or a row of the control table. */
export interface Duty {
  /** `'draining'` takes nothing new; a primary holds its writes · `'offline'` has lost its connections as well */
  readonly status: 'online' | 'draining' | 'offline';
  readonly because: string;
  /** Since when somebody wishes it to take nothing new, ms, whether that is obeyed or not; undefined when nobody does. */
  readonly since: number | undefined;
  /** It was drained in this process: it is asked for nothing even when nothing else is left. */
  readonly own: boolean;
}

/** What is known of a replica's staleness. The interval itself is computed by `lagAt(node, topology, now)`. */
export interface LagState {
  /** Whether replication moves at all. */
  readonly replication: Replication;
  /** Why, in words. */
  readonly because: string;
  /** `sentAt` of the newest sample of this generation that it contains. */
  readonly caughtUpTo: number | undefined;
  /** Lower bound in ms at the last report: 0 unless a sample is known to be missing. */
  readonly low: number;
  /** It runs, and has applied all that it received: nothing more can come while there is no primary. */
  readonly appliedAll: boolean;
  readonly source: LagSource;
}

/** How a lag interval was found. */
export type LagSource = 'watermark' | 'heartbeat' | BehindSource | 'none';

/** Staleness of a replica as an interval, in ms. `high` is `Infinity` when nothing bounds it. */
export interface Lag {
  readonly low: number;
  readonly high: number;
  readonly source: LagSource;
}
