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
  /** A replica refused a statement as a write; it was run again on the primary. */
  misrouted: [{ readonly sql: string; readonly node: NodeId; readonly because: string }];
  /** Something worth a line in a log: a missing grant, a transaction left open at release. */
  warning: [
    {
      readonly code: 'MISSING_GRANT' | 'TRANSACTION_LEFT_OPEN' | 'WRITES_LOST' | 'RESOLVE_FAILED' | 'FUNCTIONS_UNREAD';
      readonly message: string;
    },
  ];
}

/** The name of a {@link ClusterEvents | cluster event}. */
export type ClusterEventName = keyof ClusterEvents;
