import type { Address, NodeId } from './node-report.js';
import type { Duty, NodeView, SemiSyncState, Topology } from './topology.js';

/** What a report made of the topology. */
export interface Applied {
  readonly topology: Topology;
  readonly changes: readonly Change[];
}

/** What one report changed in the topology: data for events and for reconciling pools. */
export type Change =
  | {
      readonly type: 'primaryChanged';
      readonly previous: NodeId | undefined;
      readonly next: NodeId | undefined;
      readonly generation: number;
      readonly because: string;
    }
  | {
      readonly type: 'nodeAdded' | 'nodeRemoved' | 'nodeUp' | 'nodeDown';
      readonly node: NodeId;
      readonly address: Address;
      /** Its health before; undefined for a node that is new. */
      readonly previous: NodeView['health'] | undefined;
      /** Its health now; undefined for a node that is gone. */
      readonly next: NodeView['health'] | undefined;
      readonly because: string;
    }
  | {
      readonly type: 'roleChanged';
      readonly node: NodeId;
      readonly previous: 'primary' | 'replica' | 'unknown';
      readonly next: 'primary' | 'replica' | 'unknown';
      readonly because: string;
    }
  | { readonly type: 'addressDiscovered'; readonly address: Address; readonly namedBy: NodeId }
  | {
      readonly type: 'splitBrain';
      readonly previous: readonly NodeId[];
      readonly next: readonly NodeId[];
      readonly because: string;
    }
  | { readonly type: 'noPrimary'; readonly previous: NodeId; readonly next: undefined; readonly because: string }
  | {
      readonly type: 'statusChanged';
      readonly node: NodeId;
      readonly address: Address;
      readonly previous: Duty['status'];
      readonly next: Duty['status'];
      readonly because: string;
    }
  | {
      readonly type: 'degraded';
      readonly node: NodeId;
      readonly address: Address;
      readonly previous: SemiSyncState | 'unknown';
      readonly next: SemiSyncState;
      readonly because: string;
    }
  | { readonly type: 'controlIgnored'; readonly because: string };
