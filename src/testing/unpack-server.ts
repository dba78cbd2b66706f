import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, makeCacheFolder } from './cache-folder.js';
import { ClusterStartError } from './errors.js';
import { withFileLock } from './file-lock.js';
import type { FlavorName } from './options.js';
import { runProgram } from './run-program.js';
import { watchdog } from './watchdog.js';

// MySQL's server is only in Debian's unstable suite, called sid; MariaDB's is in every release.
const SOURCE = {
  mysql: { folder: 'mysql-sid', suite: 'sid', packages: ['mysql-server-core'], program: 'mysqld' },
  mariadb: { folder: 'mariadb', suite: undefined, packages: ['mariadb-server-core'], program: 'mariadbd' },
} as const;

const GALERA = { folder: 'galera', package: 'galera-4', file: 'usr/lib/libgalera_smm.so' } as const;

/** Where the unpacked server's program, or Galera's library, is or would be. */
export function unpackedFile(what: FlavorName | 'galera'): string {
  const path = what === 'galera' ? [GALERA.folder, GALERA.file] : [SOURCE[what].folder, 'bin', SOURCE[what].program];
  return join(cacheFolder(), 'server', ...path);
}

/**
 * Downloads the server and every library it needs from Debian's archive and unpacks them into the cache folder; nothing is
 * installed. Says so on standard error. Throws `ClusterStartError` (`INSTALL_FAILED`).
 */
export async function unpackServer(flavor: FlavorName, log: (line: string) => void): Promise<string> {
  const program = unpackedFile(flavor);
  const folder = await makeCacheFolder('server');
  const target = join(folder, SOURCE[flavor].folder);
  await withFileLock(`${target}.lock`, async () => {
    if (existsSync(program) && (await runs(program))) return;
    await checkMachine(flavor);
    const { suite, packages, program: name } = SOURCE[flavor];
    announce(`${flavor} from Debian${suite === undefined ? '' : ` ${suite}`} into ${target}`, log);
    await unpackInto(target, async (half) => {
      await downloadPackages({ suite, packages, dependencies: true }, half);
      await writeWrapper(half, name);
    });
  });
  return program;
}

/**
 * The same for Galera's library alone: what it needs comes with MariaDB's server. Gives its path. Throws `ClusterStartError`
 * (`INSTALL_FAILED`).
 */
export async function unpackGalera(log: (line: string) => void): Promise<string> {
  const file = unpackedFile('galera');
  const target = join(await makeCacheFolder('server'), GALERA.folder);
  await withFileLock(`${target}.lock`, async () => {
    if (existsSync(file)) return;
    await checkMachine('galera');
    announce(`galera from Debian into ${target}`, log);
    const wanted = { suite: undefined, packages: [GALERA.package], dependencies: false };
    await unpackInto(target, (half) => downloadPackages(wanted, half));
  });
  if (existsSync(file)) return file;
  throw new ClusterStartError('INSTALL_FAILED', `Debian's package ${GALERA.package} has no ${GALERA.file}`);
}

function announce(what: string, log: (line: string) => void): void {
  const line = `mysql2-cluster: unpacking ${what}`;
  process.stderr.write(`${line}\n`);
  log(line);
}

async function unpackInto(target: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const half = await mkdtemp(`${target}.half-`);
  watchdog.guard(half);
  try {
    await fill(half);
    await rm(target, { recursive: true, force: true });
    await rename(half, target);
  } finally {
    await rm(half, { recursive: true, force: true });
    watchdog.release(half);
  }
}

async function runs(program: string): Promise<boolean> {
  return (await runProgram(program, ['--no-defaults', '--version'])).code === 0;
}

async function checkMachine(what: FlavorName | 'galera'): Promise<void> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const tools = await Promise.all([runProgram('apt-get', ['--version']), runProgram('dpkg-deb', ['--version'])]);
  if (/^ID=debian$/m.test(release) && tools.every(({ code }) => code === 0)) return;
  const message = `cannot unpack ${what} here: that needs Debian with apt-get and dpkg-deb. Install it or use docker`;
  throw new ClusterStartError('INSTALL_FAILED', message);
}

/** Packages of the machine's own release, or of another suite. */
interface Wanted {
  readonly suite: string | undefined;
  readonly packages: readonly string[];
  /** With all that they need, the C library too. */
  readonly dependencies: boolean;
}

async function downloadPackages({ suite, packages, dependencies }: Wanted, target: string): Promise<void> {
  const apt = await mkdtemp(join(tmpdir(), 'mysql2-cluster-apt-'));
  watchdog.guard(apt);
  try {
    await Promise.all(
      ['sources', 'lists/partial', 'cache/archives/partial'].map((name) => mkdir(join(apt, name), { recursive: true })),
    );
    await writeFile(join(apt, 'status'), '');
    await writeSources(join(apt, 'sources'), suite);
    const options = aptOptions(apt);
    await must('apt-get', [...options, '-qq', 'update']);
    const archives = join(apt, 'cache/archives');
    const act = dependencies ? ['install', '--download-only', '-y', '--no-install-recommends'] : ['download'];
    await must('apt-get', [...options, '-qq', ...act, ...packages], archives);
    for (const name of (await readdir(archives)).filter((file) => file.endsWith('.deb'))) {
      await must('dpkg-deb', ['-x', join(archives, name), target]);
    }
  } finally {
    await rm(apt, { recursive: true, force: true });
    watchdog.release(apt);
  }
}

function aptOptions(apt: string): string[] {
  const settings = [
    'Dir::Etc::sourcelist=/dev/null',
    `Dir::Etc::sourceparts=${join(apt, 'sources')}`,
    `Dir::State::lists=${join(apt, 'lists')}`,
    `Dir::Cache=${join(apt, 'cache')}`,
    `Dir::State::status=${join(apt, 'status')}`,
    'APT::Sandbox::User=root',
    'Debug::NoLocking=1',
  ];
  return settings.flatMap((setting) => ['-o', setting]);
}

// The machine's own archive, so that its mirror, its proxy and its keys hold; only the suite changes.
async function writeSources(folder: string, suite: string | undefined): Promise<void> {
  const modern = await readFile('/etc/apt/sources.list.d/debian.sources', 'utf8').catch(() => undefined);
  if (modern !== undefined) {
    await writeFile(join(folder, 'debian.sources'), sourcesOf(modern, suite));
    return;
  }
  const lines = (await readFile('/etc/apt/sources.list', 'utf8').catch(() => '')).split('\n');
  await writeFile(join(folder, 'debian.list'), listOf(lines, suite));
}

/** The paragraphs of a `debian.sources` file without the security archive, their suites replaced if one is given. */
export function sourcesOf(text: string, suite: string | undefined): string {
  const paragraphs = text
    .split(/\n\s*\n/)
    .filter((paragraph) => /^URIs:/m.test(paragraph) && !paragraph.includes('-security'));
  const own =
    suite === undefined ? paragraphs : paragraphs.map((item) => item.replace(/^Suites:.*$/m, `Suites: ${suite}`));
  return `${own.join('\n\n')}\n`;
}

/** The same for the older one-line format of `sources.list`. */
export function listOf(lines: readonly string[], suite: string | undefined): string {
  const debian = lines.filter((line) => /^deb\s/.test(line) && !/security|updates|backports/.test(line));
  const own =
    suite === undefined ? debian : debian.slice(0, 1).map((line) => line.replace(/(\S+:\S+\s+)\S+/, `$1${suite}`));
  return `${own.join('\n')}\n`;
}

async function must(file: string, args: readonly string[], folder?: string): Promise<void> {
  const { code, output } = await runProgram(file, args, { folder });
  if (code === 0) return;
  throw new ClusterStartError(
    'INSTALL_FAILED',
    `${file} ${args.at(-1) ?? ''} failed (${code}): ${output.trim().slice(-2000)}`,
  );
}

// The server runs on the unpacked loader and libraries, whatever release this machine has. Its defaults point below /.
async function writeWrapper(root: string, program: string): Promise<void> {
  await mkdir(join(root, 'bin'), { recursive: true });
  if (existsSync(join(root, 'usr/share/mariadb')))
    await symlink('mariadb', join(root, 'usr/share/mysql')).catch(() => undefined);
  const path = join(root, 'bin', program);
  await writeFile(path, wrapperOf(program));
  await chmod(path, 0o755);
}

function wrapperOf(program: string): string {
  return `#!/bin/sh
root=$(cd "$(dirname "$0")/.." && pwd)
first=; [ "\${1:-}" = --no-defaults ] && { first=--no-defaults; shift; }
for f in "$root"/lib64/ld-linux-*.so.* "$root"/usr/lib64/ld-linux-*.so.* "$root"/lib/ld-linux-*.so.* "$root"/usr/lib/ld-linux-*.so.*; do
  [ -e "$f" ] && loader=$f && break
done
libs=
for d in "$root"/lib/*-linux-gnu "$root"/usr/lib/*-linux-gnu "$root"/usr/lib/mysql/private; do
  [ -d "$d" ] && libs="\${libs:+$libs:}$d"
done
exec "$loader" --library-path "$libs" "$root/usr/sbin/${program}" $first --basedir="$root/usr" \\
  --lc-messages-dir="$root/usr/share/mysql" --plugin-dir="$root/usr/lib/mysql/plugin" --secure-file-priv= "$@"
`;
}
