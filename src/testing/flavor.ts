import type { RowDataPacket } from 'mysql2/promise';
import type { Account } from './credentials.js';
import type { FlavorName } from './options.js';
import type { Server } from './server.js';

/** Runs one statement as `root` on one node. */
export type Ask = (sql: string, values?: readonly unknown[]) => Promise<RowDataPacket[]>;

/** One of the two threads of a replica: `io` receives, `sql` applies. */
export type ReplicationThread = 'io' | 'sql';

/** What the arguments of one server depend on. */
export interface ServerIdentity {
  readonly serverId: number;
  /** The port that others are told. */
  readonly reportPort: number;
}

/** Where a replica gets its transactions. */
export interface Source extends Account {
  readonly host: string;
  readonly port: number;
  /** The number of the node that is to follow. */
  readonly follower: number;
}

/** What a replica says about its replication. */
export interface ReplicaState {
  readonly ioRunning: boolean;
  /** Receiving was given up, or never begun; `false` also while it tries to connect. */
  readonly ioStopped: boolean;
  readonly sqlRunning: boolean;
  readonly delaySeconds: number;
  /** What it has received, applied or not, as text that only the flavor reads. */
  readonly received: string;
  /** The last errors of both threads; empty when there are none. */
  readonly error: string;
}

/** What both ends run when a new, empty node becomes a copy of another. The recipient's server ends with error 3707. */
export interface CloneStatements {
  readonly donor: readonly string[];
  readonly recipient: readonly string[];
}

/** How two sets of transactions stand to each other. */
export interface Comparison {
  /** The node has transactions that the primary lacks. */
  readonly errant: boolean;
  /** The primary no longer has the binary logs that the node needs. */
  readonly purged: boolean;
}

/** What only a group can do, which elects its primary by itself. */
export interface GroupStatements {
  readonly multiPrimary: boolean;
  /** The node with that number begins a new group, alone. */
  bootstrap(number: number): string[];
  /** Makes the member with that UUID the primary. */
  setPrimary(uuid: string): string;
  /** The number of the view in which the node may be written to; `undefined` while it may not. */
  reigns(ask: Ask): Promise<number | undefined>;
  /** Whether the node's view still has the member with that UUID. */
  knows(ask: Ask, uuid: string): Promise<boolean>;
}

/** What a node of a Galera cluster needs to start, beside its arguments. */
export interface GaleraStart {
  /** All arguments of this one start: also where its data ends, and whether it begins a cluster of its own. */
  args(server: Server, identity: ServerIdentity): Promise<string[]>;
  /** Whether the node has joined the cluster and caught up. */
  joined(ask: Ask): Promise<boolean>;
  /** How many nodes it counts as its group, itself among them. */
  size(ask: Ask): Promise<number>;
}

/** What differs between MySQL and MariaDB, and between replicas and members of a group. Positions are texts: GTID sets there, GTID positions here. */
export interface Flavor {
  readonly name: FlavorName;
  args(identity: ServerIdentity): string[];
  /** Argument that makes a server read-only from its first moment. */
  readonly readOnlyArg: string;
  accounts(databases: readonly string[]): string[];
  /** Empties binary logs and positions. */
  resetLogs(version: string): string[];
  /** Read-only or writable; with semi-sync, commits wait for replicas only while the node is writable. */
  setReadOnly(on: boolean): string[];
  /** Configures the source of a stopped replica. */
  follow(source: Source): string[];
  /** Stops replication for good and forgets the source. */
  readonly leave: readonly string[];
  start(thread?: ReplicationThread): string;
  stop(thread?: ReplicationThread): string;
  /** Sets the delay of a replica, and starts both threads. */
  setDelay(seconds: number): string[];
  /** Whether `setDelay` keeps what was received and not yet applied. */
  readonly delayKeepsReceived: boolean;
  /** Statements for a copy of a whole server, if the flavor can do that. */
  clone(donorPort: number): CloneStatements | undefined;
  /** `undefined` when the node has no source. */
  replicaState(ask: Ask): Promise<ReplicaState | undefined>;
  /** What the node has executed. */
  executed(ask: Ask): Promise<string>;
  /** Waits until the node has applied that position; `false` when the time is over. */
  applied(ask: Ask, position: string, seconds: number): Promise<boolean>;
  /** How many transactions a position stands for, together with those executed. */
  count(ask: Ask, position: string): Promise<number>;
  /** Compares a node with the primary, both as they are now. */
  compare(node: Ask, primary: Ask): Promise<Comparison>;
  /** `undefined` where replicas follow a primary that somebody else chooses. */
  readonly group: GroupStatements | undefined;
  /** `undefined` where nodes do not join a Galera cluster. */
  readonly galera: GaleraStart | undefined;
}
