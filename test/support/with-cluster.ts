import { type Connection, createConnection } from 'mysql2/promise';
import { type ClusterOptions, startCluster, type TestCluster, type TestNode } from '../../src/testing/index.js';

/** Bound of a whole test with a cluster, in ms: a slow machine is no failure. */
export const CLUSTER_TEST_MS = 240_000;

/** Starts a cluster, unpacking a server if there is none, and stops it whatever happens. */
export async function withCluster(
  options: ClusterOptions,
  work: (cluster: TestCluster) => Promise<void>,
): Promise<void> {
  const cluster = await startCluster({ install: true, ...options });
  try {
    await work(cluster);
  } finally {
    await cluster.stop();
  }
}

/** A connection of the application to one node, through its relay. */
export async function connectTo(cluster: TestCluster, node: TestNode): Promise<Connection> {
  const { user, password, database } = cluster;
  const connection = await createConnection({ host: node.host, port: node.port, user, password, database });
  connection.on('error', () => undefined);
  return connection;
}

/** Runs work with a connection of the application, and closes that. */
export async function asApp<T>(
  cluster: TestCluster,
  node: TestNode,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await connectTo(cluster, node);
  try {
    return await work(connection);
  } finally {
    connection.destroy();
  }
}

/** The replica with that index. */
export function replicaOf(cluster: TestCluster, index: number): TestNode {
  const node = cluster.replicas[index];
  if (node === undefined) throw new Error(`no replica ${index}`);
  return node;
}

/** The ids in `shop.t` on one node, as `root`. */
export async function idsOn(cluster: TestCluster, node: TestNode): Promise<number[]> {
  const rows = await cluster.query(node, 'SELECT id FROM shop.t ORDER BY id');
  return rows.map((row) => Number(row.id));
}

/** Makes `shop.t` on the primary and waits until all have it. */
export async function makeTable(cluster: TestCluster): Promise<void> {
  await cluster.query(cluster.primary, 'CREATE TABLE shop.t (id INT PRIMARY KEY)');
  await cluster.waitForReplication();
}

/** The code of what a promise rejects with; `'fulfilled'` if it does not. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return 'fulfilled';
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}
