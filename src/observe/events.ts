import type { LagChange } from '../topology/lag-fitness.js';
import type { Address, NodeId } from '../topology/node-report.js';

/** What {@link ClusterEvents} tell of a node's coming and going: its health before and after, undefined where it is not there. */
export interface NodeEvent {
  readonly node: NodeId;
  readonly address: Address;
  readonly previous: NodeHealth | undefined;
  readonly next: NodeHealth | undefined;
  readonly because: string;
}

/** `'suspect'`: it missed a probe, or returns and has not answered often enough. */
export type NodeHealth = 'up' | 'suspect' | 'down';

/** Whether a node takes statements: `'draining'` takes nothing new, `'offline'` has lost its connections as well. */
export type NodeStatusName = 'online' | 'draining' | 'offline';

/** Events of `pool.cluster`, by name. All are emitted after the change has taken effect. */
export interface ClusterEvents {
  /** Writes go elsewhere from now on. When a primary is lost and none is known yet, that is `noPrimary`. */
  primaryChanged: [
    {
      readonly previous: NodeId | undefined;
      readonly next: NodeId;
      readonly generation: number;
      readonly because: string;
    },
  ];
  nodeAdded: [NodeEvent];
  nodeRemoved: [NodeEvent];
  nodeUp: [NodeEvent];
  nodeDown: [NodeEvent];
  /** A replica became fit, or unfit, for reads that allow the option `maxLagMs`. Pools with other limits tell of theirs. */
  lagChanged: [LagChange];
  /** Several nodes could be the primary. Where nothing tells which, no write is sent, and `noPrimary` says so. */
  splitBrain: [{ readonly previous: readonly NodeId[]; readonly next: readonly NodeId[]; readonly because: string }];
  /** Writes wait from now on. */
  noPrimary: [{ readonly previous: NodeId; readonly next: undefined; readonly because: string }];
  /** A node takes statements again, or takes nothing new: it was drained here, or its row in the control table says so. */
  statusChanged: [
    {
      readonly node: NodeId;
      readonly address: Address;
      readonly previous: NodeStatusName;
      readonly next: NodeStatusName;
      readonly because: string;
    },
  ];
  /** A replica is left out for `forMs`: of the reads sent there too many were lost, or took far longer than on others. */
  nodeEjected: [{ readonly node: NodeId; readonly address: Address; readonly forMs: number; readonly because: string }];
  /** The primary's semi-synchronous replication changed; told with the option `requireSemiSync`. `next` is `'on'` when it is back. */
  degraded: [
    {
      readonly node: NodeId;
      readonly address: Address;
      readonly previous: 'on' | 'off' | 'degraded' | 'unknown';
      readonly next: 'on' | 'off' | 'degraded';
      readonly because: string;
    },
  ];
  /** A replica refused a statement as a write; it was run again on the primary. */
  misrouted: [{ readonly sql: string; readonly node: NodeId; readonly because: string }];
  /**
   * Something worth a line in a log: a missing grant, a transaction left open at release, a question to the pool that only a
   * connection can answer.
   */
  warning: [
    {
      readonly code:
        | 'MISSING_GRANT'
        | 'TRANSACTION_LEFT_OPEN'
        | 'WRITES_LOST'
        | 'RESOLVE_FAILED'
        | 'FUNCTIONS_UNREAD'
        | 'CONTROL_IGNORED'
        | 'LARGE_GTID_SET'
        | 'NO_EARLIER_STATEMENT';
      readonly message: string;
    },
  ];
}

/** The name of a {@link ClusterEvents | cluster event}. */
export type ClusterEventName = keyof ClusterEvents;
