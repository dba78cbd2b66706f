import fc from 'fast-check';
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LexicalOptions } from '../../src/sql/classification.js';
import { classify } from '../../src/sql/classify.js';
import { digestFunctions, digestsOf, isMore, MODES } from './support/digests.js';
import { lab, TEST_MS } from './support/lab.js';
import { baseTexts, MUTANTS, mutantsOf, SEED } from './support/mutants.js';
import { Oracle, prepareOracle } from './support/oracle.js';
import { agreesWithReads, agreesWithRefusals } from './support/oracle-rounds.js';
import { mysqlWitness } from './support/witness.js';

const BATCH = 500;

const here = lab({ replicas: 1, databases: ['shop', 'db'] }, async (made) => {
  await prepareOracle(made);
  await made.asRoot(made.primary, digestFunctions());
  await made.cluster.waitForReplication();
});

describe('MySQL agrees', () => {
  let oracle: Oracle;
  beforeAll(() => {
    const node = here.replica(0);
    const server: LexicalOptions = { flavor: 'mysql', serverVersion: node.version };
    oracle = new Oracle({ lab: here, node, witness: mysqlWitness, server });
  });
  afterAll(() => oracle.close());

  it('reads are not refused by a replica, and leave it and the session as they were', {
    timeout: TEST_MS,
  }, async () => {
    await agreesWithReads(oracle, 200);
  });

  it('what it refuses as a write is no read', { timeout: TEST_MS }, async () => {
    await agreesWithRefusals(oracle, 140);
  });

  it('no lock, INTO, := or write is missed in mutants', { timeout: TEST_MS }, async () => {
    const connections = await Promise.all([oracle.open(), oracle.open()]);
    try {
      await fuzz(connections, oracle.server);
    } finally {
      for (const connection of connections) connection.destroy();
    }
  });
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
        const isRead = isCalledRead(sql, { ...server, sqlMode: MODES[mode] ?? '' });
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

/** Also of a server that is not known: then every server counts. */
function isCalledRead(sql: string, options: LexicalOptions): boolean {
  const { sqlMode = '' } = options;
  return classify(sql, options).access === 'read' || classify(sql, { sqlMode }).access === 'read';
}

/** Fails with the smallest text that is still missed. */
async function shrink(connection: Connection, server: LexicalOptions, index: number): Promise<void> {
  const property = fc.asyncProperty(mutants, async ([sql, mode]) => {
    const [digest] = await digestsOf(connection, mode, [sql]);
    const isMissed = digest !== undefined && isMore(digest);
    if (isMissed && isCalledRead(sql, { ...server, sqlMode: MODES[mode] ?? '' })) throw new Error(`it is ${digest}`);
  });
  await fc.assert(property, { seed: SEED, numRuns: MUTANTS, path: String(index) });
}
