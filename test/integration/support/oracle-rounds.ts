import { expect } from 'vitest';
import type { Oracle } from './oracle.js';
import { accessesOf, casesFor, isHarmful, type OracleCase } from './oracle-cases.js';

/** Every case that is called a read leaves the server and its session as they were. Prints the counts. */
export async function agreesWithReads(oracle: Oracle, atLeast: number): Promise<void> {
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
export async function agreesWithRefusals(oracle: Oracle, atLeast: number): Promise<void> {
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
