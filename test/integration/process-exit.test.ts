import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClusterPoolOptions } from '../../src/index.js';
import { bundle, type ChildEnd, startChild } from '../support/run-child.js';
import { lab, pause, TEST_MS } from './support/lab.js';

const here = lab();
let program: Awaited<ReturnType<typeof bundle>>;

beforeAll(async () => {
  program = await bundle('idle-child');
});
afterAll(() => program.remove());

/** How the program ended by itself within this time; undefined when it had to be killed. */
async function endOf(how: string, withinMs: number, options = here.options()): Promise<ChildEnd | undefined> {
  const child = await startChild(program.script, [how, JSON.stringify(options)]);
  const end = await Promise.race([child.end, pause(withinMs)]);
  child.process.kill('SIGKILL');
  await child.end;
  return end ?? undefined;
}

const PLAIN_END = { code: 0, signal: null, errors: '' };

describe('a program that does not end its pool', { timeout: TEST_MS }, () => {
  it('ends when it never used it, as with mysql2', async () => {
    expect(await endOf('unused', 30_000)).toEqual(PLAIN_END);
  });

  it('also when no server answers', async () => {
    const nobody: ClusterPoolOptions = { user: 'app', cluster: { nodes: ['127.0.0.1:1'] } };
    expect(await endOf('unused', 30_000, nobody)).toEqual(PLAIN_END);
  });

  it('goes on when it used it, or listens, or has a connection of its own', async () => {
    const ends = await Promise.all(['used', 'listening', 'connection'].map((how) => endOf(how, 5000)));
    expect(ends).toEqual([undefined, undefined, undefined]);
  });
});
