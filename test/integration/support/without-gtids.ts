import type { TestCluster, TestNode } from '../../../src/testing/index.js';
import { until } from './lab.js';

/** What replicas replicate from when there are no GTIDs. */
export interface Position {
  readonly file: string;
  readonly at: number;
}

/** A node's own binary log position. */
export async function positionOf(cluster: TestCluster, node: TestNode): Promise<Position> {
  const [row] = await cluster.query(node, 'SHOW BINARY LOG STATUS');
  return { file: String(row?.File), at: Number(row?.Position) };
}

/** `CHANGE REPLICATION SOURCE` by file and position, as one does by hand; the node becomes a read-only replica. */
export async function followFrom(
  cluster: TestCluster,
  node: TestNode,
  { source, from }: { readonly source: TestNode; readonly from: Position },
): Promise<void> {
  const { user, password } = cluster.credentials.replication;
  await cluster.query(node, 'SET GLOBAL super_read_only = ON');
  await cluster.query(node, 'STOP REPLICA');
  await cluster.query(
    node,
    `CHANGE REPLICATION SOURCE TO SOURCE_HOST='${source.host}', SOURCE_PORT=${source.port}, SOURCE_USER='${user}',
       SOURCE_PASSWORD='${password}', SOURCE_AUTO_POSITION=0, SOURCE_LOG_FILE='${from.file}', SOURCE_LOG_POS=${from.at},
       SOURCE_SSL=0, GET_SOURCE_PUBLIC_KEY=1, SOURCE_CONNECT_RETRY=1, SOURCE_RETRY_COUNT=0`,
  );
  await cluster.query(node, 'START REPLICA');
  await until(async () => {
    const [row] = await cluster.query(node, 'SHOW REPLICA STATUS');
    return row?.Replica_IO_Running === 'Yes' && row.Replica_SQL_Running === 'Yes';
  });
}

/** Makes a cluster that was started with GTIDs one without: the steps of the manual's "Disabling GTID Transactions Online". */
export async function disableGtids(cluster: TestCluster): Promise<void> {
  await cluster.waitForReplication();
  const from = await positionOf(cluster, cluster.primary);
  for (const replica of cluster.replicas) await followFrom(cluster, replica, { source: cluster.primary, from });
  for (const mode of ['ON_PERMISSIVE', 'OFF_PERMISSIVE', 'OFF']) {
    for (const node of cluster.nodes) await cluster.query(node, `SET GLOBAL gtid_mode = ${mode}`);
  }
  for (const node of cluster.nodes) await cluster.query(node, 'SET GLOBAL enforce_gtid_consistency = OFF');
}

/** Waits until a replica has applied what the source has written now. */
export async function waitForPosition(cluster: TestCluster, node: TestNode, source: TestNode): Promise<void> {
  const { file, at } = await positionOf(cluster, source);
  await cluster.query(node, `SELECT SOURCE_POS_WAIT('${file}', ${at}, 30)`);
}
