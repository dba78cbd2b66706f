import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type DriverError, type ErrorFacts, type ErrorPhase, readError } from '../../src/error-facts.js';

/** The fields of an error as mysql2 gives it, when it came, and the facts that hold; all others do not. */
interface Case {
  readonly name: string;
  readonly error: Partial<Pick<DriverError, 'message' | 'code' | 'errno' | 'sqlState' | 'fatal'>>;
  readonly phase: ErrorPhase;
  readonly facts: readonly (keyof ErrorFacts)[];
}

const NAMES: readonly (keyof ErrorFacts)[] = [
  ...(['sent', 'couldHaveRun', 'wrongNode', 'readOnlyTransaction', 'notReady'] as const),
  ...(['undecided', 'unknownName', 'gone', 'full', 'denied', 'usable'] as const),
];

// As mysql2 makes them: what came in an error packet has `sqlMessage` beside `message`.
function errorOf({ message = 'an error', ...fields }: Case['error']): DriverError {
  return Object.assign(new Error(message), fields.sqlState === undefined ? {} : { sqlMessage: message }, fields);
}

const folder = new URL('./errors/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const casesOf = (file: string): Case[] => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Case[];

describe.each(files)('%s', (file) => {
  test.each(casesOf(file))('$name ($phase)', ({ error, phase, facts }) => {
    const told = readError(errorOf(error), phase);
    expect(Object.keys(told).sort()).toEqual([...NAMES].sort());
    expect(NAMES.filter((name) => told[name])).toEqual(NAMES.filter((name) => facts.includes(name)));
  });
});

test('what holds of every error', () => {
  for (const { error, name } of files.flatMap(casesOf)) {
    for (const phase of ['connect', 'statement'] as const) {
      const facts = readError(errorOf(error), phase);
      // Nothing can have run that was not sent, and nothing is sent before a connection is open.
      if (facts.couldHaveRun) expect(facts.sent, name).toBe(true);
      if (phase === 'connect') expect([facts.sent, facts.usable], name).toEqual([false, false]);
      // Alive and full is never down.
      if (facts.full) expect(facts.gone, name).toBe(false);
      if (facts.usable) expect(facts.gone, name).toBe(false);
    }
  }
});
