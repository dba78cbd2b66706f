import { afterEach, expect, it } from 'vitest';
import type { TestNode } from '../../src/testing/index.js';
import { type ClaimedRead, ClaimedReads } from '../support/claimed-reads.js';
import { count } from '../support/counts.js';
import { Stamps } from '../support/stamps.js';
import { lab, pause, TEST_MS } from './support/lab.js';

/** Reads on replicas, of all phases together. */
const SAMPLES = count(2100, 21_000);
const WRITES_A_SECOND = 250;
/** Long enough for several ticks of the monitors and several turns of what goes on. */
const LEAST_MS = count(4000, 20_000);
const MOST_MS = 60_000;
/** Each reader has one. Those who allow nothing have samples taken all the time, so that what is claimed is as much as can be. */
const LIMITS = [0, 0, 50, 300, 2000, 2000];

const here = lab();

/** What goes on while it is read; it ends when `going` says so. */
interface Phase {
  readonly name: string;
  readonly limits?: readonly number[];
  act(going: () => boolean): Promise<unknown>;
}

const phases: readonly Phase[] = [
  { name: 'under load', limits: [...LIMITS, ...LIMITS, ...LIMITS], act: async () => undefined },
  { name: 'one replica applies 1 s late', act: () => here.cluster.setDelay(delayed(), 1) },
  // What is under way when the primary is asked is longer then, and the replica has exactly what it is said to have.
  {
    name: 'late answers of the primary, one replica 1 s late',
    limits: [0, 0, 5000, 5000, 5000, 5000],
    act: async () => {
      await here.cluster.setDelay(delayed(), 1);
      await here.cluster.partition(here.primary, { mode: 'delay', delayMs: 40, direction: 'fromServer' });
    },
  },
  { name: 'the SQL thread stops and starts', act: (going) => again(going, () => stopAndStart('sql')) },
  { name: 'the IO thread stops and starts', act: (going) => again(going, () => stopAndStart('io')) },
  { name: 'a replica hangs for a while', act: (going) => again(going, hang) },
  { name: 'a replica is killed and started', act: (going) => again(going, killAndStart) },
];

afterEach(async () => {
  await here.endAll();
  await here.cluster.heal(here.primary);
  for (const node of here.cluster.replicas) {
    await here.cluster.start(node);
    // An applier that stops within a transaction that it has only half of would wait for the rest.
    await here.cluster.startReplication(node);
    await here.cluster.setDelay(node, 0);
  }
  await here.cluster.waitForReplication();
});

it.each(phases)('no read is older than the bound that let it through: $name', { timeout: TEST_MS }, async (phase) => {
  const stamps = await Stamps.start(here.cluster, WRITES_A_SECOND);
  here.use(stamps, () => stamps.stop());
  // By chance: any other balancer leaves a replica that is late alone.
  const options = { maxLagMs: 2000, balance: 'random' } as const;
  const reads = here.use(new ClaimedReads(here.cluster, options), (opened) => opened.close());
  const done: ClaimedRead[] = [];
  const late: unknown[] = [];
  const wanted = SAMPLES / phases.length;
  const since = performance.now();
  const going = (): boolean => {
    const elapsed = performance.now() - since;
    return elapsed < LEAST_MS || (done.length < wanted && elapsed < MOST_MS);
  };

  const reader = async (limit: number): Promise<void> => {
    while (going()) {
      // Reads on a server that is killed may fail: what they would have returned is not known.
      const read = await reads.read(limit).catch(() => undefined);
      if (read !== undefined) {
        if (read.role === 'replica') done.push(read);
        const until = read.frozen ? read.allUntil : Math.max(read.allUntil, read.begunAt - limit);
        const must = stamps.newestAt(until);
        if (read.seen < must) late.push({ ...read, limit, must });
      }
      await pause(2);
    }
  };
  const acting = phase.act(going);
  await Promise.all((phase.limits ?? LIMITS).map(reader));
  await acting;
  expect(late.slice(0, 3)).toEqual([]);
  expect(done.length).toBeGreaterThanOrEqual(wanted);
});

function delayed(): TestNode {
  return here.replica(0);
}

async function again(going: () => boolean, act: () => Promise<void>): Promise<void> {
  do await act();
  while (going());
}

async function stopAndStart(thread: 'io' | 'sql'): Promise<void> {
  await here.cluster.stopReplication(delayed(), thread);
  await pause(900);
  await here.cluster.startReplication(delayed());
  await pause(300);
}

async function hang(): Promise<void> {
  await here.cluster.pause(delayed());
  await pause(700);
  await here.cluster.resume(delayed());
  await pause(500);
}

async function killAndStart(): Promise<void> {
  await here.cluster.kill(delayed());
  await pause(200);
  await here.cluster.start(delayed());
  await pause(700);
}
