// What both entry points (run.mjs, start.mjs) need first. Plain Node, no package: it runs where nothing is installed yet.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Installs the packages of the lock file when they are missing, or when an installation did not end. */
export function ensurePackages() {
  if (existsSync(join(root, 'node_modules/.package-lock.json'))) return;
  console.log('node_modules is missing: running npm ci (once, about a minute)');
  npm('ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error');
}

/** Builds dist/ when it is missing or older than the sources. */
export function ensureBuild() {
  const entry = join(root, 'dist/index.js');
  const types = join(root, 'dist/index.d.ts');
  const sources = ['src', 'package.json', 'tsup.config.ts', 'tsconfig.json'].map((name) => newest(join(root, name)));
  if (existsSync(types) && existsSync(entry) && statSync(entry).mtimeMs >= Math.max(...sources)) return;
  console.log('dist/ is missing or older than src/: running npm run build');
  npm('run', 'build', '--silent', '--', '--silent');
}

/** Runs a Node program with this terminal and passes signals on; resolves to its exit code. */
export function runNode(args, env = {}) {
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  // A terminal's Ctrl-C reaches the child by itself; the child decides when it has cleaned up, and we wait for it.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.on('SIGHUP', () => child.kill('SIGHUP'));
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('exit', (code) => done(code ?? 1));
  });
}

function npm(...args) {
  const script = process.env.npm_execpath;
  const [command, prefix] = script?.endsWith('.js') ? [process.execPath, [script]] : ['npm', []];
  const options = {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32' && !script,
  };
  const { status, error } = spawnSync(command, [...prefix, ...args], options);
  if (status === 0) return;
  console.error(`npm ${args[0]} failed${error ? `: ${error.message}` : ''}`);
  process.exit(1);
}

function newest(path) {
  const facts = statSync(path);
  if (!facts.isDirectory()) return facts.mtimeMs;
  return Math.max(facts.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}
