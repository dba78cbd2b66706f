import { setTimeout as sleep } from 'node:timers/promises';
import { type ClusteredPromisePool, createPool } from '../../src/promise.js';
import type { TestCluster } from '../../src/testing/index.js';
import { poolOptions, withBenchCluster } from './bench-cluster.js';
import type { BenchOptions } from './bench-options.js';
import { PromotionWriter } from './promotion-writer.js';
import type { Row } from './row.js';
import { median } from './spread.js';
import { WritableWatch } from './writable-watch.js';
import { auditWrites, type WriteAudit } from './write-audit.js';

const BAR_MS = 300;
const CALM_MS = 700;
const DEAD_MS = 1000;
const FIRST_WRITE_MS = 20_000;

/** One primary killed. All in ms. */
interface Promotion {
  /** From the end of `promote()` to the first write acknowledged after it began; 0 when that was before its end. */
  readonly afterPromote: number;
  /** From the moment the new primary was seen writable. */
  readonly afterWritable: number;
  readonly afterKill: number;
}

/** Kills the primary under a writer, promotes, and asks when writes went on and whether any were lost or doubled. */
export function promotion({ kills }: BenchOptions): Promise<Row[]> {
  return withBenchCluster({ replicas: 2, relay: false, semiSync: true }, async (cluster) => {
    const { primary, database } = cluster;
    // Not unique: a write that was sent twice shows.
    const columns = 'seq BIGINT AUTO_INCREMENT PRIMARY KEY, id INT NOT NULL, KEY (id)';
    await cluster.query(primary, `CREATE TABLE ${database}.w (${columns})`);
    await cluster.waitForReplication();
    const pool = createPool(poolOptions(cluster));
    try {
      await pool.cluster.ready();
      return await killAndPromote({ cluster, pool }, kills);
    } finally {
      await pool.end();
    }
  });
}

interface Scene {
  readonly cluster: TestCluster;
  readonly pool: ClusteredPromisePool;
}

async function killAndPromote({ cluster, pool }: Scene, kills: number): Promise<Row[]> {
  const writer = new PromotionWriter(pool);
  const found: Promotion[] = [];
  const audits: WriteAudit[] = [];
  for (let kill = 0; kill < kills; kill++) {
    const old = cluster.primary;
    writer.start();
    found.push(await onePromotion(cluster, writer));
    await sleep(CALM_MS);
    await writer.stop();
    // What the survivors have, before the dead one returns.
    audits.push(await auditWrites(cluster, writer.acknowledged));
    await cluster.rebuild(old);
  }
  audits.push(await auditWrites(cluster, writer.acknowledged));
  return [...timeRows(found), ...auditRows(audits, writer)];
}

async function onePromotion(cluster: TestCluster, writer: PromotionWriter): Promise<Promotion> {
  await sleep(CALM_MS);
  const killedAt = performance.now();
  await cluster.kill(cluster.primary);
  await sleep(DEAD_MS);
  const watch = new WritableWatch(cluster);
  try {
    const beganAt = performance.now();
    await cluster.promote();
    const doneAt = performance.now();
    const wroteAt = await writer.firstAfter(beganAt, FIRST_WRITE_MS);
    return {
      afterPromote: Math.max(0, wroteAt - doneAt),
      afterWritable: wroteAt - (watch.writableAt ?? doneAt),
      afterKill: wroteAt - killedAt,
    };
  } finally {
    watch.stop();
  }
}

function timeRows(found: readonly Promotion[]): Row[] {
  const row = (measure: string, pick: (promotion: Promotion) => number, bar?: number): Row => {
    const values = found.map(pick);
    const each = values.map((value) => value.toFixed(0)).join(', ');
    return {
      measure,
      value: median(values),
      unit: 'ms',
      ...(bar && { bar }),
      detail: `each: ${each}`,
      figures: values,
    };
  };
  return [
    row('first write after promote() was done', ({ afterPromote }) => afterPromote, BAR_MS),
    row('first write after the new primary was writable', ({ afterWritable }) => afterWritable, BAR_MS),
    row(`first write after the kill (${DEAD_MS} ms of them without a promotion)`, ({ afterKill }) => afterKill),
  ];
}

function auditRows(audits: readonly WriteAudit[], { writes, acknowledged }: PromotionWriter): Row[] {
  const most = (pick: (audit: WriteAudit) => number): number => Math.max(...audits.map(pick));
  const codes = writes.flatMap(({ error }) =>
    error === undefined ? [] : [(error as { code?: string }).code ?? String(error)],
  );
  const detail = `${acknowledged.length} acknowledged, ${codes.length} failed: ${[...new Set(codes)].join(', ') || 'none'}`;
  return [
    { measure: 'acknowledged writes lost', value: most(({ lost }) => lost), unit: '', bar: 0, detail },
    {
      measure: 'writes doubled',
      value: most(({ doubled }) => doubled),
      unit: '',
      bar: 0,
      detail: 'on any living node',
    },
  ];
}
