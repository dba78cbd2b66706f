import { setTimeout as sleep } from 'node:timers/promises';
import { type ClusteredPromisePool, createPool } from '../../src/promise.js';
import type { TestCluster } from '../../src/testing/index.js';
import { poolOptions, withBenchCluster } from './bench-cluster.js';
import type { BenchOptions } from './bench-options.js';
import { PromotionWriter } from './promotion-writer.js';
import type { Row } from './row.js';
import { median } from './spread.js';
import { WritableWatch } from './writable-watch.js';

const TICK_MS = 500;
const CALM_MS = 1500;
const NOTICE_MS = 10_000;

/** The primary is changed by somebody else: how soon does the process follow, with and without traffic? */
export function noticing({ kills }: BenchOptions): Promise<Row[]> {
  return withBenchCluster({ replicas: 2, relay: false }, async (cluster) => {
    const { primary, database } = cluster;
    await cluster.query(primary, `CREATE TABLE ${database}.w (seq BIGINT AUTO_INCREMENT PRIMARY KEY, id INT NOT NULL)`);
    await cluster.waitForReplication();
    const pool = createPool(poolOptions(cluster, { monitor: { intervalMs: TICK_MS } }));
    try {
      await pool.cluster.ready();
      return [await idle({ cluster, pool }, kills), await busy({ cluster, pool }, kills)];
    } finally {
      await pool.end();
    }
  });
}

interface Scene {
  readonly cluster: TestCluster;
  readonly pool: ClusteredPromisePool;
}

async function idle(scene: Scene, times: number): Promise<Row> {
  const found: number[] = [];
  for (let time = 0; time < times; time++) {
    const { writableAt, noticedAt } = await switchOver(scene);
    found.push(Math.max(0, noticedAt - writableAt));
  }
  return row('a switchover by others noticed without traffic, the worst', found, {
    bar: TICK_MS + 100,
    value: Math.max(...found),
    detail: `from the moment the new primary was seen writable, one probe in ${TICK_MS} ms`,
  });
}

// What the refused statement waits for is the other primary: the time counts from the later of the two.
async function busy(scene: Scene, times: number): Promise<Row> {
  const writer = new PromotionWriter(scene.pool);
  const found: number[] = [];
  for (let time = 0; time < times; time++) {
    writer.start();
    const held = firstHeld(scene.pool);
    const { writableAt, noticedAt } = await switchOver(scene);
    found.push(Math.max(0, noticedAt - Math.max(writableAt, held.at() ?? writableAt)));
    await writer.stop();
  }
  const failed = writer.writes.filter(({ error }) => error !== undefined).length;
  return row('with traffic, after the first refused statement, median', found, {
    bar: 50,
    value: median(found),
    detail: `from the later of it and the new primary being writable; ${writer.acknowledged.length} writes, ${failed} failed`,
  });
}

async function switchOver({ cluster, pool }: Scene): Promise<{ writableAt: number; noticedAt: number }> {
  await sleep(CALM_MS + Math.random() * TICK_MS);
  const watch = new WritableWatch(cluster);
  try {
    const [noticedAt] = await Promise.all([nextPrimary(pool), cluster.switchover()]);
    return { writableAt: watch.writableAt ?? noticedAt, noticedAt };
  } finally {
    watch.stop();
  }
}

function nextPrimary(pool: ClusteredPromisePool): Promise<number> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no new primary was noticed within ${NOTICE_MS} ms`)), NOTICE_MS);
    pool.cluster.once('primaryChanged', () => {
      clearTimeout(late);
      resolve(performance.now());
    });
  });
}

/** When a statement first waited for a primary. */
function firstHeld(pool: ClusteredPromisePool): { at(): number | undefined } {
  const before = pool.cluster.status().totals.held;
  let heldAt: number | undefined;
  const timer = setInterval(() => {
    if (pool.cluster.status().totals.held > before) heldAt ??= performance.now();
  }, 1);
  return {
    at() {
      clearInterval(timer);
      return heldAt;
    },
  };
}

function row(measure: string, figures: readonly number[], rest: Pick<Row, 'bar' | 'value' | 'detail'>): Row {
  const each = figures.map((value) => value.toFixed(0)).join(', ');
  return { measure, unit: 'ms', figures, ...rest, detail: `each: ${each}; ${rest.detail}` };
}
