import { parseArgs } from 'node:util';

/** The parts of the benchmark, in the order in which they run. */
export const PARTS = [
  'classify',
  'routing',
  'level',
  'point',
  'lag',
  'sessions',
  'promotion',
  'noticing',
  'fleet',
  'reads',
  'spec',
] as const;
export type Part = (typeof PARTS)[number];

/** What the command line asks for. */
export interface BenchOptions {
  /** Interleaved rounds of what is measured in CPU time. */
  readonly rounds: number;
  /** Point selects of each contender in each round: few, so that all meet the same state of a busy machine. */
  readonly queries: number;
  /** Primaries that are killed. */
  readonly kills: number;
  readonly parts: readonly Part[];
  /** File for the figures. */
  readonly json: string;
}

export const USAGE = `npm run bench -- [--rounds N] [--queries N] [--kills N] [--only ${PARTS.join('|')}[,…]] [--json FILE]`;

/** Reads the command line. Throws a `TypeError` that tells what would be right. */
export function benchOptions(args: string[]): BenchOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ args, options: { rounds: text, queries: text, kills: text, only: text, json: text } });
  return {
    rounds: count('rounds', values.rounds ?? '101'),
    queries: count('queries', values.queries ?? '200'),
    kills: count('kills', values.kills ?? '5'),
    parts: values.only === undefined ? PARTS : values.only.split(',').map(part),
    json: values.json ?? '.cache/bench.json',
  };
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new TypeError(`--${name} must be a whole number over 0, not '${text}'`);
}

function part(name: string): Part {
  const found = PARTS.find((known) => known === name);
  if (found !== undefined) return found;
  throw new TypeError(`--only '${name}' is unknown; known are ${PARTS.join(', ')}`);
}
