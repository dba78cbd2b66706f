import type { RowDataPacket } from 'mysql2/promise';
import { afterEach, describe, expect, it } from 'vitest';
import type { ClusterKind } from '../../src/cluster-kind.js';
import { askAgain } from '../../src/probes/ask-variables.js';
import { probeOf } from '../../src/probes/probe-of.js';
import type { TestNode } from '../../src/testing/index.js';
import { type Lab, lab, pause, TEST_MS, until } from './support/lab.js';

const WATCHER = { user: 'watcher', password: 'watcher-password' };
const INTERVAL_MS = 500;
const MEASURED_MS = 8_000;
const MOST_A_SECOND = 4;

describe('the probes of a process', { timeout: TEST_MS }, () => {
  const here = lab({ replicas: 2 }, async ({ cluster, primary }) => {
    const grants = 'REPLICATION CLIENT, REPLICATION SLAVE ON *.*';
    await cluster.query(primary, 'CREATE TABLE shop.t (id INT PRIMARY KEY)');
    await cluster.query(primary, `CREATE USER '${WATCHER.user}'@'%' IDENTIFIED BY '${WATCHER.password}'`);
    await cluster.query(primary, `GRANT ${grants} TO '${WATCHER.user}'@'%'`);
    await cluster.waitForReplication();
  });
  afterEach(() => here.endAll());

  const options = { monitor: { ...WATCHER, intervalMs: INTERVAL_MS } };

  it('are two statements a tick on one connection a node, also with several pools', async () => {
    const pool = await here.pool(options);
    await here.pool({ ...options, maxLagMs: 5000 });
    // The first ticks look around: at SHOW REPLICAS, at the number of sessions.
    await pause(2_000);
    const before = await Promise.all(here.cluster.nodes.map((node) => statementsOn(here, node)));
    const since = performance.now();
    let connections: number[] = [];
    while (performance.now() - since < MEASURED_MS) {
      await pool.query('SELECT id FROM t');
      connections = await Promise.all(here.cluster.nodes.map((node) => connectionsTo(here, node)));
      expect(connections).toEqual([1, 1, 1]);
    }
    const after = await Promise.all(here.cluster.nodes.map((node) => statementsOn(here, node)));
    const seconds = (performance.now() - since) / 1000;
    for (const [at, { all, shows }] of after.entries()) {
      const made = all - before[at]!.all;
      // One tick more than fit may fall into the time.
      expect(made).toBeLessThanOrEqual(MOST_A_SECOND * seconds + 2);
      expect(made).toBeGreaterThanOrEqual((MOST_A_SECOND * seconds) / 2);
      expect(shows - before[at]!.shows).toBe(0);
    }
  });

  it('have a second connection only while somebody waits for a replica', async () => {
    const pool = await here.pool(options);
    const replicas = here.cluster.replicas;
    const most = async (): Promise<number> =>
      Math.max(...(await Promise.all(replicas.map((node) => connectionsTo(here, node)))));
    // Those of the test before may just be ending.
    await until(async () => (await most()) === 1);
    // A read of what was just written waits for a replica to have it.
    for (let id = 1; id <= 20; id++) {
      await pool.query('INSERT INTO t VALUES (?)', [id]);
      await pool.query('SELECT id FROM t');
    }
    expect(await most()).toBe(2);
    expect(await connectionsTo(here, here.primary)).toBe(1);
    await until(async () => (await most()) === 1);
  });

  it('know how many sessions each node has', async () => {
    const pool = await here.pool(options);
    const sessions = (): (number | undefined)[] => pool.cluster.status().nodes.map((node) => node.sessions);
    await until(() => sessions().every((count) => count !== undefined));
    for (const count of sessions()) {
      expect(count).toBeGreaterThanOrEqual(1);
      expect(count).toBeLessThan(100);
    }
  });

  it('warn once of each node whose GTIDs are large', async () => {
    const pool = await here.pool(options);
    const warnings: { readonly code: string; readonly message: string }[] = [];
    pool.cluster.on('warning', (warning) => warnings.push(warning));
    const gaps = Array.from({ length: 3_000 }, (_, at) => 2 * at + 1).join(':');
    for (const node of here.cluster.nodes) {
      await here.asRoot(node, [`SET GLOBAL gtid_purged = '+11111111-2222-3333-4444-555555555555:${gaps}'`]);
    }
    await until(() => warnings.length === 3);
    await pause(4 * INTERVAL_MS);
    expect(warnings.map(({ code }) => code)).toEqual(Array(3).fill('LARGE_GTID_SET'));
    for (const node of here.cluster.nodes) {
      expect(warnings.filter(({ message }) => message.includes(node.address))).toHaveLength(1);
    }
    expect(warnings[0]?.message).toMatch(/has 1\d{4} bytes \(2 UUIDs in 300\d intervals\)/);
  });
});

describe('variables asked for by name', { timeout: TEST_MS }, () => {
  describe('MySQL', () => {
    const here = lab({ replicas: 1, semiSync: true });
    it('read as SHOW gives them', () => compareForms(here, 'gtid-replication'));
  });
  describe('MariaDB', () => {
    const here = lab({ replicas: 1, flavor: 'mariadb' });
    it('read as SHOW gives them', () => compareForms(here, 'mariadb-replication'));
  });
});

async function compareForms(here: Lab, kind: ClusterKind): Promise<void> {
  for (const node of here.cluster.nodes) {
    const [sample] = probeOf(kind).queries({ tick: 0, last: undefined, version: node.version, heartbeat: undefined });
    const [shown = []] = await here.asRoot(node, [sample!.sql]);
    expect(shown.length).toBeGreaterThan(8);
    const again = askAgain(shown);
    const [selected = []] = await here.asRoot(node, [again!.sql]);
    expect(again?.rows(selected)).toEqual(shown.map(({ Variable_name, Value }) => ({ Variable_name, Value })));
  }
}

/** What the account of the probes has sent to a node so far. */
async function statementsOn(here: Lab, node: TestNode): Promise<{ readonly all: number; readonly shows: number }> {
  const [rows = []] = await here.asRoot(node, [
    `SELECT event_name AS name, count_star AS times
     FROM performance_schema.events_statements_summary_by_user_by_event_name
     WHERE user = '${WATCHER.user}' AND event_name LIKE 'statement/sql/%'`,
  ]);
  const count = (wanted: (name: string) => boolean): number =>
    rows.reduce((sum, row) => (wanted(String(row.name)) ? sum + Number(row.times) : sum), 0);
  return { all: count(() => true), shows: count((name) => name.endsWith('/show_variables')) };
}

async function connectionsTo(here: Lab, node: TestNode): Promise<number> {
  const [rows = []] = await here.asRoot(node, [
    `SELECT COUNT(*) AS count FROM performance_schema.processlist WHERE user = '${WATCHER.user}'`,
  ]);
  return Number((rows[0] as RowDataPacket | undefined)?.count);
}
