import { startCluster, type TestCluster } from 'mysql2-cluster/testing';
import { type Arguments, readArguments } from './arguments.js';
import { isSound, report } from './report.js';
import { runShop } from './run-shop.js';

const INTRO = `A small shop on a real MySQL cluster, through mysql2-cluster: a primary, two replicas, semi-synchronous replication.
The primary is killed while the shop is open, a replica promoted, the old one brought back; then every write is looked up.
`;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const STOP_PATIENCE_MS = 5000;

let cluster: TestCluster | undefined;
let exitCode: number | undefined;
const stopping = new AbortController();

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

// Servers that are still starting are ended by the cluster's own watchdog.
async function stopAt(signal: NodeJS.Signals): Promise<void> {
  stopping.abort();
  for (const name of SIGNALS) process.on(name, () => process.exit(1));
  const limit = setTimeout(() => process.exit(1), STOP_PATIENCE_MS);
  process.stdout.write(`\n${signal}: stopping the servers\n`);
  await cluster?.stop().catch(() => undefined);
  clearTimeout(limit);
  process.exit(exitCode ?? (signal === 'SIGINT' ? 130 : 1));
}

async function openCluster(): Promise<TestCluster> {
  say('starting three servers');
  let isUp = false;
  const log = (line: string): void => {
    if (!isUp) say(`  ${line}`);
  };
  const opened = await startCluster({ replicas: 2, semiSync: { timeoutMs: 10_000 }, relay: false, install: true, log });
  isUp = true;
  return opened;
}

async function play({ seconds, keep }: Arguments): Promise<number> {
  say(INTRO);
  cluster = await openCluster();
  try {
    const ending = await runShop(cluster, { seconds, signal: stopping.signal });
    exitCode = isSound(ending) ? 0 : 1;
    if (keep) say(`\nthe cluster stays up until Ctrl-C: ${cluster.uri}`);
    for (const line of report(ending)) say(line);
    if (keep) await new Promise((resolve) => setTimeout(resolve, 2 ** 31 - 1));
    return exitCode;
  } finally {
    await cluster.stop();
  }
}

async function main(): Promise<number> {
  for (const signal of SIGNALS) process.once(signal, () => void stopAt(signal));
  try {
    return await play(readArguments(process.argv.slice(2)));
  } catch (error) {
    const { name, message } = error as Error;
    if (!stopping.signal.aborted) process.stderr.write(`\nthe demo ended early: ${name}: ${message}\n`);
    return 2;
  }
}

process.exitCode = await main();
