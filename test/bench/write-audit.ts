import type { TestCluster } from '../../src/testing/index.js';

/** What became of the writes. */
export interface WriteAudit {
  /** Acknowledged, and missing on a living node that has all that the primary has. */
  readonly lost: number;
  /** Ids that are there more than once. */
  readonly doubled: number;
}

/** Compares the acknowledged ids with the rows of `w` on every living node. */
export async function auditWrites(cluster: TestCluster, acknowledged: readonly number[]): Promise<WriteAudit> {
  await cluster.waitForReplication();
  let lost = 0;
  let doubled = 0;
  for (const node of cluster.nodes.filter(({ state }) => state === 'running')) {
    const rows = await cluster.query(node, `SELECT id, COUNT(*) AS n FROM ${cluster.database}.w GROUP BY id`);
    const counts = new Map(rows.map((row) => [Number(row.id), Number(row.n)]));
    lost = Math.max(lost, acknowledged.filter((id) => !counts.has(id)).length);
    doubled = Math.max(doubled, [...counts.values()].filter((count) => count > 1).length);
  }
  return { lost, doubled };
}
