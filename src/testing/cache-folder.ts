import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The folder for unpacked servers and first-time data directories: below `XDG_CACHE_HOME`, else below `~/.cache`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_CACHE_HOME;
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'mysql2-cluster');
}

/** Makes a folder below the cache folder, and gives its path. */
export async function makeCacheFolder(name: string): Promise<string> {
  const path = join(cacheFolder(), name);
  await mkdir(path, { recursive: true });
  return path;
}
