import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, TEST_MS } from './lab.js';
import { Oracle } from './oracle.js';
import { accessesOf, casesFor, isHarmful, type OracleCase } from './oracle-cases.js';
import type { Witness } from './witness.js';

/** How one kind of server is asked. */
export interface Rounds {
  readonly lab: Lab;
  readonly flavor: 'mysql' | 'mariadb';
  readonly witness: Witness;
  /** So many reads at least ran to their end, and so many cases were refused as writes. */
  readonly atLeast: { readonly reads: number; readonly refused: number };
  /** Asks for mutants, on so many connections. */
  readonly connections: number;
  readonly fuzz: (connections: readonly Connection[], oracle: Oracle) => Promise<void>;
}

/** The tests by which a replica of this kind says what it makes of the cases and of mutants. */
export function itAgrees(name: string, { lab, flavor, witness, atLeast, connections, fuzz }: Rounds): void {
  describe(`${name} agrees`, { timeout: TEST_MS }, () => {
    let oracle: Oracle;
    beforeAll(() => {
      const node = lab.replica(0);
      oracle = new Oracle({ lab, node, witness, server: { flavor, serverVersion: node.version } });
    });
    afterAll(() => oracle.close());

    it('reads are not refused by a replica, and leave it and the session as they were', () =>
      agreesWithReads(oracle, atLeast.reads));

    it('what it refuses as a write is no read', () => agreesWithRefusals(oracle, atLeast.refused));

    it('no lock, INTO, := or write is missed in mutants', async () => {
      const opened = await Promise.all(Array.from({ length: connections }, () => oracle.open()));
      try {
        await fuzz(opened, oracle);
      } finally {
        for (const connection of opened) connection.destroy();
      }
    });
  });
}

/** Every case that is called a read leaves the server and its session as they were. Prints the counts. */
async function agreesWithReads(oracle: Oracle, atLeast: number): Promise<void> {
  const reads = casesFor(oracle.server).filter((example) => accessesOf(example, oracle.server).includes('read'));
  const wrong: string[] = [];
  let ran = 0;
  for (const example of reads) {
    const outcome = await oracle.runRead(example);
    if (outcome.ran) ran++;
    if (outcome.refused) wrong.push(`${example.sql}: refused`);
    if (outcome.left.length > 0) wrong.push(`${example.sql}: ${outcome.left.join(', ')}`);
  }
  console.log(`${oracle.server.serverVersion}: ${reads.length} reads, ${ran} of them ran to their end`);
  expect(wrong).toEqual([]);
  expect(ran).toBeGreaterThan(atLeast);
}

/** Whatever case is refused as a write, or wrote, was called more than a read. Prints the counts. */
async function agreesWithRefusals(oracle: Oracle, atLeast: number): Promise<void> {
  const cases = casesFor(oracle.server).filter((example) => !isHarmful(example));
  const wrong: string[] = [];
  let refused = 0;
  for (const example of cases) {
    const outcome = await oracle.runAny(example);
    if (outcome.refused) refused++;
    const isWrite = outcome.refused || outcome.left.length > 0;
    if (isWrite && accessesOf(example, oracle.server).some(isHarmless)) wrong.push(tell(example, outcome.left));
  }
  console.log(`${oracle.server.serverVersion}: ${cases.length} cases, ${refused} refused as writes`);
  expect(wrong).toEqual([]);
  expect(refused).toBeGreaterThan(atLeast);
}

function isHarmless(access: string): boolean {
  return access === 'read' || access === 'session';
}

function tell({ sql, access }: OracleCase, left: readonly string[]): string {
  return `${sql}: ${access}${left.length > 0 ? ', but it wrote' : ', but it was refused'}`;
}
