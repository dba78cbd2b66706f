import type { Settings } from '../options.js';
import type { NodeId } from '../topology/node-report.js';
import type { Cluster } from './cluster.js';
import type { NodeTraffic } from './node-traffic.js';
import { ReadScope } from './read-scope.js';

/** What lease sources have in common whose callers count as one, such as the connections of one ORM. */
export interface SharedLoad {
  /** What the reads of each must be able to see. */
  readonly scope: ReadScope;
  /** What is sent to each node. */
  readonly traffic: Map<NodeId, NodeTraffic>;
  /** Counted since the beginning: statements that were held, that were run again, and that a replica refused as writes. */
  readonly totals: { held: number; retried: number; misrouted: number };
}

/** Nothing sent and nothing seen yet. */
export function newLoad(cluster: Cluster, settings: Settings): SharedLoad {
  return {
    scope: new ReadScope(cluster, settings),
    traffic: new Map(),
    totals: { held: 0, retried: 0, misrouted: 0 },
  };
}
