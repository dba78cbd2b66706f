import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { StatementTables, TableUse } from '../../src/sql/tables/table-use.js';
import { type TableOptions, tablesOf } from '../../src/sql/tables/tables-of.js';

interface Options extends Omit<TableOptions, 'readOnlyFunctions'> {
  readonly readOnlyFunctions?: readonly string[];
}

/** Tables as `[schema.]name[ AS alias]`, in the order of the text. */
interface Named {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

/** One case: a text, its tables (of each statement, if there are several), and why. `unsure`: a part of what makes it incomplete. */
interface Case extends Partial<Named> {
  readonly sql: string;
  readonly options?: Options;
  readonly statements?: readonly Named[];
  readonly unsure?: string;
  readonly because: string;
}

const folder = new URL('./tables/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

function casesOf(file: string): readonly Case[] {
  return JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as readonly Case[];
}

function optionsOf(options: Options | undefined): TableOptions | undefined {
  if (options === undefined) return undefined;
  const { readOnlyFunctions, ...rest } = options;
  return readOnlyFunctions === undefined ? rest : { ...rest, readOnlyFunctions: new Set(readOnlyFunctions) };
}

function nameOf({ schema, name, alias }: TableUse): string {
  return (schema === undefined ? '' : `${schema}.`) + name + (alias === undefined ? '' : ` AS ${alias}`);
}

function namesOf({ tables }: StatementTables): Named {
  const of = (access: TableUse['access']): string[] => tables.filter((use) => use.access === access).map(nameOf);
  return { reads: of('read'), writes: of('write') };
}

describe.each(files)('%s', (file) => {
  it.each(casesOf(file))('$sql', ({ sql, options, statements, reads = [], writes = [], unsure }) => {
    const result = tablesOf(sql, optionsOf(options));
    expect(result.statements.map(namesOf)).toEqual(statements ?? [{ reads, writes }]);
    expect(namesOf(result)).toEqual(namesOf({ ...result, tables: result.statements.flatMap(({ tables }) => tables) }));
    expect(result.complete, result.because).toBe(unsure === undefined);
    if (unsure === undefined) expect(result.because).toBeUndefined();
    else expect(result.because).toContain(unsure);
  });
});

it('has at least 150 cases, each with a reason', () => {
  const cases = files.flatMap(casesOf);
  expect(cases.length).toBeGreaterThanOrEqual(150);
  expect(cases.filter(({ because }) => because === '')).toEqual([]);
});
