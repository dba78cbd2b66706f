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

/** The rows of SEMANTICS that a text can be wrong about: E1 to E6, and 110 for what was seen on a replica (E8). */
const ROWS = [...Array.from({ length: 98 }, (_, index) => index + 1), 110];

/** Rows about what the server or the driver does, whatever the text says: they have their tests elsewhere. */
const NOT_TEXT: Readonly<Record<number, string>> = {
  43: 'insertId of the OK packet',
  44: 'a result that still streams',
  50: 'autocommit off by the server',
  54: 'a deadlock rolls back',
  56: 'several reads expected to agree',
  59: 'a transaction left open on release',
  60: "an ORM's context",
  75: 'prepared statements of the protocol',
  76: 'cursors of the protocol',
  78: 'connection attributes',
};

describe('the spec', () => {
  const cases = files.flatMap(casesOf);

  it('has a case for every row that a text can be wrong about', () => {
    const told = new Set(cases.map(({ row }) => row));
    expect(ROWS.filter((row) => !told.has(row) && NOT_TEXT[row] === undefined)).toEqual([]);
    expect(cases.length).toBeGreaterThanOrEqual(1000);
  });

  it('has all its plain reads offloaded', () => {
    const reads = cases.filter(({ access }) => access === 'read');
    const kept = reads.filter(({ sql, options }) => classify(sql, optionsOf(options)).access !== 'read');
    console.log(`${reads.length - kept.length} of ${reads.length} plain reads are offloaded, in ${cases.length} cases`);
    expect(kept).toEqual([]);
    expect(reads.length).toBeGreaterThan(250);
  });
});
