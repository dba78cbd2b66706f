import { spawn } from 'node:child_process';

/** How a program ended. */
export interface Outcome {
  /** Exit code; -1 when it could not be started, was ended by a signal, or took too long. */
  readonly code: number;
  /** Standard output and standard error, as they came. */
  readonly output: string;
}

/** What to give to the program. */
export interface RunOptions {
  readonly input?: string | Buffer;
  /** After this time it is killed. Default 10 minutes. */
  readonly timeoutMs?: number;
  /** Where it runs. Default: where this process does. */
  readonly folder?: string | undefined;
}

/** Runs a program to its end. Never throws: a program that cannot be started has code -1. */
export function runProgram(file: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const limits = { timeout: options.timeoutMs ?? 600_000, killSignal: 'SIGKILL' } as const;
    const child = spawn(file, args, { stdio: 'pipe', cwd: options.folder, ...limits });
    let output = '';
    const append = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', append);
    child.stderr.on('data', append);
    child.stdin.on('error', () => undefined);
    child.once('error', (error) => resolve({ code: -1, output: error.message }));
    child.once('close', (code) => resolve({ code: code ?? -1, output }));
    child.stdin.end(options.input ?? '');
  });
}
