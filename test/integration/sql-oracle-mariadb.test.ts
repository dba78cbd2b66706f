import fc from 'fast-check';
import type { Connection } from 'mysql2/promise';
import { expect } from 'vitest';
import type { LexicalOptions } from '../../src/sql/classification.js';
import { isMore } from './support/digests.js';
import { lab } from './support/lab.js';
import { DIGEST_ARGS, digestsOfRun } from './support/mariadb-digests.js';
import { baseTexts, MUTANTS, mutantsOf, SEED } from './support/mutants.js';
import { prepareOracle } from './support/oracle.js';
import { isCalledRead } from './support/oracle-cases.js';
import { itAgrees } from './support/oracle-rounds.js';
import { mariadbWitness } from './support/witness.js';

const MODES = ['', 'ANSI_QUOTES', 'NO_BACKSLASH_ESCAPES', 'ORACLE'] as const;
const BATCH = 2000;

const here = lab({ replicas: 1, flavor: 'mariadb', databases: ['shop', 'db'], mysqldArgs: DIGEST_ARGS }, (made) =>
  prepareOracle(made, [
    "REVOKE READ ONLY ADMIN ON *.* FROM oracle@'%'",
    'CREATE SEQUENCE shop.s',
    'CREATE SEQUENCE db.s',
  ]),
);

itAgrees('MariaDB', {
  lab: here,
  flavor: 'mariadb',
  witness: mariadbWitness,
  atLeast: { reads: 150, refused: 120 },
  connections: 1,
  fuzz: ([connection], { server }) => fuzz(connection!, server),
});

const mutants = mutantsOf(baseTexts().filter((sql) => !/sleep|benchmark|_wait/i.test(sql)));

/** Runs all mutants that are called reads, under each mode in turn, and looks at what the server took them for. */
async function fuzz(connection: Connection, server: LexicalOptions): Promise<void> {
  const all = fc.sample(mutants, { seed: SEED, numRuns: MUTANTS });
  const share = Math.ceil(all.length / MODES.length);
  const missed: number[] = [];
  let valid = 0;
  for (const [index, sqlMode] of MODES.entries()) {
    await connection.query('SET SESSION sql_mode = ?', [sqlMode]);
    for (let from = index * share; from < Math.min((index + 1) * share, all.length); from += BATCH) {
      const numbers = [...all.keys()].slice(from, Math.min(from + BATCH, (index + 1) * share));
      const reads = numbers.filter((number) => isCalledRead(all[number] ?? '', sqlMode, server));
      const digests = await digestsOfRun(
        connection,
        reads.map((number) => all[number] ?? ''),
      );
      valid += digests.filter((digest) => digest !== undefined).length;
      missed.push(...reads.filter((_, at) => isMore(digests[at] ?? 'SELECT')));
    }
  }
  console.log(`seed ${SEED}: ${all.length} mutants, ${valid} valid reads, ${missed.length} missed`);
  const first = missed[0];
  if (first !== undefined) await shrink(connection, server, { first, sqlMode: MODES[Math.floor(first / share)] ?? '' });
  expect(missed).toEqual([]);
  expect(valid).toBeGreaterThan(MUTANTS / 50);
}

/** Fails with the smallest text that is still missed. */
async function shrink(
  connection: Connection,
  server: LexicalOptions,
  { first, sqlMode }: { first: number; sqlMode: string },
): Promise<void> {
  await connection.query('SET SESSION sql_mode = ?', [sqlMode]);
  const property = fc.asyncProperty(mutants, async (sql) => {
    if (!isCalledRead(sql, sqlMode, server)) return;
    const [digest] = await digestsOfRun(connection, [sql]);
    if (digest !== undefined && isMore(digest)) throw new Error(`under '${sqlMode}' it is ${digest}`);
  });
  await fc.assert(property, { seed: SEED, numRuns: MUTANTS, path: String(first) });
}
