import { type ClusteredPool, createPool } from '../index.js';

const READY_MS = 5000;

/** Runs a task with a pool on the cluster of a URI, and ends it. */
export async function withCluster<T>(uri: string, task: (pool: ClusteredPool) => Promise<T>): Promise<T> {
  const clustered = uri.includes('?') ? `${uri}&cluster=true` : `${uri}?cluster=true`;
  const pool = createPool(clustered);
  try {
    // Without a primary there is still something to tell.
    await pool.cluster.ready(READY_MS).catch((error: Error) => {
      if (pool.cluster.status().nodes.length === 0) throw error;
    });
    return await task(pool);
  } finally {
    await pool.cluster.end();
  }
}
