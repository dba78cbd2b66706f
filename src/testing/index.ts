export type { Account, Credentials } from './credentials.js';
export type { TestClusterErrorCode } from './errors.js';
export { ClusterActError, ClusterStartError } from './errors.js';
export type { ReplicationThread } from './flavor.js';
export type { Partition } from './network.js';
export type { BackendName, ClusterOptions, FlavorName, GroupReplication, SemiSync } from './options.js';
export { startCluster } from './start-cluster.js';
export type { TestCluster } from './test-cluster.js';
export type { NodeState, TestNode } from './test-node.js';
