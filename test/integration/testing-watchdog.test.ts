import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clusterFolder, leftOf, serversBelow } from '../support/leftovers.js';
import { bundle, type ChildEnd, startChild } from '../support/run-child.js';
import { CLUSTER_TEST_MS } from '../support/with-cluster.js';

interface Facts {
  readonly dataDir: string;
  readonly pids: readonly number[];
}

let child: Awaited<ReturnType<typeof bundle>>;

beforeAll(async () => {
  child = await bundle('cluster-child');
});

afterAll(() => child.remove());

/** Starts a program with a cluster, ends it, and gives what is left and how it ended. */
async function endOf(how: string, signal?: NodeJS.Signals): Promise<{ left: string[]; end: ChildEnd }> {
  const running = await startChild(child.script, [how]);
  const { dataDir, pids } = JSON.parse(running.firstLine) as Facts;
  const folder = clusterFolder(dataDir);
  try {
    expect(pids).toHaveLength(2);
    if (signal !== undefined) {
      expect(serversBelow(folder).sort()).toEqual([...pids].sort());
      running.process.kill(signal);
    }
    const end = await Promise.race([running.end, sleep(60_000, undefined, { ref: false })]);
    if (end === undefined) throw new Error(`the program did not end (${how})`);
    return { left: await leftOf(folder), end };
  } finally {
    running.process.kill('SIGKILL');
    for (const pid of serversBelow(folder)) process.kill(pid, 'SIGKILL');
  }
}

describe('nothing outlives the process that started a cluster', { timeout: CLUSTER_TEST_MS }, () => {
  it.each(['SIGKILL', 'SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s', async (signal) => {
    const { left, end } = await endOf('wait', signal);
    expect(left).toEqual([]);
    expect(end.signal).toBe(signal);
  });

  it('an uncaught error', async () => {
    const { left, end } = await endOf('throw');
    expect(left).toEqual([]);
    expect(end.code).toBe(1);
    expect(end.errors).toContain('an uncaught error of the test');
  });

  it('process.exit', async () => {
    const { left, end } = await endOf('exit');
    expect(left).toEqual([]);
    expect(end.code).toBe(7);
  });

  it('the end of a program that forgets to stop it', async () => {
    const { left, end } = await endOf('end');
    expect(left).toEqual([]);
    expect(end.code).toBe(0);
  });
});
