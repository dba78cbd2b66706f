import type { Address, NodeId } from '../topology/node-report.js';

/** What {@link ClusterEvents} tell of a node's coming and going. */
export interface NodeEvent {
  readonly node: NodeId;
  readonly address: Address;
  readonly because: string;
}

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
  /** Several nodes could be the primary. Where nothing tells which, no write is sent, and `noPrimary` says so. */
  splitBrain: [{ readonly nodes: readonly NodeId[]; readonly because: string }];
  noPrimary: [{ readonly because: string }];
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
