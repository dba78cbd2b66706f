import { type ClusteredPool, createPool } from '../index.js';

const READY_MS = 5000;
/** Nodes name one another: when nothing new was heard of for so long, two probes and more, all are known. */
const QUIET_MS = 1200;
const LOOK_MS = 20;

/** Runs a task with a pool on the cluster of a URI, and ends it. */
export async function withCluster<T>(uri: string, task: (pool: ClusteredPool) => Promise<T>): Promise<T> {
  const clustered = uri.includes('?') ? `${uri}&cluster=true` : `${uri}?cluster=true`;
  const pool = createPool(clustered);
  try {
    // Without a primary there is still something to tell.
    await pool.cluster.ready(READY_MS).catch((error: Error) => {
      if (pool.cluster.status().nodes.length === 0) throw error;
    });
    await discovered(pool);
    return await task(pool);
  } finally {
    await pool.cluster.end();
  }
}

async function discovered(pool: ClusteredPool): Promise<void> {
  const deadline = Date.now() + READY_MS;
  let known = 0;
  let since = Date.now();
  while (Date.now() < deadline && Date.now() - since < QUIET_MS) {
    const { nodes, unreachable } = pool.cluster.status();
    const count = nodes.length + Object.keys(unreachable).length;
    if (count !== known) since = Date.now();
    known = count;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
