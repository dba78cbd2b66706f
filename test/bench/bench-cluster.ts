import type { ClusterPoolOptions } from '../../src/index.js';
import { type ClusterOptions, startCluster, type TestCluster } from '../../src/testing/index.js';

/** Rows of `t`; their ids are 1 to this. */
export const ROWS = 10_000;
/** The point select that is measured. */
export const POINT_SELECT = 'SELECT id, k, name, pad FROM t WHERE id = ?';

const BATCH = 1000;
const REACH_MS = 15_000;

/** Starts a cluster whose table `t` is filled, and stops it whatever happens. */
export async function withBenchCluster<T>(
  options: ClusterOptions,
  work: (cluster: TestCluster) => Promise<T>,
): Promise<T> {
  const cluster = await startCluster(options);
  try {
    await fill(cluster);
    return await work(cluster);
  } finally {
    await cluster.stop();
  }
}

/** The options of a pool of ours on all nodes of the cluster, as the application. */
export function poolOptions(cluster: TestCluster, wishes: ClusterPoolOptions['cluster'] = {}): ClusterPoolOptions {
  const { user, password, database } = cluster;
  const nodes = cluster.nodes.map(({ address }) => address);
  return { user, password, database, connectionLimit: 10, cluster: { nodes, ...wishes } };
}

/** An id that exists: the same row of ids for everyone, without an order that a cache would like. */
export function idAt(index: number): number {
  return 1 + ((index * 7919) % ROWS);
}

interface Clustered {
  readonly cluster: {
    status(): { readonly nodes: readonly { readonly role: string; readonly health: string }[] };
  };
}

/** Waits until a pool knows so many replicas that are up. */
export async function untilReplicas(pool: Clustered, count: number): Promise<void> {
  const up = (): number =>
    pool.cluster.status().nodes.filter(({ role, health }) => role === 'replica' && health === 'up').length;
  const until = performance.now() + REACH_MS;
  while (up() < count) {
    if (performance.now() > until) throw new Error(`${up()} of ${count} replicas are up after ${REACH_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function fill(cluster: TestCluster): Promise<void> {
  const { primary, database } = cluster;
  await cluster.query(
    primary,
    `CREATE TABLE ${database}.t (id INT PRIMARY KEY, k INT NOT NULL, name VARCHAR(64) NOT NULL, pad CHAR(60) NOT NULL)`,
  );
  for (let first = 1; first <= ROWS; first += BATCH) {
    const rows = Array.from({ length: BATCH }, (_, at) => [first + at, at * 37, `name ${first + at}`, 'x'.repeat(60)]);
    await cluster.query(primary, `INSERT INTO ${database}.t (id, k, name, pad) VALUES ?`, [rows]);
  }
  await cluster.waitForReplication();
}
