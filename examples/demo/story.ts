import { setTimeout as sleep } from 'node:timers/promises';
import type { TestCluster } from 'mysql2-cluster/testing';

const PROMOTE_AFTER_MS = 1000;
const CALM_MS = 3000;

/** When things were done, by `performance.now()`. */
export interface Times {
  readonly killed: number;
  readonly promoting: number;
  readonly promoted: number;
  readonly rebuilt: number;
  readonly closed: number;
}

export interface Stage {
  readonly cluster: TestCluster;
  readonly seconds: number;
  readonly tell: (line: string) => void;
}

/** The primary is killed, a replica promoted, the old primary brought back; then some calm. */
export async function playStory({ cluster, seconds, tell }: Stage): Promise<Times> {
  const start = performance.now();
  const until = (at: number): Promise<void> => sleep(Math.max(0, start + at - performance.now()));
  const old = cluster.primary;

  await until((seconds * 1000) / 3);
  tell(`ACT  SIGKILL ${old.name}, the primary`);
  const killed = performance.now();
  await cluster.kill(old);

  await sleep(PROMOTE_AFTER_MS);
  tell('ACT  promote the most advanced replica');
  const promoting = performance.now();
  const next = await cluster.promote();
  const promoted = performance.now();
  tell(`ACT  ${next.name} is the primary (${Math.round(promoted - promoting)} ms)`);

  await until((seconds * 1000) / 2);
  tell(`ACT  bring ${old.name} back as a replica`);
  const rebuilding = performance.now();
  await cluster.rebuild(old);
  const rebuilt = performance.now();
  tell(`ACT  ${old.name} is a replica (${Math.round(rebuilt - rebuilding)} ms)`);

  await sleep(CALM_MS);
  await until(seconds * 1000);
  return { killed, promoting, promoted, rebuilt, closed: performance.now() };
}
