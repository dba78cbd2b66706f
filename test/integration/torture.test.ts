import fc from 'fast-check';
import {
  type Connection,
  createConnection,
  type FieldPacket,
  type QueryError,
  type RowDataPacket,
} from 'mysql2/promise';
import { describe, expect, it } from 'vitest';
import type { ClusteredPromisePool, ClusteredPromisePoolConnection } from '../../src/promise.js';
import { count } from '../support/counts.js';
import { lab, TEST_MS } from './support/lab.js';
import { type Act, actsOf, BEGIN_READ_ONLY } from './support/session-acts.js';

/**
 * Random sequences on one logical connection of a cluster and on one plain connection of mysql2 to its primary: each
 * statement gives the same on both. Each side has schemas of its own, `{A}` and `{B}` in the texts.
 */
const SEQUENCES = count(2000, 40_000);
const LONGEST = 14;
const WORKERS = 4;
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);

const TABLES = [
  'CREATE TABLE {A}.t (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(20), u INT UNIQUE)',
  'CREATE TABLE {B}.t (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(20), u INT UNIQUE)',
  'CREATE PROCEDURE {A}.p(IN x INT) BEGIN SELECT x AS x; UPDATE {A}.t SET v = x WHERE id = 1; END',
];

interface Schemas {
  readonly A: string;
  readonly B: string;
}

const schemasOf = (side: string, worker: number): Schemas => ({ A: `${side}_a${worker}`, B: `${side}_b${worker}` });

function fill(sql: string, { A, B }: Schemas): string {
  return sql.replaceAll('{A}', A).replaceAll('{B}', B);
}

const ALL = Array.from({ length: WORKERS }, (_, worker) =>
  ['plain', 'ours'].map((side) => schemasOf(side, worker)),
).flat();

const here = lab({ databases: ['shop', ...ALL.flatMap(({ A, B }) => [A, B])] }, async (made) => {
  for (const schemas of ALL) for (const sql of TABLES) await made.cluster.query(made.primary, fill(sql, schemas));
  await made.cluster.waitForReplication();
});

/** One of the two that are compared. */
class Side {
  readonly schemas: Schemas;
  readonly #connection: Connection | ClusteredPromisePoolConnection;

  constructor(connection: Connection, schemas: Schemas) {
    this.#connection = connection;
    this.schemas = schemas;
  }

  /** What the statement gave, as text in which both sides' schemas have one name. */
  async tell({ sql, values, prepared }: Act): Promise<string> {
    const text = fill(sql, this.schemas);
    // What mysql2 prepared before a USE it would run in the old schema.
    if (prepared && this.schemas.A.startsWith('plain')) this.#connection.unprepare(text);
    const told = await (prepared ? this.#connection.execute(text, values) : this.#connection.query(text, values)).then(
      ([result, fields]) => answerOf(result, fields),
      ({ errno, code, message }: QueryError) => ({
        failed: errno ?? code ?? message,
      }),
    );
    return JSON.stringify(told).replaceAll(this.schemas.A, '{A}').replaceAll(this.schemas.B, '{B}');
  }
}

// A write in a READ ONLY transaction, on a server that is writable and on one that is not.
const REFUSALS = new Set([1290, 1792]);

function answerOf(result: unknown, fields: FieldPacket[] | FieldPacket[][]): unknown {
  if (!Array.isArray(result)) {
    const { affectedRows, insertId, info, warningStatus } = result as Record<string, unknown>;
    return { affectedRows, insertId, info, warningStatus };
  }
  const several = fields.length > 0 && fields.every((list) => list === undefined || Array.isArray(list));
  if (several) return result.map((one, at) => answerOf(one, (fields[at] ?? []) as FieldPacket[]));
  return {
    rows: result.map(aliked),
    fields: (fields as FieldPacket[]).map(({ name, columnType }) => [name, columnType]),
  };
}

// SHOW WARNINGS shows such a write as the server refused it.
function aliked(row: RowDataPacket): unknown {
  return REFUSALS.has(row.Code) ? { Code: 'refused' } : row;
}

/** A worker's two sides, as new, with equal tables. */
async function freshSides(
  pool: ClusteredPromisePool,
  worker: number,
): Promise<{ sides: [Side, Side]; release: () => void }> {
  const { host, port } = here.primary;
  const { user, password } = here.cluster;
  const [one, two] = [schemasOf('plain', worker), schemasOf('ours', worker)];
  const plain = await createConnection({ host, port, user, password, database: one.A, multipleStatements: true });
  const ours = await pool.getConnection();
  await ours.reset();
  await ours.query(`USE ${two.A}`);
  const sides: [Side, Side] = [new Side(plain, one), new Side(ours, two)];
  for (const sql of RESET) await Promise.all(sides.map((side) => side.tell({ sql })));
  return { sides, release: () => void [plain.destroy(), ours.release()] };
}

const RESET = [
  'DELETE FROM {A}.t',
  'DELETE FROM {B}.t',
  "INSERT INTO {A}.t (id, v, u) VALUES (1, 'a', 1), (2, 'b', 2)",
  "INSERT INTO {B}.t (id, v, u) VALUES (1, 'c', 1)",
  // A connection of a pool has had other users, whose last id is its own until there is a new one.
  'SELECT LAST_INSERT_ID(0)',
];

describe('a logical connection on two leases', { timeout: TEST_MS * 20 }, () => {
  it(`gives what one plain connection gives, ${SEQUENCES} sequences, SEED=${SEED}`, async () => {
    const ran = new Map<string, number>();
    const reads = await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker, ran)));
    // Both leases have been used, and each act has been run.
    expect(reads.reduce((sum, one) => sum + one)).toBeGreaterThan(SEQUENCES / 10);
    expect(ran.size).toBe(new Set(actsOf.map(({ sql }) => sql)).size);
  });
});

/** A worker's share, on a pool of its own: what others write is nothing to its reads. Gives how many ran on replicas. */
async function work(worker: number, ran: Map<string, number>): Promise<number> {
  const options = { connectionLimit: 2, multipleStatements: true };
  const pool = await here.pool({ maxLagMs: 10_000, consistencyWaitMs: 1000 }, options);
  const acts = fc.array(fc.constantFrom(...actsOf), { minLength: 1, maxLength: LONGEST });
  // What begins on a replica is seldom drawn.
  const onReplica = acts.map((drawn) => [BEGIN_READ_ONLY, ...drawn]);
  const sequences = fc.oneof({ weight: 3, arbitrary: acts }, { weight: 1, arbitrary: onReplica });
  const property = fc.asyncProperty(sequences, async (drawn) => {
    const { sides, release } = await freshSides(pool, worker);
    try {
      if (drawn[0] === BEGIN_READ_ONLY) await untilReplicaHasAll(pool, sides[1]);
      await compare(sides, drawn, ran);
    } finally {
      release();
    }
  });
  // What a failed sequence has written makes the ids of the next ones differ: the first that fails is the one to look at.
  await fc.assert(property, { numRuns: Math.ceil(SEQUENCES / WORKERS), seed: SEED + worker, endOnFailure: true });
  const replicas = pool.cluster.status().nodes.filter(({ role }) => role === 'replica');
  return replicas.reduce((sum, { traffic }) => sum + traffic.reads, 0);
}

/** Until then a READ ONLY transaction may begin on the primary. */
async function untilReplicaHasAll(pool: ClusteredPromisePool, { schemas }: Side): Promise<void> {
  await pool.query({ sql: `SELECT 1 FROM ${schemas.A}.t`, cluster: { route: 'replica', waitMs: 5000 } });
}

async function compare(sides: readonly [Side, Side], acts: readonly Act[], ran: Map<string, number>): Promise<void> {
  let [readOnly, next, gaveRows] = [false, false, false];
  const done: string[] = [];
  for (const act of acts) {
    if (readOnly && act.binds) continue;
    if (act.afterRows && !(gaveRows && /^SELECT .* FROM .*t\b/.test(done.at(-1) ?? ''))) continue;
    next ||= act.nextReadOnly ?? false;
    if (act.sql === 'COMMIT' || act.sql === 'ROLLBACK') next = false;
    // One that begins without a word about it is READ ONLY as the one that it ends.
    const goesOn = readOnly && /^(?:BEGIN|START TRANSACTION)/.test(act.sql);
    if (act.readOnly !== undefined && !goesOn) readOnly = act.readOnly || next;
    ran.set(act.sql, (ran.get(act.sql) ?? 0) + 1);
    done.push(act.sql);
    const [expected, given] = await Promise.all([sides[0].tell(act), sides[1].tell(act)]);
    expect(given, `after ${done.join('; ')}`).toBe(expected);
    gaveRows = expected.startsWith('{"rows"');
  }
}
