import { createConnection, type Pool, type QueryError, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll } from 'vitest';
import type { ClusterPoolOptions } from '../../../src/index.js';
import type { ClusterOptions as CoreOptions } from '../../../src/options.js';
import { type ClusteredPromisePool, createPool } from '../../../src/promise.js';
import {
  type ClusterOptions,
  type FlavorName,
  startCluster,
  type TestCluster,
  type TestNode,
} from '../../../src/testing/index.js';

/** Bound of one test, in ms: a slow machine is no failure. */
export const TEST_MS = 120_000;

const END_MS = 20_000;

/** What tests have open: a wait that fails tells how their clusters look. */
const watched = new Set<Watched>();

type Watched = Pick<ClusteredPromisePool, 'cluster'>;

function isWatched(value: unknown): value is Watched {
  return typeof (value as Partial<Watched> | undefined)?.cluster?.status === 'function';
}

/** A cluster for one file, with what its tests opened on it: all is ended also when a test fails. */
export class Lab {
  #cluster: TestCluster | undefined;
  #galera = false;
  readonly #open: (() => unknown)[] = [];

  get cluster(): TestCluster {
    if (!this.#cluster) throw new Error('the cluster has not been started');
    return this.#cluster;
  }

  get primary(): TestNode {
    return this.cluster.primary;
  }

  /** The replica with that index. */
  replica(index: number): TestNode {
    const node = this.cluster.replicas[index];
    if (!node) throw new Error(`no replica ${index}`);
    return node;
  }

  async start(options: ClusterOptions): Promise<void> {
    this.#galera = options.galera ?? false;
    this.#cluster = await startCluster({ install: true, ...options });
  }

  async stop(): Promise<void> {
    await this.endAll();
    await this.#cluster?.stop();
  }

  /** Has `end` called after the test. */
  use<T>(value: T, end: (value: T) => unknown): T {
    this.#open.push(() => end(value));
    if (isWatched(value)) watched.add(value);
    return value;
  }

  /** Bounded: what does not end fails its own test, not the rest of the file. */
  async endAll(): Promise<void> {
    watched.clear();
    const ends = Promise.allSettled(this.#open.splice(0).map(async (end) => end()));
    await Promise.race([ends, pause(END_MS)]);
  }

  /** The options of an application on this cluster. */
  options(cluster: CoreOptions = {}, outer: Omit<ClusterPoolOptions, 'cluster'> = {}): ClusterPoolOptions {
    const { user, password, database, nodes } = this.cluster;
    const seeds = nodes.map((node) => node.address);
    return { user, password, database, ...outer, cluster: { nodes: seeds, ...cluster } };
  }

  /** A promise pool on the cluster, with its roles known, and how far behind replicas may be that replicate. */
  async pool(
    cluster: CoreOptions = {},
    outer: Omit<ClusterPoolOptions, 'cluster'> = {},
  ): Promise<ClusteredPromisePool> {
    const pool = this.use(createPool(this.options(cluster, outer)), (opened) => opened.end());
    await pool.cluster.ready(30_000);
    const running = this.cluster.nodes.filter((node) => node.state === 'running').length;
    await until(() => upNodes(pool) === running && isMeasured(pool));
    return pool;
  }

  /**
   * Makes `shop.whoami`, whose one row is another on each node: a plain read of it tells where it ran, and so does a write that
   * copies it.
   */
  async mark(): Promise<void> {
    const { cluster } = this;
    await cluster.query(cluster.primary, 'CREATE TABLE IF NOT EXISTS shop.whoami (name VARCHAR(20) PRIMARY KEY)');
    await cluster.waitForReplication();
    for (const node of cluster.nodes)
      await this.asRoot(node, markStatements(node.name, this.#galera ? 'galera' : cluster.flavor));
  }

  /** Runs statements as root on one connection to one node, past its relay. */
  async asRoot(node: TestNode, statements: readonly string[]): Promise<RowDataPacket[][]> {
    const { user, password } = this.cluster.credentials.root;
    const connection = await createConnection({ host: node.host, port: node.serverPort, user, password });
    try {
      const answers: RowDataPacket[][] = [];
      for (const sql of statements) answers.push((await connection.query<RowDataPacket[]>(sql))[0]);
      return answers;
    } finally {
      connection.destroy();
    }
  }
}

function markStatements(name: string, flavor: FlavorName | 'galera'): readonly string[] {
  if (flavor === 'galera') return ['SET SESSION wsrep_on = OFF', ...whoamiStatements(name)];
  // MariaDB has no super_read_only: root writes all the same.
  if (flavor === 'mariadb') return ['SET sql_log_bin = 0', ...whoamiStatements(name)];
  return [
    'SET sql_log_bin = 0',
    'SET @writable = @@global.super_read_only = 0',
    'SET GLOBAL super_read_only = 0',
    ...whoamiStatements(name),
    'SET GLOBAL read_only = NOT @writable',
    'SET GLOBAL super_read_only = NOT @writable',
  ];
}

function whoamiStatements(name: string): readonly string[] {
  return ['DELETE FROM shop.whoami', `INSERT INTO shop.whoami VALUES ('${name}')`];
}

/** Starts the cluster of this file before its tests and ends it after them. */
export function lab(options: ClusterOptions = {}, prepare: (made: Lab) => Promise<void> = async () => undefined): Lab {
  const made = new Lab();
  beforeAll(async () => {
    await made.start(options);
    await prepare(made);
  });
  afterAll(() => made.stop());
  return made;
}

function upNodes(pool: ClusteredPromisePool): number {
  return pool.cluster.status().nodes.filter((node) => node.health === 'up' && node.role !== 'unknown').length;
}

// A read for which no replica is known to be fresh enough goes to the primary, after a while.
function isMeasured(pool: ClusteredPromisePool): boolean {
  const moving = pool.cluster
    .status()
    .nodes.filter(({ role, replication }) => role === 'replica' && replication === 'running');
  return moving.every(({ lag }) => lag?.high !== null);
}

/** The name of the node that answers `SELECT name FROM whoami`, or another read that gives a `name`. */
export async function nameOf(
  pool: { query: Pool['query'] },
  sql: string | { sql: string; cluster?: object } = 'SELECT name FROM whoami',
): Promise<string> {
  return String((await rowsOf(pool, sql))[0]?.name);
}

/** The rows that a pool or a connection gives for a read. */
export async function rowsOf(
  on: { query: Pool['query'] },
  sql: string | object,
  values?: unknown,
): Promise<RowDataPacket[]> {
  return (await on.query<RowDataPacket[]>(sql as string, values as never))[0];
}

/** The names of the nodes that answered `count` reads; of more reads, for at most 30 s, while they are fewer than `atLeast`. */
export async function namesOf(ask: () => Promise<string>, count = 60, atLeast = 0): Promise<string[]> {
  const names = new Set<string>();
  const end = Date.now() + 30_000;
  for (let i = 0; i < count || (names.size < atLeast && Date.now() < end); i++) names.add(await ask());
  return [...names].sort();
}

/** The names of the nodes that answer plain reads: chance and one slow answer keep no replica out for long. */
export function readersOf(pool: { query: Pool['query'] }, expected: readonly string[]): Promise<string[]> {
  return namesOf(() => nameOf(pool), 60, expected.length);
}

/** Waits until it holds. */
export async function until(holds: () => unknown, timeoutMs = 30_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`did not come true within ${timeoutMs} ms: ${holds}${seen()}`);
    await pause(10);
  }
}

/** The clusters of all that is watched, a line each for the whole and for every node. */
function seen(): string {
  const lines = [...watched].flatMap(({ cluster }) => {
    const { nodes, ...whole } = cluster.status();
    return [whole, ...nodes];
  });
  return lines.map((line) => `\n  ${JSON.stringify(line)}`).join('');
}

/** What a promise rejects with. Fails when it does not. */
export async function failureOf(promise: Promise<unknown>): Promise<QueryError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: QueryError) => ({ error }),
  );
  if ('error' in outcome) return outcome.error;
  throw new Error(`should have failed, gave ${JSON.stringify(outcome.value)?.slice(0, 200)}`);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** How long it took, in ms, and what came of it. */
export async function timed<T>(task: () => Promise<T>): Promise<{ readonly ms: number; readonly value: T }> {
  const since = performance.now();
  const value = await task();
  return { ms: performance.now() - since, value };
}
