import fc from 'fast-check';
import type { Connection } from 'mysql2/promise';
import { expect } from 'vitest';
import type { LexicalOptions } from '../../src/sql/classification.js';
import { digestFunctions, digestsOf, isMore, MODES } from './support/digests.js';
import { lab } from './support/lab.js';
import { baseTexts, MUTANTS, mutantsOf, SEED } from './support/mutants.js';
import { prepareOracle } from './support/oracle.js';
import { isCalledRead } from './support/oracle-cases.js';
import { itAgrees } from './support/oracle-rounds.js';
import { mysqlWitness } from './support/witness.js';

const BATCH = 500;

const here = lab({ replicas: 1, databases: ['shop', 'db'] }, async (made) => {
  await prepareOracle(made);
  await made.asRoot(made.primary, digestFunctions());
  await made.cluster.waitForReplication();
});

itAgrees('MySQL', {
  lab: here,
  flavor: 'mysql',
  witness: mysqlWitness,
  atLeast: { reads: 200, refused: 140 },
  connections: 2,
  fuzz: (connections, { server }) => fuzz(connections, server),
});

const mutants = fc.tuple(mutantsOf(baseTexts()), fc.nat(MODES.length - 1));

/** Asks for the mutants in batches; the first that is missed is found again by its number, and made small. */
async function fuzz(connections: readonly Connection[], server: LexicalOptions): Promise<void> {
  const all = fc.sample(mutants, { seed: SEED, numRuns: MUTANTS });
  const told = { valid: 0, reads: 0, missed: [] as number[] };
  const work = Array.from({ length: Math.ceil(all.length / BATCH) }, (_, index) => index * BATCH);
  const run = async (connection: Connection): Promise<void> => {
    for (let from = work.shift(); from !== undefined; from = work.shift()) {
      const batch = all.slice(from, from + BATCH);
      const digests = await digestsByMode(connection, batch);
      for (const [index, [sql, mode]] of batch.entries()) {
        const digest = digests[index];
        if (digest === undefined) continue;
        told.valid++;
        const isRead = isCalledRead(sql, MODES[mode] ?? '', server);
        if (isRead) told.reads++;
        if (isRead && isMore(digest)) told.missed.push(from + index);
      }
    }
  };
  await Promise.all(connections.map(run));
  console.log(
    `seed ${SEED}: ${all.length} mutants, ${told.valid} valid, ${told.reads} reads, ${told.missed.length} missed`,
  );
  const first = told.missed.sort((a, b) => a - b)[0];
  if (first !== undefined) await shrink(connections[0]!, server, first);
  expect(told.missed).toEqual([]);
  expect(told.valid).toBeGreaterThan(MUTANTS / 10);
  expect(told.reads).toBeGreaterThan(MUTANTS / 50);
}

async function digestsByMode(
  connection: Connection,
  batch: readonly (readonly [string, number])[],
): Promise<readonly (string | undefined)[]> {
  const found: (string | undefined)[] = [];
  for (const mode of MODES.keys()) {
    const places = [...batch.keys()].filter((index) => batch[index]?.[1] === mode);
    const digests = await digestsOf(
      connection,
      mode,
      places.map((index) => batch[index]?.[0] ?? ''),
    );
    for (const [at, index] of places.entries()) found[index] = digests[at];
  }
  return found;
}

/** Fails with the smallest text that is still missed. */
async function shrink(connection: Connection, server: LexicalOptions, index: number): Promise<void> {
  const property = fc.asyncProperty(mutants, async ([sql, mode]) => {
    const [digest] = await digestsOf(connection, mode, [sql]);
    const isMissed = digest !== undefined && isMore(digest);
    if (isMissed && isCalledRead(sql, MODES[mode] ?? '', server)) throw new Error(`it is ${digest}`);
  });
  await fc.assert(property, { seed: SEED, numRuns: MUTANTS, path: String(index) });
}
