/** The kinds of clusters that are known: each has its own probe. */
export const CLUSTER_KINDS = [
  'gtid-replication',
  'group-replication',
  'position-replication',
  'mariadb-replication',
  'galera',
  'aurora',
  'rds-cluster',
] as const;

/**
 * The kind of cluster that a node is part of: MySQL's replication with GTIDs, Group Replication, MySQL's replication without
 * GTIDs, MariaDB's replication, Galera, Amazon Aurora MySQL, or an Amazon RDS Multi-AZ DB cluster.
 */
export type ClusterKind = (typeof CLUSTER_KINDS)[number];
