import { constants, existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { makeCacheFolder } from './cache-folder.js';
import { CREDENTIALS } from './credentials.js';
import { ClusterStartError } from './errors.js';
import { withFileLock } from './file-lock.js';
import type { ServerProgram } from './find-server.js';
import type { FlavorName } from './options.js';
import { runProgram } from './run-program.js';
import { watchdog } from './watchdog.js';

// Raised whenever what is in a template changes.
const FORMAT = 1;
const DONE = 'mysql2-cluster-template';

/**
 * The first-time data directory for that server, made once per version in the cache folder: initialised, with the `root`
 * account and no binary log. Throws `ClusterStartError` (`SERVER_DIED`).
 */
export async function dataTemplate(
  flavor: FlavorName,
  program: ServerProgram,
  log: (line: string) => void,
): Promise<string> {
  const folder = await makeCacheFolder('template');
  const version = program.version.replaceAll(/[^\w.-]/g, '_');
  const target = join(folder, `${flavor}-${version}-${FORMAT}`);
  if (isWhole(target)) return target;
  await withFileLock(`${target}.lock`, async () => {
    if (isWhole(target)) return;
    log(`initialising a first-time data directory in ${target}`);
    await makeTemplate(flavor, program.path, target);
  });
  return target;
}

/** Copies a template to a new place, as the data directory of a new server. */
export async function copyTemplate(template: string, dataDir: string): Promise<void> {
  await cp(template, dataDir, { recursive: true, mode: constants.COPYFILE_FICLONE });
  await rm(join(dataDir, DONE));
}

function isWhole(path: string): boolean {
  return existsSync(join(path, DONE)) && existsSync(join(path, 'mysql'));
}

async function makeTemplate(flavor: FlavorName, program: string, target: string): Promise<void> {
  const half = await mkdtemp(`${target}.half-`);
  watchdog.guard(half);
  try {
    const data = join(half, 'data');
    await (flavor === 'mysql' ? initialiseMysql(program, data) : initialiseMariadb(program, data));
    // The first would make all copies one server to the others; the second is what half-made templates lack.
    await rm(join(data, 'auto.cnf'), { force: true });
    await writeFile(join(data, DONE), '');
    await rm(target, { recursive: true, force: true });
    await rename(data, target);
  } finally {
    await rm(half, { recursive: true, force: true });
    watchdog.release(half);
  }
}

/** `--user=root` where it is needed and nowhere else. */
export function userFlag(): string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}

async function initialiseMysql(program: string, data: string): Promise<void> {
  const { user, password } = CREDENTIALS.root;
  const init = `${data}.sql`;
  const statements = [
    `ALTER USER root@localhost IDENTIFIED BY '${password}';`,
    `CREATE USER ${user}@'%' IDENTIFIED BY '${password}';`,
    `GRANT ALL ON *.* TO ${user}@'%' WITH GRANT OPTION;`,
  ];
  await writeFile(init, `${statements.join('\n')}\n`);
  await initialise(program, [
    `--datadir=${data}`,
    `--tmpdir=${dirname(data)}`,
    '--initialize-insecure',
    `--init-file=${init}`,
    '--innodb-redo-log-capacity=32M',
  ]);
}

// What mariadb-install-db does, without the client programs that it wants.
async function initialiseMariadb(program: string, data: string): Promise<void> {
  const { user, password } = CREDENTIALS.root;
  const folder = await bootstrapFolder(program);
  const names = await readdir(folder);
  const pick = (stem: string): string[] =>
    [`mariadb_${stem}`, `mysql_${stem}`].filter((name) => names.includes(name)).slice(0, 1);
  const scripts = [
    ...['system_tables.sql', 'performance_tables.sql', 'system_tables_data.sql', 'sys_schema.sql'].flatMap(pick),
    ...['maria_add_gis_sp_bootstrap.sql'].filter((name) => names.includes(name)),
  ];
  const texts = await Promise.all(scripts.map((name) => readFile(join(folder, name), 'utf8')));
  const accounts = [
    "DELETE FROM global_priv WHERE User IN ('', 'root');",
    'FLUSH PRIVILEGES;',
    `CREATE OR REPLACE USER root@localhost IDENTIFIED BY '${password}';`,
    `GRANT ALL ON *.* TO root@localhost WITH GRANT OPTION;`,
    `CREATE OR REPLACE USER ${user}@'%' IDENTIFIED BY '${password}';`,
    `GRANT ALL ON *.* TO ${user}@'%' WITH GRANT OPTION;`,
  ];
  const input = [
    'CREATE DATABASE IF NOT EXISTS mysql;',
    'USE mysql;',
    'SET @auth_root_socket=NULL;',
    ...texts,
    ...accounts,
  ].join('\n');
  await mkdir(join(data, 'mysql'), { recursive: true });
  await initialise(
    program,
    [
      `--datadir=${data}`,
      `--tmpdir=${dirname(data)}`,
      '--bootstrap',
      '--skip-log-bin',
      '--innodb-log-file-size=32M',
      '--loose-innodb-fast-shutdown=0',
    ],
    `${input}\n`,
  );
}

async function bootstrapFolder(program: string): Promise<string> {
  const root = resolve(dirname(program), '..');
  const folders = ['usr/share/mariadb', 'usr/share/mysql', 'share/mariadb', 'share/mysql', 'share'].map((name) =>
    join(root, name),
  );
  const found = [...folders, '/usr/share/mariadb', '/usr/share/mysql'].find((folder) =>
    ['mariadb_system_tables.sql', 'mysql_system_tables.sql'].some((name) => existsSync(join(folder, name))),
  );
  if (found !== undefined) return found;
  throw new ClusterStartError('SERVER_NOT_FOUND', `no mariadb_system_tables.sql found for ${program}`);
}

async function initialise(program: string, args: readonly string[], input = ''): Promise<void> {
  const common = ['--no-defaults', ...userFlag()];
  const { code, output } = await runProgram(program, [...common, ...args], { input, timeoutMs: 180_000 });
  if (code === 0) return;
  throw new ClusterStartError(
    'SERVER_DIED',
    `${program} could not make a data directory (${code}):\n${output.slice(-4000)}`,
  );
}
