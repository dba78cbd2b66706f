import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Classification, LexicalOptions } from '../../src/sql/classification.js';
import { classify } from '../../src/sql/classify.js';

interface Options extends Omit<LexicalOptions, 'readOnlyFunctions'> {
  readonly readOnlyFunctions?: readonly string[];
}

/** One case: a row of SEMANTICS, a text, and what is right. */
interface Case extends Partial<Omit<Classification, 'because'>> {
  readonly row: number;
  readonly sql: string;
  readonly options?: Options;
  readonly access: Classification['access'];
  readonly because: string;
}

const folder = new URL('./classify/', import.meta.url);
const fields = ['access', 'kind', 'statements', 'effects', 'dependsOn', 'functions'] as const;

function casesOf(file: string): readonly Case[] {
  return JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as readonly Case[];
}

function optionsOf(options: Options | undefined): LexicalOptions | undefined {
  if (options === undefined) return undefined;
  const { readOnlyFunctions, ...rest } = options;
  return readOnlyFunctions === undefined ? rest : { ...rest, readOnlyFunctions: new Set(readOnlyFunctions) };
}

const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

describe.each(files)('%s', (file) => {
  it.each(casesOf(file))('$row $sql', (example) => {
    const result = classify(example.sql, optionsOf(example.options));
    const told = Object.fromEntries(
      fields.filter((field) => example[field] !== undefined).map((field) => [field, result[field]]),
    );
    const wanted = Object.fromEntries(
      fields.filter((field) => example[field] !== undefined).map((field) => [field, example[field]]),
    );
    expect(JSON.parse(JSON.stringify(told)), result.because).toEqual(wanted);
    expect(Object.isFrozen(result)).toBe(true);
    expect(result.because).not.toBe('');
    // What a replica may get does nothing to the session and depends on nothing.
    if (result.access === 'read') {
      expect(result.dependsOn).toEqual([]);
      expect(result.functions).toEqual([]);
      expect(result.effects.filter((effect) => effect.type !== 'set-variable' || effect.scope !== 'statement')).toEqual(
        [],
      );
    }
  });
});

it('has at least 350 cases, and all rows of E1 and E5', () => {
  const cases = files.flatMap(casesOf);
  expect(cases.length).toBeGreaterThanOrEqual(350);
  const rows = new Set(cases.map(({ row }) => row));
  for (let row = 1; row <= 33; row++) expect(rows).toContain(row);
  for (let row = 80; row <= 90; row++) expect(rows).toContain(row);
});
