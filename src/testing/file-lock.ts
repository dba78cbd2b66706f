import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterActError } from './errors.js';

const STALE_MS = 15 * 60_000;
const WAIT_MS = 20 * 60_000;

/** Runs `work` while no other process runs work under the same lock file. A lock of a dead process does not count. */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + WAIT_MS;
  while (!(await takes(path))) {
    await removeStale(path);
    if (Date.now() > deadline) throw new ClusterActError('TIMED_OUT', `timed out waiting for the lock ${path}`);
    await sleep(100);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

let attempts = 0;

// A link appears with its content, so nobody ever reads a lock without its owner.
async function takes(path: string): Promise<boolean> {
  attempts += 1;
  const mine = `${path}.${process.pid}.${attempts}.${Math.random().toString(36).slice(2)}`;
  await writeFile(mine, String(process.pid));
  try {
    await link(mine, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    await rm(mine, { force: true });
  }
}

async function removeStale(path: string): Promise<void> {
  try {
    const owner = Number(await readFile(path, 'utf8'));
    const { mtimeMs } = await stat(path);
    if (isAlive(owner) && Date.now() - mtimeMs < STALE_MS) return;
    const aside = `${path}.stale.${process.pid}`;
    await rename(path, aside);
    await rm(aside, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
