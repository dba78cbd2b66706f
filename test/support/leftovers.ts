import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The folder of the whole cluster, from the data directory of one of its nodes. */
export function clusterFolder(dataDir: string): string {
  return dirname(dirname(dataDir));
}

/** Process ids of the servers with data below a folder. */
export function serversBelow(folder: string): number[] {
  return processes()
    .filter(({ command }) => command.includes(`--datadir=${folder}/`))
    .map(({ pid }) => pid);
}

/** Process ids of the watchdogs of one process. */
export function watchdogsOf(parent: number): number[] {
  return processes()
    .filter(({ pid, command }) => command.includes('sweepFolder') && parentOf(pid) === parent)
    .map(({ pid }) => pid);
}

/** What is left of a cluster, as text for assertions: nothing, after at most so long. */
export async function leftOf(folder: string, patienceMs = 20_000): Promise<string[]> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const left = [...serversBelow(folder).map((pid) => `process ${pid}`), ...(existsSync(folder) ? [folder] : [])];
    if (left.length === 0 || Date.now() > deadline) return left;
    await sleep(50);
  }
}

function processes(): { pid: number; command: string }[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => ({ pid: Number(pid), command: textOf(`/proc/${pid}/cmdline`) }));
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(textOf(`/proc/${pid}/status`))?.[1]);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
