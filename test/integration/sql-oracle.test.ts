import { readdirSync, readFileSync } from 'node:fs';
import { type Connection, createConnection, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LexicalOptions } from '../../src/sql/classification.js';
import { classify } from '../../src/sql/classify.js';
import { lab, TEST_MS } from './support/lab.js';

interface Case {
  readonly sql: string;
  readonly options?: LexicalOptions;
  readonly access: string;
}

const folder = new URL('../spec/classify/', import.meta.url);
const cases: readonly Case[] = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .flatMap((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as readonly Case[])
  .filter(({ options }) => options === undefined || isThisServer(options));

const TABLES = ['t', 'u', 'v', 'w', 'a', 'b'];
const REFUSALS = new Set([1290, 1792, 1836]);

const here = lab({ replicas: 1 }, async (made) => {
  const { cluster, primary } = made;
  for (const table of TABLES) {
    const columns = 'id INT PRIMARY KEY AUTO_INCREMENT, a INT, b INT, c INT, d JSON, k INT, name VARCHAR(9)';
    await cluster.query(primary, `CREATE TABLE shop.${table} (${columns}, KEY i (a), KEY j (b))`);
    await cluster.query(primary, `INSERT INTO shop.${table} (a, b) VALUES (1, 2)`);
  }
  await cluster.waitForReplication();
});

/** Cases for MySQL 9 in its default modes: others need servers that are not here. */
function isThisServer({ flavor, serverVersion, sqlMode, charset }: LexicalOptions): boolean {
  return (
    flavor === 'mysql' && serverVersion?.startsWith('9') === true && sqlMode === undefined && charset === undefined
  );
}

async function open(): Promise<Connection> {
  const { host, port } = here.replica(0);
  const { user, password } = here.cluster;
  return createConnection({ host, port, user, password, database: 'shop', multipleStatements: true });
}

/** What a read must leave alone: the transactions, the locks of rows, and the user locks of the replica. */
async function stateOf(): Promise<RowDataPacket | undefined> {
  const rows = await here.cluster.query<RowDataPacket[]>(
    here.replica(0),
    `SELECT @@global.gtid_executed AS gtids,
       (SELECT COUNT(*) FROM performance_schema.data_locks WHERE LOCK_TYPE = 'RECORD' AND OBJECT_SCHEMA = 'shop') AS locks,
       (SELECT COUNT(*) FROM performance_schema.metadata_locks WHERE OBJECT_TYPE = 'USER LEVEL LOCK') AS user_locks`,
  );
  return rows[0];
}

/** Runs it in a transaction of its own and says what it did to the server. */
async function runRead(sql: string): Promise<readonly string[]> {
  const before = await stateOf();
  const connection = await open();
  const wrong: string[] = [];
  try {
    await connection.query('BEGIN');
    const refusal = await connection.query(sql).then(
      () => undefined,
      (error: { errno?: number }) => error.errno,
    );
    if (refusal !== undefined && REFUSALS.has(refusal)) wrong.push(`refused with ${refusal}`);
    if (JSON.stringify(await stateOf()) !== JSON.stringify(before)) wrong.push('changed the server');
    const [done] = await connection.query<ResultSetHeader>('DO 0');
    if ((done.serverStatus & 1) === 0) wrong.push('ended the transaction');
  } finally {
    connection.destroy();
  }
  return wrong.map((what) => `${sql}: ${what}`);
}

describe('the server agrees', () => {
  it('reads are not refused by a replica, and leave it as it was', { timeout: TEST_MS }, async () => {
    const reads = cases.filter(({ access, sql }) => access === 'read' && !/sleep/i.test(sql));
    const wrong: string[] = [];
    for (const { sql } of reads) wrong.push(...(await runRead(sql)));
    expect(reads.length).toBeGreaterThan(200);
    expect(wrong).toEqual([]);
  });

  describe('about what stands in a text', () => {
    let connection: Connection;
    beforeAll(async () => {
      connection = await open();
      return () => connection.destroy();
    });

    it('no lock, INTO or := is missed in mutants', { timeout: TEST_MS }, async () => {
      const options: LexicalOptions = { flavor: 'mysql', serverVersion: await versionOf(connection) };
      const seed = Number(process.env.SEED ?? 1);
      const random = randomOf(seed);
      const missed: string[] = [];
      let valid = 0;
      for (let count = 0; count < Number(process.env.MUTANTS ?? 5000); count++) {
        const sql = mutate(random);
        const digest = await digestOf(connection, sql);
        if (digest === undefined) continue;
        valid++;
        if (isMore(digest) && classify(sql, options).access === 'read') missed.push(sql);
      }
      console.log(`seed ${seed}: ${valid} valid mutants`);
      expect(missed).toEqual([]);
      expect(valid).toBeGreaterThan(200);
    });
  });
});

async function versionOf(connection: Connection): Promise<string> {
  const [rows] = await connection.query<RowDataPacket[]>('SELECT VERSION() AS version');
  return String(rows[0]?.version);
}

/** The server's own reading, undefined when it finds no statement in it. */
async function digestOf(connection: Connection, sql: string): Promise<string | undefined> {
  try {
    const [rows] = await connection.query<RowDataPacket[]>('SELECT STATEMENT_DIGEST_TEXT(?) AS digest', [sql]);
    return String(rows[0]?.digest);
  } catch {
    return undefined;
  }
}

/** Whether it is more than a plain read; names in backticks do not count. */
function isMore(digest: string): boolean {
  const bare = digest.replace(/`(?:[^`]|``)*`/g, '``');
  return /\bFOR (UPDATE|SHARE)\b|\bLOCK IN SHARE MODE\b|\bINTO\b|:=|^DELETE/.test(bare);
}

const BASES = [
  'SELECT id FROM t WHERE id = 5 FOR UPDATE',
  "SELECT a, 'x y' FROM t WHERE b = 1 LOCK IN SHARE MODE",
  'SELECT 1 INTO @a',
  'SELECT @a := 5, b FROM t',
  'SELECT a FROM t WHERE c IN (SELECT d FROM u FOR SHARE)',
  '(SELECT 1) UNION (SELECT 2 FOR UPDATE)',
  'WITH x AS (SELECT 1) SELECT * FROM x FOR SHARE',
  'SELECT 1.5 FROM t FOR UPDATE',
  'SELECT @x FROM t FOR UPDATE',
  'SELECT 5-1 FROM t',
  'DELETE FROM t WHERE a = 1',
];
const PIECES =
  "/* ' */|/**/| -- x\n|-- '\n|#`\n|/*! */|/*!50000 */|/*!99999 ' */|/*!99999 FOR */| /*! + 1 */ | AS `x'y` |/*+ x */| 'a' 'b' | -1 |--1 |\t|\v| /*!090704 + 2 */ |@|@`b c`|@'d'|@@version|'it''s'|'a\\'b'|\"c\"\"d\"|`e``f`| 1.5| 1e5| .5| 0x41| b'01'| N'x'| 1.| /*! |*/| /*!99999 /* x */ */ |;|/* /* */|/*!50000 FOR*/|/*!FOR UPDATE*/|INTO/**/@z|@y:=|/*M! x */|/*!080000 */|/*!8000 */|a.for|'|\"|`|\\|\u0000|--|$|é".split(
    '|',
  );

function mutate(random: () => number): string {
  const pick = (of: readonly string[]): string => of[Math.floor(random() * of.length)] ?? '';
  let sql = pick(BASES);
  for (let edits = random() < 0.6 ? 1 : 2; edits > 0; edits--) {
    const place = Math.floor(random() * (sql.length + 1));
    const blank = sql.indexOf(' ', place);
    const at = random() < 0.2 ? place : blank < 0 ? sql.length : blank;
    sql = sql.slice(0, at) + pick(PIECES) + sql.slice(at);
  }
  return sql;
}

/** Mulberry32: the same mutants for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296;
  };
}
