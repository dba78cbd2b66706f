import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { copyTemplate, userFlag } from './data-template.js';
import { findFreePort } from './free-port.js';
import type { Server } from './server.js';
import { waitUntil, within } from './wait-until.js';

/** Where a server's program, its first-time data and its own folder are. */
export interface NativePlaces {
  readonly program: string;
  readonly template: string;
  readonly folder: string;
}

const LOG_LINES = 25;

/** A server as a child process. */
export class NativeServer implements Server {
  readonly container = undefined;
  readonly #places: NativePlaces;
  readonly #listeners: (() => void)[] = [];
  #port: number;
  #child: ChildProcess | undefined;

  constructor(places: NativePlaces, port: number) {
    this.#places = places;
    this.#port = port;
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get dataDir(): string {
    return join(this.#places.folder, 'data');
  }

  get alive(): boolean {
    return this.#child !== undefined;
  }

  async start(args: readonly string[]): Promise<void> {
    const own = [
      '--no-defaults',
      ...userFlag(),
      `--datadir=${this.dataDir}`,
      // A server that starts removes what looks like its temporary tables: in a shared folder, those of another.
      `--tmpdir=${this.#places.folder}`,
      `--port=${this.#port}`,
      `--socket=${join(this.#places.folder, 's.sock')}`,
      `--pid-file=${join(this.#places.folder, 's.pid')}`,
      `--log-error=${this.#logFile}`,
    ];
    const child = spawn(this.#places.program, [...own, ...args], { detached: true, stdio: 'ignore' });
    child.once('exit', () => this.#ended(child));
    await once(child, 'spawn');
    child.unref();
    this.#child = child;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await within({ what: `process ${child.pid} to end after SIGKILL`, timeoutMs: 30_000 }, exit);
  }

  async pause(): Promise<void> {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    this.#child?.kill('SIGSTOP');
    await waitUntil({ what: `process ${pid} to stop`, timeoutMs: 10_000, intervalMs: 5 }, () => isStopped(pid));
  }

  async resume(): Promise<void> {
    this.#child?.kill('SIGCONT');
  }

  async wipe(): Promise<void> {
    await rm(this.#places.folder, { recursive: true, force: true, maxRetries: 5 });
    await mkdir(this.#places.folder, { recursive: true });
    await copyTemplate(this.#places.template, this.dataDir);
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.#places.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async changePort(): Promise<void> {
    this.#port = await findFreePort();
  }

  async logTail(): Promise<string> {
    const text = await readFile(this.#logFile, 'utf8').catch((error: unknown) => `no error log: ${String(error)}`);
    return text.trimEnd().split('\n').slice(-LOG_LINES).join('\n');
  }

  onEnd(listener: () => void): void {
    this.#listeners.push(listener);
  }

  get #logFile(): string {
    return join(this.#places.folder, 'error.log');
  }

  #ended(child: ChildProcess): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    for (const listener of this.#listeners) listener();
  }
}

// The signal returns before all threads have stopped. Where there is no /proc nothing tells.
async function isStopped(pid: number): Promise<boolean> {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => []);
  const states = tasks.map(async (task) => {
    const stat = await readFile(`/proc/${pid}/task/${task}/stat`, 'utf8').catch(() => '');
    return stat === '' || stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
  });
  return (await Promise.all(states)).every(Boolean);
}
