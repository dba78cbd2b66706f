import type { ClusterKind } from '../cluster-kind.js';
import type { GtidSet } from '../gtid/gtid-set.js';

/** `host:port`; IPv6 hosts in brackets. An attribute of a node, never its identity. */
export type Address = string;

/** A node's identity: its `server_uuid` (MariaDB: server id and first address, such as `'1@db-1:3306'`; see `identify`). */
export type NodeId = string;

/** What one probe of one address said, as data. Times are monotonic ms of this process. */
export type NodeReport = LiveReport | FailedReport;

/** The probe got no usable answer. */
export interface FailedReport {
  readonly ok: false;
  readonly address: Address;
  readonly sentAt: number;
  readonly answeredAt: number;
  /**
   * `'gone'` refused or reset · `'timeout'` no answer in time · `'denied'` wrong account
   * · `'full'` alive without a free connection · `'error'` anything else
   */
  readonly reason: 'gone' | 'timeout' | 'denied' | 'full' | 'error';
  readonly message: string;
  /** The driver's error code, such as `'ECONNREFUSED'`. */
  readonly code: string | undefined;
}

/** The probe was answered. What the account may not see is undefined, and named in `missingGrants`. */
export interface LiveReport {
  readonly ok: true;
  readonly address: Address;
  /** Just before the probe's first query was sent: what the server says was true at this moment or later. */
  readonly sentAt: number;
  readonly answeredAt: number;
  readonly id: NodeId;
  /**
   * What tells one running server from every other, where `id` is made from the address that was asked and would be another at
   * each; undefined where `id` alone tells.
   */
  readonly instance: string | undefined;
  readonly kind: ClusterKind;
  readonly flavor: 'mysql' | 'mariadb';
  /** As the server gives it, such as `'9.7.4-2'`. */
  readonly version: string;
  /** The global `sql_mode`, that of new connections; undefined when it was not told. */
  readonly sqlMode: string | undefined;
  /** `read_only` or `super_read_only` is on, in any of its forms. */
  readonly readOnly: boolean;
  /** Undefined on a server without GTIDs, unless its binary log positions stand for them; and when it was not asked this time. */
  readonly executed: GtidSet | undefined;
  /** What the heartbeat table holds there, as last read; undefined where none is named, or it cannot be read. */
  readonly heartbeat: HeartbeatReport | undefined;
  /** The server's own measure of its lag, where GTIDs say nothing; undefined when it has none. */
  readonly behind: Behind | undefined;
  /** The replication channels that are configured; empty on a node without a source; undefined when not allowed to see. */
  readonly channels: readonly ReplicationChannel[] | undefined;
  /** The replicas that the node knows of; undefined when not asked this time, or not allowed to ask. */
  readonly replicas: readonly Address[] | undefined;
  /** `report_host:report_port`, when both are set. */
  readonly advertised: Address | undefined;
  readonly semiSync: SemiSyncReport | undefined;
  /** Sessions of all its clients when it was last asked, which is seldom; undefined before, and where the kind does not ask. */
  readonly sessions?: number | undefined;
  /** The group that the node is, or was, a member of, as it sees it; undefined where the kind of cluster has none. */
  readonly group: GroupReport | undefined;
  readonly missingGrants: readonly string[];
  /** What the control table says there; undefined when it was not read this time. */
  readonly control?: ControlReport | undefined;
}

/** One configured replication channel of a replica. */
export interface ReplicationChannel {
  readonly name: string;
  readonly source: Address;
  /** The source's identity, when it has been connected to and says it: MariaDB's does not. */
  readonly sourceId: NodeId | undefined;
  readonly io: 'running' | 'connecting' | 'stopped';
  readonly sql: 'running' | 'stopped';
  /** Configured delay in seconds; 0 without one. */
  readonly delaySeconds: number;
  /** `Seconds_Behind_Source`; undefined when the server gives NULL. */
  readonly secondsBehind: number | undefined;
  readonly retrieved: GtidSet | undefined;
  /** The name of the source's binary logs without their number, where their positions count. */
  readonly log?: string;
  readonly error: string | undefined;
}

/**
 * A group of nodes that agrees by itself on who may be written to, as one member sees it: Group Replication's view, Galera's
 * component, Aurora's hosts.
 */
export interface GroupReport {
  /** All members of one group give one name. */
  readonly name: string;
  /**
   * Which view this is. Views of one epoch are ordered by their number; those of different ones only by when they were seen.
   * Undefined where the group numbers none.
   */
  readonly view: { readonly epoch: string; readonly number: number } | undefined;
  /** False when the member cannot reach a majority: its view is then not believed. */
  readonly quorum: boolean;
  /** The state of the node itself. Only an `'online'` one serves. */
  readonly state: MemberState;
  /** All members of the view, this node among them unless it has left. */
  readonly members: readonly GroupMember[];
  /** What the group has delivered to the node, applied or not; undefined where that is not told. */
  readonly received?: GtidSet | undefined;
}

/** `'joining'` catches up · `'donor'` serves another that joins, or was taken out on purpose · `'left'` failed, or never joined. */
export type MemberState = 'online' | 'joining' | 'donor' | 'unreachable' | 'left';

/** One member of a view. */
export interface GroupMember {
  /** Undefined when the group names the member by its address alone. */
  readonly id: NodeId | undefined;
  /** Undefined when the group does not tell it. */
  readonly address: Address | undefined;
  /** A name that only `resolve` can make an address of, where the group tells none. */
  readonly name?: Address;
  readonly state: MemberState;
  /** The view lets it be written to. */
  readonly writer: boolean;
}

/** A heartbeat table as one node holds it: somebody moves a row on each primary all the time, and replication carries it on. */
export interface HeartbeatReport {
  /** The node's own server id: the row that is moved there, if one is. */
  readonly own: string;
  /** Just before the first query of the probe that read the table, which may be an earlier one than the report's. */
  readonly sentAt: number;
  /** Server id → the row's time as text. Only compared with other values of the same row. */
  readonly beats: ReadonlyMap<string, string>;
}

/** How far a replica says that it is behind the primary, in ms before the report's `sentAt`. */
export interface Behind {
  /** Something is missing that was acknowledged at least so long before; 0 when that is not known. */
  readonly low: number;
  /** All is there that was acknowledged so long before; `Infinity` without a bound. */
  readonly high: number;
  readonly source: BehindSource;
  /** What tells this measure from the one before, where a server makes a new one only now and then. */
  readonly stamp?: number;
}

/**
 * `'commit-timestamps'` when its last transaction was committed on the primary, against the newest that it received ·
 * `'seconds-behind'` the server's `Seconds_Behind_Source` · `'storage'` storage that the nodes share
 */
export type BehindSource = 'commit-timestamps' | 'seconds-behind' | 'storage';

/** Semi-synchronous replication as one node sees it. */
export interface SemiSyncReport {
  readonly source: 'on' | 'off' | 'degraded' | undefined;
  readonly replica: 'on' | 'off' | undefined;
  /** Replicas that acknowledge. */
  readonly clients: number | undefined;
  /** Transactions that waited for an acknowledgement, since the server began to count. */
  readonly waits: number | undefined;
  /** How often it fell back to asynchronous, since then. */
  readonly timeouts: number | undefined;
}

/** The rows of the control table as one node has them, or why they could not be read. */
export type ControlReport = { readonly rows: readonly ControlRow[] } | { readonly problem: string };

/** A row of the control table: what people wish of one node. */
export interface ControlRow {
  /** The node by an address or by its id. */
  readonly node: string;
  readonly status: 'ONLINE' | 'OFFLINE_SOFT' | 'OFFLINE_HARD';
  /** Instead of what the pool's options say. */
  readonly weight: number | undefined;
  readonly zone: string | undefined;
  /** Most connections of a pool to the node, when that is less than `pool.max`. */
  readonly maxConnections: number | undefined;
  /** When it ends, monotonic ms of this process: the server said how far off that is by its own clock. */
  readonly until: number | undefined;
  readonly owner: string | undefined;
  readonly reason: string | undefined;
}
