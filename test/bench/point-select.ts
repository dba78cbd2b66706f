import { setTimeout as sleep } from 'node:timers/promises';
import * as mysql2 from 'mysql2';
import * as driver from 'mysql2/promise';
import { type ClusteredPool, createPool } from '../../src/index.js';
import { type ClusteredPromisePool, createPool as createPromisePool } from '../../src/promise.js';
import type { TestCluster } from '../../src/testing/index.js';
import { poolOptions, untilReplicas, withBenchCluster } from './bench-cluster.js';
import type { BenchOptions } from './bench-options.js';
import { type Comparison, comparePools, ratioText } from './compare-pools.js';
import { callbackContender, type PointStyle, promiseContender } from './point-contenders.js';
import type { Row } from './row.js';

const CONCURRENCY = [1, 10, 64] as const;
const CALLBACK_BAR = 1.08;
const PROMISE_BAR = 0.92;
const IDLE_MS = 3000;
/** A reference that differs by more from itself makes a ratio doubtful. */
const NOISE = 0.03;
/** Queries a round for each one in flight: the beginning and the end of a round are not at full concurrency. */
const QUERIES_PER_FLIGHT = 10;

interface Pools {
  readonly mysql2: mysql2.Pool;
  readonly mysql2Promise: driver.Pool;
  readonly ours: ClusteredPool;
  readonly oursPromise: ClusteredPromisePool;
}

/**
 * Node CPU per point select, ours against mysql2's own pools. Our reads go to the one replica of a cluster, and mysql2's
 * pools to that same replica: the servers do the same work.
 */
export function pointSelect(options: BenchOptions): Promise<Row[]> {
  return withBenchCluster({ replicas: 1, relay: false }, async (cluster) => {
    const pools = openPools(cluster);
    try {
      await pools.ours.cluster.ready();
      await untilReplicas(pools.ours, 1);
      const idle = await idleRow();
      const rows = await compareAll(pools, options);
      return [...rows, idle, strayRow([pools.ours, pools.oursPromise])];
    } finally {
      await Promise.all([pools.mysql2Promise.end(), pools.oursPromise.end(), end(pools.mysql2), end(pools.ours)]);
    }
  });
}

function openPools(cluster: TestCluster): Pools {
  const { user, password, database, replicas } = cluster;
  const [replica] = replicas;
  if (replica === undefined) throw new Error('the cluster has no replica');
  const direct = { host: replica.host, port: replica.port, user, password, database, connectionLimit: 10 };
  const clustered = poolOptions(cluster, { consistency: 'eventual' });
  return {
    mysql2: mysql2.createPool(direct),
    mysql2Promise: driver.createPool(direct),
    ours: createPool(clustered),
    oursPromise: createPromisePool(clustered),
  };
}

async function compareAll(pools: Pools, { rounds, queries }: BenchOptions): Promise<Row[]> {
  const rows: Row[] = [];
  const add = async (name: string, comparison: Comparison, bar?: number): Promise<void> => {
    const operations = Math.max(queries, comparison.concurrency * QUERIES_PER_FLIGHT);
    const found = await comparePools(comparison, { rounds, operations });
    const noisy = Math.abs(found.noise - 1) > NOISE;
    rows.push({
      measure: name,
      value: found.ratio,
      unit: '',
      ...(bar && { bar }),
      detail: ratioText(found),
      noisy,
      figures: found,
    });
  };
  for (const concurrency of CONCURRENCY) {
    const style = { concurrency, protocol: 'query' } as const;
    await add(`Node CPU, callback pool : mysql2's, concurrency ${concurrency}`, callbacks(pools, style), CALLBACK_BAR);
  }
  for (const concurrency of CONCURRENCY) {
    const style = { concurrency, protocol: 'query' } as const;
    await add(`Node CPU, promise pool : mysql2's, concurrency ${concurrency}`, promises(pools, style), PROMISE_BAR);
  }
  const prepared = { concurrency: 10, protocol: 'execute' } as const;
  await add("Node CPU of execute(), callback pool : mysql2's, concurrency 10", callbacks(pools, prepared));
  await add("Node CPU of execute(), promise pool : mysql2's, concurrency 10", promises(pools, prepared));
  return rows;
}

function callbacks(pools: Pools, style: PointStyle): Comparison {
  return {
    concurrency: style.concurrency,
    reference: callbackContender('mysql2', pools.mysql2, style),
    ours: callbackContender('ours', pools.ours, style),
  };
}

function promises(pools: Pools, style: PointStyle): Comparison {
  return {
    concurrency: style.concurrency,
    reference: promiseContender('mysql2', pools.mysql2Promise, style),
    ours: promiseContender('ours', pools.oursPromise, style),
  };
}

// The probes also run while mysql2's turn is measured: what they cost is told apart.
async function idleRow(): Promise<Row> {
  const before = process.cpuUsage();
  await sleep(IDLE_MS);
  const { user, system } = process.cpuUsage(before);
  const value = (user + system) / IDLE_MS;
  return {
    measure: 'Node CPU of probing two nodes',
    value,
    unit: 'ms/s',
    detail: `over ${IDLE_MS} ms without queries`,
  };
}

function strayRow(pools: readonly (ClusteredPool | ClusteredPromisePool)[]): Row {
  const nodes = pools.flatMap(({ cluster }) => cluster.status().nodes);
  const count = (wanted: boolean): number =>
    nodes
      .filter(({ role }) => (role === 'replica') === wanted)
      .reduce((sum, { traffic }) => sum + traffic.reads + traffic.writes, 0);
  const detail = `${count(true)} ran on the replica`;
  return { measure: 'point selects of ours that left the replica', value: count(false), unit: '', detail };
}

function end(pool: mysql2.Pool): Promise<void> {
  return new Promise((resolve, reject) => {
    pool.end((error) => (error ? reject(error) : resolve()));
  });
}
