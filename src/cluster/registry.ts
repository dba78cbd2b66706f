import { processWide } from '../process-wide.js';
import { Cluster, type ClusterContext } from './cluster.js';

interface Shared {
  readonly cluster: Cluster;
  users: number;
}

// Both doors, in both formats, share their monitors.
const clusters = processWide('registry', () => new Map<string, Shared>());

/** The cluster for `key`, started; made when it is the first use. Each use ends with {@link leaveCluster}. */
export function joinCluster(key: string, context: () => ClusterContext): Cluster {
  let shared = clusters.get(key);
  if (!shared) {
    shared = { cluster: new Cluster(context()), users: 0 };
    clusters.set(key, shared);
  }
  shared.users++;
  shared.cluster.start();
  return shared.cluster;
}

/** Ends one use; with the last, the monitors end. */
export function leaveCluster(key: string): void {
  const shared = clusters.get(key);
  if (!shared || --shared.users > 0) return;
  clusters.delete(key);
  shared.cluster.close();
}
