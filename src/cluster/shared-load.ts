import type { Settings } from '../options.js';
import { processWide } from '../process-wide.js';
import type { NodeId } from '../topology/node-report.js';
import type { Cluster } from './cluster.js';
import type { NodeTraffic } from './node-traffic.js';
import { newHistory, ReadScope, type WriteHistory } from './read-scope.js';

/** What lease sources have in common whose callers count as one, such as the connections of one ORM. */
export interface SharedLoad {
  /** What the reads of each must be able to see. */
  readonly scope: ReadScope;
  /** What is sent to each node. */
  readonly traffic: Map<NodeId, NodeTraffic>;
  /** Counted since the beginning: statements that were held, that were run again, and that a replica refused as writes. */
  readonly totals: { held: number; retried: number; misrouted: number };
}

const histories = processWide('histories', () => new WeakMap<Cluster, WriteHistory>());

/** The one history of those who come and go, such as connections without a pool: it stays as long as the cluster. */
export function lastingHistory(cluster: Cluster): WriteHistory {
  const history = histories.get(cluster) ?? newHistory(cluster);
  histories.set(cluster, history);
  return history;
}

/** Nothing sent yet. */
export function newLoad(cluster: Cluster, settings: Settings, history = newHistory(cluster)): SharedLoad {
  return {
    scope: new ReadScope(cluster, settings, history),
    traffic: new Map(),
    totals: { held: 0, retried: 0, misrouted: 0 },
  };
}
