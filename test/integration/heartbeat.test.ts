import { afterEach, expect, it } from 'vitest';
import { createPool } from '../../src/promise.js';
import type { TestNode } from '../../src/testing/index.js';
import { type ClaimedRead, ClaimedReads } from '../support/claimed-reads.js';
import { Stamps } from '../support/stamps.js';
import { type Lab, lab, nameOf, namesOf, pause, TEST_MS, until } from './support/lab.js';

const BEAT_MS = 100;
const READS = 400;
const OPTIONS = { kind: 'gtid-replication', heartbeat: { table: 'shop.heartbeat' }, consistency: 'eventual' } as const;

const here = lab({}, async (made) => {
  await made.mark();
  const { cluster, primary } = made;
  await cluster.query(
    primary,
    'CREATE TABLE shop.heartbeat (ts VARCHAR(26) NOT NULL, server_id INT UNSIGNED PRIMARY KEY)',
  );
  await cluster.query(primary, 'CREATE TABLE shop.stamp (id INT PRIMARY KEY, n BIGINT NOT NULL)');
  await withoutGtids(made);
});
const delayed = (): TestNode => here.replica(0);

// The steps of the manual's "Disabling GTID Transactions Online".
async function withoutGtids(made: Lab): Promise<void> {
  const { cluster, primary } = made;
  await cluster.waitForReplication();
  const [at] = await cluster.query(primary, 'SHOW BINARY LOG STATUS');
  for (const node of cluster.replicas) {
    await made.asRoot(node, [
      'STOP REPLICA',
      `CHANGE REPLICATION SOURCE TO SOURCE_AUTO_POSITION = 0, SOURCE_LOG_FILE = '${at?.File}', SOURCE_LOG_POS = ${at?.Position}`,
      'START REPLICA',
    ]);
  }
  for (const mode of ['ON_PERMISSIVE', 'OFF_PERMISSIVE', 'OFF']) {
    for (const node of cluster.nodes) await cluster.query(node, `SET GLOBAL gtid_mode = ${mode}`);
  }
}

/** Moves the primary's row as pt-heartbeat does, from another process's clock. */
function beat(): void {
  let beating = true;
  const ended = (async () => {
    const sql = 'REPLACE INTO shop.heartbeat (ts, server_id) VALUES (?, @@server_id)';
    for (; beating; await pause(BEAT_MS)) {
      await here.cluster.query(here.primary, sql, [new Date().toISOString().slice(0, 23)]);
    }
  })();
  here.use(undefined, () => {
    beating = false;
    return ended;
  });
}

afterEach(async () => {
  await here.endAll();
  await here.cluster.setDelay(delayed(), 0);
});

it('without GTIDs no read is older than the bound that the heartbeat gives, and replicas serve', {
  timeout: TEST_MS,
}, async () => {
  beat();
  const stamps = here.use(await Stamps.start(here.cluster, 250), (started) => started.stop());
  await here.cluster.setDelay(delayed(), 1);
  const reads = here.use(new ClaimedReads(here.cluster, { ...OPTIONS, maxLagMs: 5000, balance: 'random' }), (opened) =>
    opened.close(),
  );
  const done: ClaimedRead[] = [];
  const late: unknown[] = [];
  const end = performance.now() + 30_000;
  const served = (node: TestNode): number => done.filter((read) => read.node === node.address).length;
  while ((served(delayed()) < READS || served(here.replica(1)) < READS) && performance.now() < end) {
    const read = await reads.read();
    done.push(read);
    const must = stamps.newestAt(read.allUntil);
    if (read.seen < must) late.push({ ...read, must });
    await pause(1);
  }
  expect(late.slice(0, 3)).toEqual([]);
  expect(served(delayed())).toBeGreaterThanOrEqual(READS);
  expect(served(here.replica(1))).toBeGreaterThanOrEqual(READS);
});

it('a replica that is late by its heartbeat is left out', {
  timeout: TEST_MS,
}, async () => {
  await here.cluster.setDelay(delayed(), 5);
  beat();
  const pool = await here.pool({ ...OPTIONS, maxLagMs: 2500, consistencyWaitMs: 0 });
  const lagOf = (node: TestNode) => pool.cluster.status().nodes.find(({ address }) => address === node.address)?.lag;
  await until(() => (lagOf(delayed())?.low ?? 0) > 2500);
  expect(lagOf(delayed())?.source).toBe('heartbeat');
  expect(await namesOf(() => nameOf(pool))).toEqual([here.replica(1).name]);
});

it('a table that is not there is warned of, and reads go on by what the server says', {
  timeout: TEST_MS,
}, async () => {
  const warnings: string[] = [];
  const options = here.options({ ...OPTIONS, heartbeat: { table: 'shop.nowhere' } });
  const pool = here.use(createPool(options), (opened) => opened.end());
  pool.cluster.on('warning', ({ message }) => warnings.push(message));
  await until(() => warnings.some((message) => message.includes('SELECT on shop.nowhere')));
  await until(async () => (await nameOf(pool)) !== here.primary.name);
});

it('an account that may read them tells lag by commit timestamps where no heartbeat is named', {
  timeout: TEST_MS,
}, async () => {
  const { user, password } = here.cluster.credentials.root;
  here.use(await Stamps.start(here.cluster, 100), (started) => started.stop());
  await here.cluster.setDelay(delayed(), 3);
  const pool = await here.pool({ kind: 'gtid-replication', maxLagMs: 2500, monitor: { user, password } });
  const lagOf = (node: TestNode) => pool.cluster.status().nodes.find(({ address }) => address === node.address)?.lag;
  await until(() => (lagOf(delayed())?.high ?? 0) > 2800 && lagOf(delayed())?.source === 'commit-timestamps');
  await until(() => (lagOf(here.replica(1))?.high ?? 2500) < 1500);
  expect(lagOf(here.replica(1))?.source).toBe('commit-timestamps');
  expect(
    await namesOf(() => nameOf(pool, { sql: 'SELECT name FROM whoami', cluster: { consistency: 'eventual' } })),
  ).toEqual([here.replica(1).name]);
});
