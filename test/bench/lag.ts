import { createPool } from '../../src/promise.js';
import type { TestCluster } from '../../src/testing/index.js';
import { highAt } from '../../src/topology/lag.js';
import { type ClaimedRead, ClaimedReads } from '../support/claimed-reads.js';
import { Stamps } from '../support/stamps.js';
import { idAt, POINT_SELECT, poolOptions, untilReplicas, withBenchCluster } from './bench-cluster.js';
import type { Row } from './row.js';
import { quantileOf } from './spread.js';

const TICK_MS = 500;
const WRITES_A_SECOND = 250;
const READERS = 4;
const WATCH_MS = 20_000;
const DELAY_S = 5;
const MAX_LAG_MS = 2000;
const PAUSE_MS = 7;

/** How tight the bound of a replica's lag is, and whether it holds. */
export function lag(): Promise<Row[]> {
  return withBenchCluster({ replicas: 2, relay: false }, async (cluster) => [
    ...(await bounds(cluster, 'idle')),
    ...(await underWrites(cluster)),
    await withOneDelayed(cluster),
    await shareOfReplicas(cluster),
  ]);
}

/** `high` of both replicas, over and over, at times that have nothing to do with the ticks. */
async function bounds(cluster: TestCluster, occasion: string): Promise<Row[]> {
  const reads = new ClaimedReads(cluster, { monitor: { intervalMs: TICK_MS } });
  try {
    await untilKnown(reads);
    const highs: number[] = [];
    const end = performance.now() + WATCH_MS;
    while (performance.now() < end) {
      await pause(PAUSE_MS * (0.5 + Math.random()));
      const { topology } = reads.cluster;
      for (const node of topology.replicas) highs.push(highAt(node, topology, performance.now()));
    }
    const detail = `ticks of ${TICK_MS} ms, ${highs.length} looks in ${WATCH_MS / 1000} s`;
    const measure = `high of a healthy replica, ${occasion}`;
    return [
      { measure: `${measure}, median`, value: quantileOf(highs, 0.5), unit: 'ms', bar: TICK_MS + 20, detail },
      { measure: `${measure}, p99`, value: quantileOf(highs, 0.99), unit: 'ms', bar: TICK_MS + 150, detail },
    ];
  } finally {
    await reads.close();
  }
}

async function underWrites(cluster: TestCluster): Promise<Row[]> {
  const stamps = await Stamps.start(cluster, WRITES_A_SECOND);
  try {
    const [rows] = await Promise.all([
      bounds(cluster, `under ${WRITES_A_SECOND} writes/s`),
      readFor(cluster, WATCH_MS, [MAX_LAG_MS]),
    ]);
    // Who asks for the newest has samples taken all the time: that makes the bounds as tight as they get.
    const reads = await readFor(cluster, WATCH_MS, [0, 0, MAX_LAG_MS, MAX_LAG_MS]);
    const wrong = reads.filter((read) => read.seen < stamps.newestAt(read.allUntil));
    const served = reads.filter(({ role }) => role === 'replica').length;
    const detail = `${reads.length} reads, ${served} by replicas, ${stamps.count} writes`;
    const measure = 'reads older than the bound that let them through';
    return [...rows, { measure, value: wrong.length, unit: '', bar: 0, detail }];
  } finally {
    await stamps.stop();
  }
}

async function withOneDelayed(cluster: TestCluster): Promise<Row> {
  const [delayed] = cluster.replicas;
  await cluster.setDelay(delayed!, DELAY_S);
  const stamps = await Stamps.start(cluster, WRITES_A_SECOND);
  try {
    const reads = await readFor(cluster, WATCH_MS, Array(READERS).fill(MAX_LAG_MS));
    const wrong = reads.filter((read) => read.seen < stamps.newestAt(read.begunAt - MAX_LAG_MS));
    const there = reads.filter(({ node }) => node === delayed!.address).length;
    const detail = `${reads.length} reads, ${there} by the delayed replica, maxLagMs ${MAX_LAG_MS}`;
    const measure = `reads older than maxLagMs, one replica ${DELAY_S} s late`;
    return { measure, value: wrong.length, unit: '', bar: 0, detail };
  } finally {
    await stamps.stop();
    await cluster.setDelay(delayed!, 0);
    await cluster.waitForReplication();
  }
}

/** With all defaults: every read has to see what this very pool has written before. */
async function shareOfReplicas(cluster: TestCluster): Promise<Row> {
  const pool = createPool(poolOptions(cluster));
  try {
    await untilReplicas(pool, 2);
    const end = performance.now() + WATCH_MS;
    let written = 0;
    const write = async (): Promise<void> => {
      const begun = performance.now();
      for (let at = begun; at < end; at = performance.now()) {
        await pool.query('UPDATE t SET k = k + 1 WHERE id = ?', [idAt(written)]);
        written++;
        const due = begun + (written * 1000) / WRITES_A_SECOND;
        if (due > performance.now()) await pause(due - performance.now());
      }
    };
    const read = async (): Promise<void> => {
      for (let i = 0; performance.now() < end; i++) {
        await pool.query(POINT_SELECT, [idAt(i)]);
        await pause(1);
      }
    };
    await Promise.all([write(), ...Array.from({ length: READERS }, read)]);
    const counted = { primary: 0, replica: 0, unknown: 0 };
    for (const { role, traffic } of pool.cluster.status().nodes) counted[role] += traffic.reads;
    const share = (100 * counted.primary) / (counted.primary + counted.replica);
    const detail = `${counted.replica} by replicas, ${counted.primary} by the primary, ${written} writes through the same pool`;
    return { measure: 'reads that replicas do not serve, with defaults', value: share, unit: '%', bar: 5, detail };
  } finally {
    await pool.end();
  }
}

/** Reads for so long, one reader for each limit. */
async function readFor(cluster: TestCluster, ms: number, limits: readonly number[]): Promise<readonly ClaimedRead[]> {
  const reads = new ClaimedReads(cluster, { maxLagMs: MAX_LAG_MS, monitor: { intervalMs: TICK_MS } });
  try {
    await untilKnown(reads);
    const done: ClaimedRead[] = [];
    const end = performance.now() + ms;
    const work = async (limit: number): Promise<void> => {
      while (performance.now() < end) {
        done.push(await reads.read(limit));
        await pause(1);
      }
    };
    await Promise.all(limits.map(work));
    return done;
  } finally {
    await reads.close();
  }
}

async function untilKnown({ cluster }: ClaimedReads): Promise<void> {
  const until = performance.now() + 15_000;
  const known = (): number =>
    cluster.topology.replicas.filter(({ lag: { caughtUpTo } }) => caughtUpTo !== undefined).length;
  while (known() < 2) {
    if (performance.now() > until) throw new Error('the lag of the replicas is not known after 15 s');
    await pause(20);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
