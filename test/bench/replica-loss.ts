import { setTimeout as sleep } from 'node:timers/promises';
import { type ClusteredPromisePool, createPool } from '../../src/promise.js';
import type { TestCluster, TestNode } from '../../src/testing/index.js';
import { poolOptions, untilReplicas, withBenchCluster } from './bench-cluster.js';
import { ReadLoad, type ReadResult } from './read-load.js';
import type { Row } from './row.js';

const CONCURRENCY = 16;
const BEFORE_MS = 1500;
/** Long enough for the monitor to give a silent node up (three probes of a second each), and some. */
const AFTER_MS = 7000;
const STOP_MS = 15_000;

interface Scene {
  readonly cluster: TestCluster;
  readonly pool: ClusteredPromisePool;
}

/** Reads that fail while a replica is killed, and while one is black-holed. */
export function replicaLoss(): Promise<Row[]> {
  return withBenchCluster({ replicas: 2 }, async (cluster) => {
    const [first, second] = cluster.replicas;
    if (first === undefined || second === undefined) throw new Error('the cluster has no two replicas');
    const pool = createPool(poolOptions(cluster));
    try {
      await untilReplicas(pool, 2);
      const killed = await readsWhile({ cluster, pool }, () => cluster.kill(first));
      await bringBack({ cluster, pool }, first);
      const silent = await readsWhile({ cluster, pool }, () => cluster.partition(second, { mode: 'blackhole' }));
      await cluster.heal(second);
      return [
        row('failed reads while a replica is SIGKILLed', killed),
        row('failed reads while one is black-holed', silent),
      ];
    } finally {
      await pool.end();
    }
  });
}

async function readsWhile({ pool }: Scene, harm: () => Promise<void>): Promise<ReadResult> {
  const load = new ReadLoad(pool, CONCURRENCY);
  await sleep(BEFORE_MS);
  await harm();
  await sleep(AFTER_MS);
  return load.stop(STOP_MS);
}

async function bringBack({ cluster, pool }: Scene, node: TestNode): Promise<void> {
  await cluster.start(node);
  await cluster.waitForReplication();
  await untilReplicas(pool, 2);
}

function row(measure: string, { reads, failed, worstMs, worstGapMs, error }: ReadResult): Row {
  const times = `worst latency ${worstMs.toFixed(0)} ms, longest time without any read ${worstGapMs.toFixed(0)} ms`;
  const reason = error === undefined ? '' : `; first error: ${String((error as Error).message)}`;
  return {
    measure,
    value: failed,
    unit: '',
    bar: 0,
    detail: `of ${reads} reads; ${times}${reason}`,
    figures: { reads, failed, worstMs, worstGapMs },
  };
}
