import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { LexicalOptions } from '../../src/sql/classification.js';
import { classify } from '../../src/sql/classify.js';
import { secondOpinion } from '../../src/sql/second-opinion.js';
import type { TableUse } from '../../src/sql/tables/table-use.js';
import { type TableOptions, tablesOf } from '../../src/sql/tables/tables-of.js';

interface Options extends Omit<TableOptions, 'readOnlyFunctions'> {
  readonly readOnlyFunctions?: readonly string[];
}

interface Case {
  readonly sql: string;
  readonly options?: Options;
}

/** A text of which node-sql-parser says something else, and why that is so. */
interface Disagreement {
  readonly sql: string;
  readonly ours: string;
  readonly theirs: string;
  readonly because: string;
}

const listed = JSON.parse(
  readFileSync(new URL('./second-opinion/disagreements.json', import.meta.url), 'utf8'),
) as readonly Disagreement[];

function casesIn(folder: string): readonly Case[] {
  const url = new URL(`./${folder}/`, import.meta.url);
  return readdirSync(url)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => JSON.parse(readFileSync(new URL(name, url), 'utf8')) as readonly Case[]);
}

function optionsOf(options: Options = {}): TableOptions {
  const { readOnlyFunctions, ...rest } = options;
  return readOnlyFunctions === undefined ? rest : { ...rest, readOnlyFunctions: new Set(readOnlyFunctions) };
}

function describeTables(tables: readonly TableUse[]): string {
  const names = tables.map(
    ({ schema, name, access }) => `${access} ${schema === undefined ? '' : `${schema}.`}${name}`,
  );
  return [...new Set(names)].sort().join(', ') || 'no table';
}

/** What a tree tells of: writes, row locks, or neither. Functions, variables and the like it tells of are not compared. */
function accessIn(statements: readonly unknown[], kinds: readonly string[]): string | undefined {
  const writes = ['insert', 'replace', 'update', 'delete', 'create', 'alter', 'drop', 'truncate', 'rename', 'call'];
  if (kinds.some((kind) => writes.includes(kind))) return 'write';
  if (!kinds.every((kind) => kind === 'select')) return undefined;
  return hasLock(statements) ? 'locking-read' : 'read';
}

function hasLock(tree: unknown): boolean {
  if (typeof tree !== 'object' || tree === null) return false;
  return Object.entries(tree).some(([key, value]) => (key === 'locking_read' && Boolean(value)) || hasLock(value));
}

function ownAccess(sql: string, options: LexicalOptions): string | undefined {
  const { access, functions } = classify(sql, options);
  const isTold = access === 'read' || access === 'locking-read' || access === 'write';
  return isTold && functions.length === 0 ? access : undefined;
}

/** The text's differences; empty where they agree, or the parser says nothing. */
function differences({ sql, options }: Case): readonly Omit<Disagreement, 'because'>[] {
  const given = optionsOf(options);
  const opinion = secondOpinion(sql, given);
  if (opinion.because !== undefined) return [];
  const [ours, theirs] = [ownAccess(sql, given), accessIn(opinion.statements, opinion.kinds)];
  const found: Omit<Disagreement, 'because'>[] = [];
  if (ours !== undefined && theirs !== undefined && ours !== theirs) found.push({ sql, ours, theirs });
  const [own, other] = [describeTables(tablesOf(sql, given).tables), describeTables(opinion.tables)];
  if (own !== other) found.push({ sql, ours: own, theirs: other });
  return found;
}

const cases = [...casesIn('classify'), ...casesIn('tables')];

function keyOf({ sql, ours, theirs }: Omit<Disagreement, 'because'>): string {
  return JSON.stringify({ sql, ours, theirs });
}

it('node-sql-parser says the same of every case, but for those that are listed', () => {
  const found = new Set(cases.flatMap(differences).map(keyOf));
  const known = new Set(listed.map(keyOf));
  expect(
    [...found].filter((key) => !known.has(key)),
    'new disagreements',
  ).toEqual([]);
  expect(
    [...known].filter((key) => !found.has(key)),
    'disagreements that no longer hold',
  ).toEqual([]);
  expect(listed.filter(({ because }) => because === '')).toEqual([]);
});

it('node-sql-parser has an opinion on half of the cases at least', () => {
  const told = cases.filter(({ sql, options }) => secondOpinion(sql, optionsOf(options)).because === undefined);
  expect(told.length).toBeGreaterThan(cases.length / 2);
});
