import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { ClusterStartError } from './errors.js';
import type { FlavorName } from './options.js';
import { runProgram } from './run-program.js';
import { unpackedFile, unpackServer } from './unpack-server.js';

/** A server program that can be started. */
export interface ServerProgram {
  readonly path: string;
  /** As the program says, such as `9.7.4` or `10.11.18-MariaDB`. */
  readonly version: string;
}

const VARIABLE = { mysql: 'MYSQLD', mariadb: 'MARIADBD' } as const;
const PROGRAM = { mysql: 'mysqld', mariadb: 'mariadbd' } as const;
const FOLDERS = [
  '/usr/sbin',
  '/usr/local/sbin',
  '/usr/local/mysql/bin',
  '/opt/homebrew/opt/mysql/bin',
  '/opt/homebrew/bin',
];

/** Whether to unpack a server when none is found. */
export interface FindOptions {
  readonly install: boolean;
  readonly log: (line: string) => void;
}

/**
 * Finds a server: the environment variable (`MYSQLD`, `MARIADBD`), `PATH`, the usual folders, the cache folder; at last, if
 * allowed, unpacks one. Throws `ClusterStartError` (`SERVER_NOT_FOUND`, `INSTALL_FAILED`, and `INVALID_OPTION` for a wrong
 * variable).
 */
export async function findServer(flavor: FlavorName, options: FindOptions): Promise<ServerProgram> {
  const named = process.env[VARIABLE[flavor]];
  if (named !== undefined && named !== '') return namedServer(flavor, named);
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''), ...FOLDERS];
  for (const path of [...folders.map((folder) => join(folder, PROGRAM[flavor])), unpackedFile(flavor)]) {
    const version = await versionOf(flavor, path);
    if (version !== undefined) return { path, version };
  }
  if (!options.install) throw notFound(flavor);
  const path = await unpackServer(flavor, options.log);
  const version = await versionOf(flavor, path);
  if (version !== undefined) return { path, version };
  throw new ClusterStartError(
    'INSTALL_FAILED',
    `the unpacked server ${path} does not run: ${(await saidVersion(path)).trim()}`,
  );
}

async function namedServer(flavor: FlavorName, path: string): Promise<ServerProgram> {
  const version = await versionOf(flavor, path);
  if (version !== undefined) return { path, version };
  const said = (await saidVersion(path)).trim();
  const message = `${VARIABLE[flavor]}=${path} is no ${flavor} server that runs here (MySQL needs 8.0.26 or later): ${said}`;
  // A server that was named is the one that is wanted: nothing else is tried.
  throw new ClusterStartError('INVALID_OPTION', message);
}

function notFound(flavor: FlavorName): ClusterStartError {
  const message =
    `no ${flavor} server found in ${VARIABLE[flavor]}, PATH or ${unpackedFile(flavor)}. Install one, set ` +
    `${VARIABLE[flavor]}, use { backend: 'docker' }, or allow unpacking one from Debian by { install: true } ` +
    'or MYSQL2_CLUSTER_INSTALL=1';
  return new ClusterStartError('SERVER_NOT_FOUND', message);
}

async function versionOf(flavor: FlavorName, path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK);
  } catch {
    return undefined;
  }
  return readVersion(flavor, await saidVersion(path));
}

async function saidVersion(path: string): Promise<string> {
  const { output } = await runProgram(path, ['--no-defaults', '--version'], { timeoutMs: 30_000 });
  return output;
}

/** The version in what `--version` prints, if it is one of that flavor and new enough. */
export function readVersion(flavor: FlavorName, output: string): string | undefined {
  const version = /\bVer (\d[^\s]*)/.exec(output)?.[1];
  if (version === undefined || output.includes('MariaDB') !== (flavor === 'mariadb')) return undefined;
  const [major = 0, minor = 0, patch = 0] = version.split(/[^\d]/).map(Number);
  const number = major * 10_000 + minor * 100 + patch;
  return number >= (flavor === 'mysql' ? 80_026 : 100_600) ? version : undefined;
}
