import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** A TypeScript program of this folder as one plain script, in a folder of its own. */
export async function bundle(name: string): Promise<{ script: string; remove: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'mysql2-cluster-child-'));
  const script = join(folder, `${name}.cjs`);
  const entry = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  // What is not bundled is found through the link.
  symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(folder, 'node_modules'));
  await build({
    entryPoints: [entry],
    outfile: script,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'cjs',
  });
  return { script, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** How a process ended. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly errors: string;
}

/** A running script that has said its first line. */
export interface RunningChild {
  readonly process: ChildProcess;
  readonly firstLine: string;
  readonly end: Promise<ChildEnd>;
}

/** Starts a script and waits for its first line. */
export async function startChild(script: string, args: readonly string[]): Promise<RunningChild> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const end = once(child, 'close').then(([code, signal]) => ({ code, signal, errors }) as ChildEnd);
  const line = once(createInterface(child.stdout), 'line').then(([text]) => String(text));
  const firstLine = await Promise.race([
    line,
    end.then((early) => Promise.reject(new Error(`ended early: ${JSON.stringify(early)}`))),
  ]);
  return { process: child, firstLine, end };
}
