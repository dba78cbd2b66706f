import type { Address, NodeId } from './node-report.js';

/** What one report changed in the topology: data for events and for reconciling pools. */
export type Change =
  | {
      readonly type: 'primaryChanged';
      readonly previous: NodeId | undefined;
      readonly next: NodeId | undefined;
      readonly generation: number;
      readonly because: string;
    }
  | { readonly type: 'nodeAdded'; readonly node: NodeId; readonly address: Address; readonly because: string }
  | { readonly type: 'nodeRemoved'; readonly node: NodeId; readonly address: Address; readonly because: string }
  | { readonly type: 'nodeUp' | 'nodeDown'; readonly node: NodeId; readonly address: Address; readonly because: string }
  | {
      readonly type: 'roleChanged';
      readonly node: NodeId;
      readonly previous: 'primary' | 'replica' | 'unknown';
      readonly next: 'primary' | 'replica' | 'unknown';
      readonly because: string;
    }
  | { readonly type: 'addressDiscovered'; readonly address: Address; readonly namedBy: NodeId }
  | { readonly type: 'splitBrain'; readonly nodes: readonly NodeId[]; readonly because: string }
  | { readonly type: 'noPrimary'; readonly because: string };
