import { readdirSync, readFileSync } from 'node:fs';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LexicalOptions } from '../../src/sql/classification.js';
import { tablesOf } from '../../src/sql/tables/tables-of.js';
import { randomOf } from '../support/random.js';
import { lab, TEST_MS } from './support/lab.js';

interface Case {
  readonly sql: string;
  readonly options?: LexicalOptions;
}

/** Every name that a case may give to a table, or to something else: whoever takes the one for the other is found out. */
const NAMES = [
  ...['t', 'u', 'v', 'w', 'x', 'y', 'X', 'a', 'b', 'c', 'd', 'j', 'x y', 'first', 'dual', 'value', 'status', 'role'],
  ...['event', 'lateral', 'rollup', '1t', '2u', '1e5', 't$x', 'tést', 'таблица', 'tab\u0080le', 'window', 'qualify'],
];
const COLUMNS = ['a', 'b', 'c', 'p', 'name', 'n', 'from', 'select', 'table', 'join'];
const SCHEMAS = ['shop', 'logs'];
let options: LexicalOptions = { flavor: 'mysql' };

const here = lab({ replicas: 0 });
let connection: Connection;

beforeAll(async () => {
  const { host, serverPort: port } = here.primary;
  const { user, password } = here.cluster.credentials.root;
  connection = await createConnection({ host, port, user, password, database: 'shop' });
  const [version] = await connection.query<RowDataPacket[]>('SELECT VERSION() AS version');
  options = { flavor: 'mysql', serverVersion: String(version[0]?.version) };
  await connection.query('CREATE DATABASE logs');
  const columns = `id INT, d JSON, ${COLUMNS.map((name) => `\`${name}\` INT`).join(', ')}, KEY i (a), KEY j (b), KEY k (c)`;
  const partitions = 'PARTITION BY HASH (id) PARTITIONS 3';
  for (const schema of SCHEMAS) {
    for (const name of NAMES) await connection.query(`CREATE TABLE ${schema}.\`${name}\` (${columns}) ${partitions}`);
  }
  return () => connection.destroy();
}, TEST_MS);

/** The tables that the server finds in a query, undefined when it does not take it as a view's. */
async function serverTables(sql: string): Promise<readonly string[] | undefined> {
  try {
    await connection.query(`CREATE OR REPLACE VIEW logs.oracle AS ${sql}`);
  } catch {
    return undefined;
  }
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) AS name FROM information_schema.VIEW_TABLE_USAGE
      WHERE VIEW_SCHEMA = 'logs' AND VIEW_NAME = 'oracle'`,
  );
  return rows.map(({ name }) => String(name));
}

/** What is wrong with our answer for a query that the server has read. Names of its own schemas it tells in its own letters. */
function compareOne(sql: string, server: readonly string[]): string | undefined {
  const { tables, complete } = tablesOf(sql, { ...options, schema: 'shop' });
  const own = new Set(tables.map(({ schema, name }) => fold(`${schema}.${name}`)));
  const wanted = new Set(server.map(fold));
  const missing = complete ? [...wanted].filter((name) => !own.has(name)) : [];
  // The server does not look into a common table expression that nobody uses.
  const extra = /with/i.test(sql) ? [] : [...own].filter((name) => !wanted.has(name));
  if (missing.length === 0 && extra.length === 0) return undefined;
  return `${sql}\n  missing: ${missing}; too many: ${extra}`;
}

function fold(name: string): string {
  return /^(information|performance)_schema/i.test(name) ? name.toLowerCase() : name;
}

/** The texts that both can read, and what is wrong. */
async function compare(texts: Iterable<string>): Promise<{ readonly read: number; readonly wrong: string[] }> {
  let read = 0;
  const wrong: string[] = [];
  for (const sql of texts) {
    const server = await serverTables(sql);
    if (server === undefined) continue;
    read++;
    const problem = compareOne(sql, server);
    if (problem !== undefined) wrong.push(problem);
  }
  return { read, wrong };
}

function casesIn(folder: string): readonly string[] {
  const url = new URL(`../spec/${folder}/`, import.meta.url);
  return readdirSync(url)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => JSON.parse(readFileSync(new URL(name, url), 'utf8')) as readonly Case[])
    .filter((example) => example.options === undefined || example.options.flavor === 'mysql')
    .map(({ sql }) => sql);
}

describe('the server finds the same tables', () => {
  it('in all cases that it takes as a view', { timeout: TEST_MS }, async () => {
    const { read, wrong } = await compare([...casesIn('tables'), ...casesIn('classify')]);
    console.log(`${read} cases read by both`);
    expect(wrong).toEqual([]);
    expect(read).toBeGreaterThan(150);
  });

  it('in random queries', { timeout: TEST_MS }, async () => {
    const seed = Number(process.env.SEED ?? 1);
    const queries = new RandomQueries(randomOf(seed));
    const texts = Array.from({ length: Number(process.env.QUERIES ?? 1500) }, () => queries.query(3));
    const { read, wrong } = await compare(texts);
    console.log(`seed ${seed}: ${read} of ${texts.length} random queries read by both`);
    expect(wrong).toEqual([]);
    expect(read).toBeGreaterThan(texts.length / 3);
  });
});

/** Queries of one column, with few names, so that tables, aliases and common table expressions meet. */
class RandomQueries {
  readonly #random: () => number;
  #aliases = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  #pick<T>(of: readonly T[]): T {
    return of[Math.floor(this.#random() * of.length)]!;
  }

  #chance(of: number): boolean {
    return this.#random() < of;
  }

  #gap(): string {
    return this.#pick([' ', ' ', ' ', '\n', '/**/ ', ' /* , t */ ', ' -- , u\n', ' # x\n']);
  }

  #name(): string {
    const name = this.#pick(['t', 'u', 'x', 'y']);
    return this.#chance(0.2) ? `\`${name}\`` : name;
  }

  #alias(): string {
    this.#aliases++;
    return `${this.#pick([' AS', ''])}${this.#gap()}q${this.#aliases}`;
  }

  query(depth: number): string {
    const core = this.#setOperation(depth);
    if (depth < 1 || !this.#chance(0.35)) return core;
    const recursive = this.#chance(0.3) ? 'RECURSIVE ' : '';
    const names = this.#pick([['x'], ['y'], ['t'], ['x', 't'], ['t', 'x'], ['y', 'x'], ['u', 'y', 'x']]);
    const list = names.map((name) => `${name}${this.#pick(['', ' (a)'])} AS${this.#gap()}(${this.query(depth - 1)})`);
    return `WITH ${recursive}${list.join(', ')}${this.#gap()}${core}`;
  }

  #setOperation(depth: number): string {
    const first = this.#block(depth);
    if (depth < 1 || !this.#chance(0.3)) return first;
    const operator = this.#pick(['UNION', 'UNION ALL', 'EXCEPT', 'INTERSECT ALL', 'UNION DISTINCT']);
    const second = this.#block(depth - 1);
    const form = this.#pick(['plain', 'second', 'both']);
    const left = form === 'both' ? `(${first})` : first;
    return `${left} ${operator}${this.#gap()}${form === 'plain' ? second : `(${second})`}${this.#pick(['', ' ORDER BY 1', ' LIMIT 1, 2'])}`;
  }

  #block(depth: number): string {
    if (this.#chance(0.05)) return `VALUES ROW(${this.#value(depth)}), ROW(2)`;
    const from = this.#chance(0.95) ? `${this.#gap()}FROM${this.#gap()}${this.#references(depth)}` : '';
    const where = from !== '' && this.#chance(0.4) ? ` WHERE ${this.#condition(depth)}` : '';
    const group = from !== '' && this.#chance(0.1) ? ' GROUP BY 1 HAVING 1 ORDER BY 1, 1' : '';
    const window = where === '' && group === '' && this.#chance(0.1) ? ' WINDOW w1 AS (), w2 AS (w1)' : '';
    return `SELECT${this.#gap()}${this.#pick(['', 'DISTINCT ', 'STRAIGHT_JOIN '])}${this.#value(depth)} AS a${from}${where}${group}${window}`;
  }

  #references(depth: number): string {
    let text = this.#factor(depth);
    for (let more = this.#pick([0, 0, 1, 1, 2]); more > 0; more--) {
      const join = this.#pick([',', ' JOIN', ' LEFT JOIN', ' CROSS JOIN', ' STRAIGHT_JOIN']);
      const on = join === ',' || join === ' CROSS JOIN' ? '' : ` ON ${this.#condition(depth)}`;
      text += `${join}${this.#gap()}${this.#factor(depth)}${on}`;
    }
    return text;
  }

  #factor(depth: number): string {
    const kind = this.#random();
    if (depth > 0 && kind < 0.15) return `(${this.query(depth - 1)})${this.#alias()}`;
    if (depth > 0 && kind < 0.2) return `LATERAL (${this.query(depth - 1)})${this.#alias()}`;
    if (depth > 0 && kind < 0.3) return `(${this.#references(depth - 1)})`;
    if (kind < 0.33) return `JSON_TABLE('[1]', '$[*]' COLUMNS (a INT PATH '$', b INT PATH '$'))${this.#alias()}`;
    if (kind < 0.45) return `${this.#pick(['logs', 'shop', 'logs '])}.${this.#name()}${this.#alias()}`;
    const partition = kind < 0.5 ? ' PARTITION (p0, p1)' : '';
    const hint =
      kind > 0.95 ? this.#pick([' USE INDEX (i)', ' FORCE KEY FOR JOIN (i) IGNORE INDEX FOR ORDER BY (j)']) : '';
    return `${this.#name()}${partition}${this.#alias()}${hint}`;
  }

  #condition(depth: number): string {
    const value = this.#value(depth - 1);
    if (depth < 1 || this.#chance(0.4)) return `${value} > 1`;
    const query = this.#chance(0.1) ? 'SELECT a FROM t' : this.query(depth - 1);
    return this.#pick([
      `EXISTS (${query})`,
      `1 IN${this.#gap()}(${query})`,
      `(${value} = 1 OR NOT 2 = ANY (${query}))`,
    ]);
  }

  #value(depth: number): string {
    const kind = this.#random();
    if (depth > 0 && kind < 0.15) return `(${this.query(depth - 1)} LIMIT 1)`;
    return this.#pick([
      '1',
      "'from t'",
      "EXTRACT(YEAR FROM '2026-01-01')",
      "TRIM('x' FROM 'y')",
      `SUBSTRING('abc' FROM ${depth > 0 && kind < 0.3 ? this.#value(depth - 1) : '2'} FOR 1)`,
      `IF(1, ${kind < 0.5 ? '2' : this.#value(depth - 1)}, 3)`,
      'CASE WHEN 1 THEN 2 END',
      "CONVERT('a' USING utf8mb4)",
    ]);
  }
}
