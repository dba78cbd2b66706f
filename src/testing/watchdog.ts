import * as childProcess from 'node:child_process';
import * as fs from 'node:fs';

type FileSystem = Pick<typeof fs, 'readdirSync' | 'readFileSync' | 'rmSync' | 'existsSync'>;
type Processes = Pick<typeof childProcess, 'execFileSync'>;

/** What a dead parent may leave behind: a folder with the servers on it, or, as `label=…`, containers. */
export type Guarded = string;

/**
 * Kills the servers whose data directories are below the folder, and removes it. Returns whether anything was still there.
 * Servers are known by their command lines, so that a process id that was given to another process is not touched.
 * It also runs from its own text in the watchdog process: it must not use anything from outside.
 */
export function sweepFolder(folder: string, modules: { fs: FileSystem; childProcess: Processes }): boolean {
  const mark = `--datadir=${folder}/`;
  const listed = modules.fs.existsSync('/proc/self/cmdline')
    ? modules.fs.readdirSync('/proc').map((pid) => {
        try {
          return [pid, modules.fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8')];
        } catch {
          return [pid, ''];
        }
      })
    : modules.childProcess
        .execFileSync('ps', ['-axww', '-o', 'pid=,command='], { encoding: 'utf8' })
        .split('\n')
        .map((line) => [line.trim().split(' ')[0] ?? '', line]);
  const pids = listed
    .filter(([pid, line]) => /^\d+$/.test(pid ?? '') && (line ?? '').includes(mark))
    .map(([pid]) => Number(pid));
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
  const existed = modules.fs.existsSync(folder);
  try {
    modules.fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // Something is still being written there; the next look removes it.
  }
  return existed || pids.length > 0;
}

// The watchdog process, as text: it must not use anything from outside. Its standard input ends when its parent is dead.
function watch(require: NodeJS.Require, sweep: typeof sweepFolder): void {
  const modules = {
    fs: require('node:fs') as typeof fs,
    childProcess: require('node:child_process') as typeof childProcess,
  };
  const guarded = new Set<string>();
  let rest = '';
  let looks = 0;
  const sweepLabel = (label: string): boolean => {
    try {
      const options: childProcess.ExecFileSyncOptionsWithStringEncoding = {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      };
      const listed = modules.childProcess.execFileSync('docker', ['ps', '-aq', '--filter', label], options);
      const ids = listed.split(/\s+/).filter((id) => id !== '');
      if (ids.length > 0) modules.childProcess.execFileSync('docker', ['rm', '-f', '-v', ...ids], options);
      return ids.length > 0;
    } catch {
      return false;
    }
  };
  // A server may be on its way between our two looks, so it has to be quiet for a while.
  const sweepAll = (quiet: number): void => {
    const found = [...guarded].map((item) => (item.startsWith('label=') ? sweepLabel(item) : sweep(item, modules)));
    const left = found.includes(true) ? 5 : quiet - 1;
    looks += 1;
    if (left > 0 && looks < 100 && guarded.size > 0) setTimeout(sweepAll, 100, left);
  };
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('+')) guarded.add(line.slice(1));
      else guarded.delete(line.slice(1));
    }
  });
  process.stdin.on('end', () => sweepAll(5));
}

/** The program text of the watchdog process. */
export function watchdogSource(): string {
  // Some compilers wrap functions in a call of __name to keep their names.
  return `const __name = (f) => f; (${watch.toString()})(require, ${sweepFolder.toString()});`;
}

/**
 * A process of its own that outlives this one and, whenever this one ends, however it ends, removes what is guarded. It
 * runs only while something is guarded. The host's signals and exit are left as they are.
 */
class Watchdog {
  readonly #guarded = new Set<Guarded>();
  #child: childProcess.ChildProcess | undefined;

  /** From now on the folder (or `label=…`) does not outlive this process. Call it before anything is there. */
  guard(item: Guarded): void {
    if (this.#guarded.size === 0) process.once('exit', this.#onExit);
    this.#guarded.add(item);
    this.#child ??= this.#spawn();
    this.#child.stdin?.write(`+${item}\n`);
  }

  /** It is gone. */
  release(item: Guarded): void {
    if (!this.#guarded.delete(item)) return;
    this.#child?.stdin?.write(`-${item}\n`);
    if (this.#guarded.size > 0) return;
    process.off('exit', this.#onExit);
    this.#child?.stdin?.end();
    this.#child = undefined;
  }

  readonly #onExit = (): void => {
    for (const item of this.#guarded) {
      if (!item.startsWith('label=')) sweepFolder(item, { fs, childProcess });
    }
  };

  #spawn(): childProcess.ChildProcess {
    const env = { ...process.env, NODE_OPTIONS: '' };
    const args = ['-e', watchdogSource()];
    const child = childProcess.spawn(process.execPath, args, {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env,
    });
    child.on('error', () => undefined);
    child.stdin.on('error', () => undefined);
    child.unref();
    (child.stdin as unknown as { unref?: () => void }).unref?.();
    return child;
  }
}

/** The one watchdog of this process. */
export const watchdog = new Watchdog();
