import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** What a program printed, with its exit code; 128 when a signal ended it. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  /** stdout, then stderr. */
  readonly output: string;
}

/** Runs a Node program. */
export function runNode(args: readonly string[], cwd = root): Promise<Ran> {
  return run(process.execPath, args, cwd);
}

/** Runs npm; throws with its output when it fails. */
export async function npm(args: readonly string[], cwd = root): Promise<string> {
  const script = process.env.npm_execpath;
  const ran = script?.endsWith('.js')
    ? await run(process.execPath, [script, ...args], cwd)
    : await run('npm', args, cwd);
  if (ran.code !== 0) throw new Error(`npm ${args.join(' ')} ended with ${ran.code}:\n${ran.output}`);
  return ran.output;
}

function run(command: string, args: readonly string[], cwd: string): Promise<Ran> {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, NODE_OPTIONS: undefined };
  return new Promise((done, fail) => {
    execFile(command, [...args], { cwd, env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      // A program that a signal ended has no code of its own.
      const code = error?.signal ? 128 : (error?.code ?? 0);
      if (typeof code === 'number') done({ code, stdout, output: stdout + stderr });
      else fail(error);
    });
  });
}

/** A user's project: an empty folder with the packed package installed. */
export interface Consumer {
  readonly folder: string;
  /** Writes a file and runs it by Node; throws with its output when it fails. Returns its stdout. */
  run(file: string, text: string): Promise<string>;
  /** Writes files and checks them by tsc with these compiler options; returns its complaints. */
  check(files: Readonly<Record<string, string>>, options: Readonly<Record<string, unknown>>): Promise<string>;
}

/** Packs the project as it is built. The caller removes the folder. */
export async function pack(): Promise<{ readonly folder: string; readonly tarball: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'mysql2-cluster-pack-'));
  await npm(['pack', '--ignore-scripts', '--silent', '--pack-destination', folder]);
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  return { folder, tarball: join(folder, `mysql2-cluster-${version}.tgz`) };
}

/** What a project asks for in its package.json. */
export interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly overrides?: object;
}

/** Installs the tarball, or what the manifest asks for, in an empty folder, which the caller removes. */
export async function install(wanted: string | Manifest): Promise<Consumer> {
  const folder = await mkdtemp(join(tmpdir(), 'mysql2-cluster-consumer-'));
  const dependencies = typeof wanted === 'string' ? { 'mysql2-cluster': `file:${wanted}` } : wanted.dependencies;
  const overrides = typeof wanted === 'string' ? undefined : wanted.overrides;
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'consumer', private: true, dependencies, overrides }),
  );
  await npm(['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'], folder);
  return {
    folder,
    run: async (file, text) => {
      await writeFile(join(folder, file), text);
      const { code, stdout, output } = await runNode([file], folder);
      if (code !== 0) throw new Error(`${file} ended with ${code}:\n${output}`);
      return stdout;
    },
    check: (files, options) => check(folder, files, options),
  };
}

async function check(
  folder: string,
  files: Readonly<Record<string, string>>,
  options: Readonly<Record<string, unknown>>,
) {
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: 'es2022',
    skipLibCheck: false,
    types: ['node'],
    ...options,
  };
  const project = join(folder, 'tsconfig.json');
  await writeFile(project, JSON.stringify({ compilerOptions, files: Object.keys(files) }));
  const { output } = await runNode([join(root, 'node_modules/typescript/bin/tsc'), '-p', project], folder);
  await rm(project);
  return output;
}
