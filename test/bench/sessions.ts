import * as mysql2 from 'mysql2';
import { type ClusteredPool, createPool } from '../../src/index.js';
import type { TestCluster } from '../../src/testing/index.js';
import { idAt, POINT_SELECT, poolOptions, untilReplicas, withBenchCluster } from './bench-cluster.js';
import type { BenchOptions } from './bench-options.js';
import { comparePools, ratioText } from './compare-pools.js';
import type { Contender, RoundOptions } from './cpu-rounds.js';
import type { Row } from './row.js';

const CONCURRENCY = [1, 10, 64] as const;
/** Work a round for each in flight: the beginning and the end of a round are not at full concurrency. */
const WORK_PER_FLIGHT = 10;
const SESSION_BAR = 1.1;
const TRANSACTION_BAR = 1.05;
/** A reference that differs by more from itself makes a ratio doubtful. */
const NOISE = 0.03;
/** Transactions write: each waits for a disk. */
const MOST_ROUNDS = 31;
const STATEMENTS = 1000;

type Done = (error: Error | null) => void;
type Work = (connection: mysql2.PoolConnection, id: number, done: Done) => void;

/** Sessions: what a connection of a pool costs beside one of mysql2's, for one statement and for a transaction. */
export function sessions({ rounds, queries }: BenchOptions): Promise<Row[]> {
  return withBenchCluster({ replicas: 1, relay: false }, async (cluster) => {
    const ours = createPool(poolOptions(cluster, { consistency: 'eventual' }));
    const [onReplica, onPrimary] = [plainPool(cluster, cluster.replicas[0]), plainPool(cluster, cluster.primary)];
    const count = countCommands(ours);
    try {
      await ours.cluster.ready();
      await untilReplicas(ours, 1);
      return [
        ...(await compare('Node CPU of getConnection + query + release', SESSION_BAR, {
          pools: [ours, onReplica],
          work: pointSelect,
          options: { rounds, operations: queries },
        })),
        await extraTrips(ours, count),
        ...(await compare('Node CPU of a transaction of 4 statements', TRANSACTION_BAR, {
          pools: [ours, onPrimary],
          work: transaction,
          options: { rounds: Math.min(rounds, MOST_ROUNDS), operations: queries },
        })),
      ];
    } finally {
      await Promise.all([ours, onReplica, onPrimary].map(end));
    }
  });
}

function plainPool({ user, password, database }: TestCluster, node = { host: '', port: 0 }): mysql2.Pool {
  const { host, port } = node;
  return mysql2.createPool({ host, port, user, password, database, connectionLimit: 10 });
}

interface Compared {
  readonly pools: readonly [mysql2.Pool, mysql2.Pool];
  readonly work: Work;
  readonly options: RoundOptions;
}

/** A row for each concurrency. */
async function compare(measure: string, bar: number, { pools, work, options }: Compared): Promise<Row[]> {
  const [ours, reference] = pools;
  const rows: Row[] = [];
  for (const concurrency of CONCURRENCY) {
    const flight = { work, concurrency };
    const operations = Math.max(options.operations, concurrency * WORK_PER_FLIGHT);
    const found = await comparePools(
      { concurrency, ours: contender('ours', ours, flight), reference: contender('mysql2', reference, flight) },
      { ...options, operations },
    );
    rows.push({
      measure: `${measure} : mysql2's, concurrency ${concurrency}`,
      value: found.ratio,
      unit: '',
      bar,
      detail: ratioText(found),
      noisy: Math.abs(found.noise - 1) > NOISE,
      figures: found,
    });
  }
  return rows;
}

interface Flight {
  readonly work: Work;
  readonly concurrency: number;
}

function contender(name: string, pool: mysql2.Pool, { work, concurrency }: Flight): Contender {
  const run = (operations: number): Promise<void> =>
    new Promise((resolve, reject) => {
      let started = 0;
      let ended = 0;
      const next = (): void => {
        if (started >= operations) return;
        const id = idAt(started++);
        pool.getConnection((failed, connection) => {
          if (failed) return reject(failed);
          work(connection, id, (error) => {
            connection.release();
            if (error) return reject(error);
            if (++ended === operations) resolve();
            else next();
          });
        });
      };
      for (let at = 0; at < concurrency; at++) next();
    });
  return { name, run };
}

const pointSelect: Work = (connection, id, done) => {
  connection.query(POINT_SELECT, [id], (error) => done(error));
};

const transaction: Work = (connection, id, done) => {
  const steps: [string, number[]][] = [
    ['START TRANSACTION', []],
    [POINT_SELECT, [id]],
    ['UPDATE t SET k = k + 1 WHERE id = ?', [id]],
    ['COMMIT', []],
  ];
  const step = (error: Error | null): void => {
    const next = error ? undefined : steps.shift();
    if (next) connection.query(next[0], next[1], step);
    else done(error);
  };
  step(null);
};

/** Counts what is sent on all connections of the pool. */
function countCommands(pool: ClusteredPool): () => number {
  let sent = 0;
  pool.on('connection', (raw) => {
    const counted = raw as unknown as { addCommand(command: unknown): unknown };
    const add = counted.addCommand;
    counted.addCommand = function (command) {
      sent++;
      return add.call(this, command);
    };
  });
  return () => sent;
}

async function extraTrips(pool: ClusteredPool, count: () => number): Promise<Row> {
  const { run } = contender('ours', pool, { work: pointSelect, concurrency: 10 });
  await run(STATEMENTS);
  const before = count();
  await run(STATEMENTS);
  const value = (count() - before - STATEMENTS) / STATEMENTS;
  const detail = `${count() - before} commands for ${STATEMENTS} statements`;
  return { measure: 'extra round trips of a clean session per statement', value, unit: '', bar: 0, detail };
}

function end(pool: mysql2.Pool): Promise<void> {
  return new Promise((resolve, reject) => {
    pool.end((error) => (error ? reject(error) : resolve()));
  });
}
