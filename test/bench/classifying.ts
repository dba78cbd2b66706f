import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TextMemo } from '../../src/session/text-memo.js';
import type { LexicalOptions } from '../../src/sql/classification.js';
import { classify } from '../../src/sql/classify.js';
import { tablesOf } from '../../src/sql/tables/tables-of.js';
import type { Row } from './row.js';
import { spread, spreadText } from './spread.js';
import { distinctTexts, INSERT_100_KB, LONG, TYPICAL } from './statements.js';

const SERVER: LexicalOptions = { flavor: 'mysql', serverVersion: '9.7.4' };
const BATCHES = 9;
const WARM_BATCHES = 3;
/** Of each batch: long enough for the clock, which counts CPU time. */
const BATCH_US = 20_000;
const SHORT_LENGTH = 80;
const LONG_LENGTH = 20_000;
const LONG_TEXTS = 5000;

/** What classifying costs, without I/O and without a cache. */
export async function classifying(): Promise<Row[]> {
  const everyday = [typical('access and effects', 1, access), typical('the same with tables', 3, tables)];
  return [...everyday, insert(), distinct(), ...Object.entries(LONG).map(other)];
}

const access = (sql: string): unknown => classify(sql, SERVER);
const tables = (sql: string): unknown => tablesOf(sql, SERVER);

/** CPU µs of one call: medians of batches after warm-up. */
function measure(sql: string, read: (sql: string) => unknown = access): readonly number[] {
  const calls = Math.max(1, Math.round(BATCH_US / (0.1 + sql.length * 0.006)));
  const figures: number[] = [];
  for (let batch = -WARM_BATCHES; batch < BATCHES; batch++) {
    const before = process.cpuUsage();
    for (let call = 0; call < calls; call++) read(sql);
    if (batch >= 0) figures.push(since(before) / calls);
  }
  return figures;
}

function since(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function typical(name: string, bar: number, read: (sql: string) => unknown): Row {
  const texts = Object.entries(TYPICAL);
  // Once before all: what is compiled depends on every shape there is.
  for (const [, sql] of texts) measure(sql, read);
  const figures = Object.fromEntries(texts.map(([text, sql]) => [text, spread(measure(sql, read)).median]));
  const medians = Object.values(figures);
  const value = medians.reduce((sum, one) => sum + one, 0) / medians.length;
  const detail = `${texts.length} statements, ${spreadText(spread(medians), 2)} over them`;
  return { measure: `${name}, mean of typical statements`, value, unit: 'µs', bar, detail, figures };
}

function insert(): Row {
  const found = spread(measure(INSERT_100_KB));
  const detail = `${spreadText(found, 0)}; ${INSERT_100_KB.length} characters, scanned in full`;
  return { measure: '100 KB INSERT … VALUES', value: found.median, unit: 'µs', bar: 300, detail, figures: found };
}

function other([name, sql]: readonly [string, string]): Row {
  const found = spread(measure(sql));
  const detail = `${sql.length} characters, ${((found.median * 1000) / sql.length).toFixed(2)} ns a character`;
  return { measure: name, value: found.median, unit: 'µs', detail, figures: found };
}

/** Through the memory of recent texts, as a pool does it: V8 hashes long strings by their length alone, and none may be hashed. */
function distinct(): Row {
  const short = perCharacter((LONG_TEXTS * LONG_LENGTH) / 10 / SHORT_LENGTH, SHORT_LENGTH);
  const long = perCharacter(LONG_TEXTS, LONG_LENGTH);
  const detail = `${long.toFixed(2)} ns against ${short.toFixed(2)} ns a character at ${SHORT_LENGTH}`;
  const value = long / short;
  return { measure: '5,000 distinct texts of 20 KB, to short ones', value, unit: '', bar: 1, detail };
}

/** Nanoseconds, with texts of its own for each batch. */
function perCharacter(count: number, length: number): number {
  const texts = new TextMemo((sql) => classify(sql, SERVER));
  for (const text of distinctTexts(2000, SHORT_LENGTH)) texts.of(text);
  const figures: number[] = [];
  const batch = Math.ceil(count / BATCHES);
  for (let left = count; left > 0; left -= batch) {
    const fresh = distinctTexts(Math.min(batch, left), length);
    const before = process.cpuUsage();
    for (const text of fresh) texts.of(text);
    figures.push((since(before) * 1000) / (fresh.length * length));
  }
  return spread(figures).median;
}

interface Case {
  readonly sql: string;
  readonly access: string;
  readonly options?: Omit<LexicalOptions, 'readOnlyFunctions'> & { readonly readOnlyFunctions?: readonly string[] };
}

/**
 * Of the cases of the spec, those that go where they must not, and the plain reads that stay on the primary. To be run last: its
 * many servers and modes are no process's everyday.
 */
export async function specRoutes(): Promise<Row[]> {
  const folder = join(process.cwd(), 'test/spec/classify');
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const cases = files.flatMap((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as readonly Case[]);
  let wrong = 0;
  let reads = 0;
  let kept = 0;
  for (const { sql, access, options: { readOnlyFunctions, ...options } = {} } of cases) {
    const found = classify(sql, { ...options, readOnlyFunctions: new Set(readOnlyFunctions) }).access;
    if (access === 'read') reads++;
    if (access === 'read' && found !== 'read') kept++;
    if (access !== 'read' && found === 'read') wrong++;
  }
  const detail = `${cases.length} cases`;
  return [
    { measure: 'wrong routes over the spec', value: wrong, unit: '', bar: 0, detail },
    {
      measure: 'plain reads of the spec not offloaded',
      value: kept,
      unit: '',
      bar: 0,
      detail: `${reads - kept} of ${reads} are`,
    },
  ];
}
