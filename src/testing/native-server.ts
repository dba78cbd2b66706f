import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { copyTemplate, userFlag } from './data-template.js';
import { ClusterActError } from './errors.js';
import { findFreePort } from './free-port.js';
import { runProgram } from './run-program.js';
import type { Server } from './server.js';
import { waitUntil, within } from './wait-until.js';

/** Where a server's program, its first-time data and its own folder are. */
export interface NativePlaces {
  readonly program: string;
  readonly template: string;
  readonly folder: string;
  /** Where the server finds programs that it runs before it looks elsewhere. */
  readonly programs?: string | undefined;
}

const LOG_LINES = 25;
const ONCE_MS = 60_000;

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
    const { program, programs } = this.#places;
    const env = programs === undefined ? {} : { PATH: `${programs}${delimiter}${process.env.PATH ?? ''}` };
    const child = spawn(program, [...this.#own(), `--log-error=${this.#logFile}`, ...args], {
      detached: true,
      stdio: 'ignore',
      env: { ...process.env, ...env },
    });
    child.once('exit', () => this.#ended(child));
    await once(child, 'spawn');
    child.unref();
    this.#child = child;
  }

  async runOnce(args: readonly string[]): Promise<string> {
    const { code, output } = await runProgram(this.#places.program, [...this.#own(), ...args], { timeoutMs: ONCE_MS });
    if (code === 0) return output;
    throw new ClusterActError('SERVER_DIED', `${this.#places.program} ${args.at(-1)} ended with ${code}:\n${output}`);
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

  #own(): string[] {
    return [
      '--no-defaults',
      ...userFlag(),
      `--datadir=${this.dataDir}`,
      // A server that starts removes what looks like its temporary tables: in a shared folder, those of another.
      `--tmpdir=${this.#places.folder}`,
      `--port=${this.#port}`,
      `--socket=${join(this.#places.folder, 's.sock')}`,
      `--pid-file=${join(this.#places.folder, 's.pid')}`,
    ];
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
