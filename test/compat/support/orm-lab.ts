import type { RowDataPacket } from 'mysql2/promise';
import { afterAll, expect } from 'vitest';
import type { ClusterStatus } from '../../../src/api/status.js';
import { type ClusteredConnection, type ClusterPoolOptions, createConnection } from '../../../src/index.js';
import type { TestNode } from '../../../src/testing/index.js';
import { failureOf, type Lab, lab, until } from '../../integration/support/lab.js';
import { type OrmActs, OrmLoad } from './orm-load.js';

/** What the servers say that the application ran on them. */
export interface Served {
  /** Plain and locking SELECTs. */
  readonly replicaReads: number;
  readonly primaryReads: number;
  /** Changes of rows and of the schema. */
  readonly primaryWrites: number;
  readonly replicaWrites: number;
}

// The digests tell prepared statements apart, whose events have one name; the events tell who sent them, so that what a replica
// applies is not taken for the application's.
const READS = `SELECT COALESCE(SUM(COUNT_STAR), 0) AS n FROM performance_schema.events_statements_summary_by_digest
  WHERE SCHEMA_NAME = 'shop' AND DIGEST_TEXT REGEXP '^(EXECUTE )?[( ]*(SELECT|WITH) '`;
const EXECUTED_WRITES = `SELECT COALESCE(SUM(COUNT_STAR), 0) AS n FROM performance_schema.events_statements_summary_by_digest
  WHERE SCHEMA_NAME = 'shop' AND DIGEST_TEXT REGEXP '^EXECUTE (INSERT|UPDATE|DELETE|REPLACE) '`;
const WRITES = `SELECT COALESCE(SUM(COUNT_STAR), 0) AS n FROM performance_schema.events_statements_summary_by_account_by_event_name
  WHERE USER = 'app' AND EVENT_NAME REGEXP '^statement/sql/(insert|update|delete|replace|create|alter|drop|truncate|rename)'`;

// A server answers a statement shortly before it counts it.
const UNCOUNTED = `SELECT COUNT(*) AS n FROM performance_schema.events_statements_current
  JOIN performance_schema.threads USING (THREAD_ID) WHERE PROCESSLIST_USER = 'app' AND END_EVENT_ID IS NULL`;

/** A cluster for the tests of one ORM, and what its servers say of them. */
export class OrmLab {
  readonly here: Lab;
  #watcher: ClusteredConnection | undefined;

  constructor() {
    this.here = lab({ semiSync: true }, (made) => this.#prepare(made));
    afterAll(() => new Promise<void>((resolve) => (this.#watcher ? this.#watcher.end(() => resolve()) : resolve())));
  }

  /** Of an application, in no hurry: that a read waits for its replica is no reason to run on the primary. */
  options(): ClusterPoolOptions {
    const { root } = this.here.cluster.credentials;
    return this.here.options({ maxLagMs: 60_000, consistencyWaitMs: 30_000, monitor: root });
  }

  /** Expects reads to have been counted, and none to have been a write. By default of all connections that an ORM has created. */
  expectNoneMisrouted(status: ClusterStatus = this.#watched()): void {
    expect(status.nodes.reduce((sum, { traffic }) => sum + traffic.reads, 0)).toBeGreaterThan(20);
    expect([status.totals.misrouted, status.misrouted]).toEqual([0, []]);
  }

  // They share their counters, and any of them tells.
  #watched(): ClusterStatus {
    if (!this.#watcher) throw new Error('the cluster has not been started');
    return this.#watcher.cluster.status();
  }

  /** What the servers ran for the application during the task. */
  async served(task: () => Promise<unknown>): Promise<Served> {
    const before = await this.#counts();
    await task();
    const after = await this.#counts();
    return {
      replicaReads: after.replicaReads - before.replicaReads,
      primaryReads: after.primaryReads - before.primaryReads,
      primaryWrites: after.primaryWrites - before.primaryWrites,
      replicaWrites: after.replicaWrites - before.replicaWrites,
    };
  }

  /**
   * Kills the primary under a load of all acts, promotes another, and goes on. Expects that nothing was lost or doubled, no read
   * failed, and only writes under way did.
   */
  async survives(...all: readonly OrmActs[]): Promise<void> {
    const { cluster } = this.here;
    expect((await this.#counts()).replicaWrites).toBe(0);
    const load = new OrmLoad(all);
    try {
      await until(() => load.isBeyond(20));
      await cluster.kill(cluster.primary);
      await cluster.promote();
      load.mark();
      await until(() => load.isBeyond(20), 60_000);
    } finally {
      await load.stop();
    }
    const rows = await cluster.query<RowDataPacket[]>(
      cluster.primary,
      'SELECT id, COUNT(*) AS n FROM shop.written GROUP BY id',
    );
    load.check(new Map(rows.map(({ id, n }) => [Number(id), Number(n)])));
  }

  /** Aborts a read on a replica and one on the primary, by a signal around the ORM's call. Expects both to end, on the server too. */
  async cancels(run: (sql: string) => PromiseLike<unknown>): Promise<void> {
    const { cluster } = this.here;
    const running = "SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(30) AS unwanted%'";
    const count = async (): Promise<number> => {
      const found = await Promise.all(cluster.nodes.map((node) => cluster.query<RowDataPacket[]>(node, running)));
      return found.flat().length;
    };
    for (const lock of ['', ' FOR UPDATE']) {
      const abort = new AbortController();
      const sent = this.#watcher?.cluster.with({ signal: abort.signal }, async () =>
        run(`SELECT SLEEP(30) AS unwanted FROM whoami${lock}`),
      );
      const failed = failureOf(Promise.resolve(sent));
      await until(async () => (await count()) === 1);
      abort.abort(new Error('nobody waits for it'));
      const error = await failed;
      expect(`${error} ${error.cause}`).toContain('nobody waits for it');
      await until(async () => (await count()) === 0, 5000);
    }
  }

  async #prepare(made: Lab): Promise<void> {
    await made.mark();
    // Without a key: a write that ran twice is there twice.
    await made.cluster.query(made.primary, 'CREATE TABLE shop.written (id INT NOT NULL)');
    await made.cluster.waitForReplication();
    this.#watcher = createConnection(this.options());
    await until(() => this.#watched().nodes.filter(({ health }) => health === 'up').length === 3);
  }

  async #counts(): Promise<Served> {
    const { primary, replicas } = this.here.cluster;
    const ask = async (nodes: readonly TestNode[], ...questions: readonly string[]): Promise<number> => {
      let sum = 0;
      for (const node of nodes)
        for (const sql of questions) sum += Number((await this.here.cluster.query(node, sql))[0]?.n);
      return sum;
    };
    await until(async () => (await ask([primary, ...replicas], UNCOUNTED)) === 0);
    return {
      replicaReads: await ask(replicas, READS),
      primaryReads: await ask([primary], READS),
      primaryWrites: await ask([primary], WRITES, EXECUTED_WRITES),
      replicaWrites: await ask(replicas, WRITES, EXECUTED_WRITES),
    };
  }
}
