import { ClusterStartError } from './errors.js';

/** The server software. */
export type FlavorName = 'mysql' | 'mariadb';

/** How servers are run: as child processes, or as containers through the optional peer `testcontainers`. */
export type BackendName = 'native' | 'docker';

/** Semi-synchronous replication: a commit is acknowledged only after one replica has it in its relay log. */
export interface SemiSync {
  /** How long a commit waits for a replica before replication falls back to asynchronous, in ms. Default 5000. */
  readonly timeoutMs?: number;
  /** Wait before (`AFTER_SYNC`, lossless, the default) or after (`AFTER_COMMIT`) the commit is visible on the primary. */
  readonly waitPoint?: 'AFTER_SYNC' | 'AFTER_COMMIT';
}

/** A group of Group Replication: it elects its primary by itself, and knows by itself who is gone. */
export interface GroupReplication {
  /** Every member may be written to. Default `false`: one primary. */
  readonly multiPrimary?: boolean;
}

/** Options of `startCluster`. */
export interface ClusterOptions {
  /** Number of replicas beside the one primary. Default 2. */
  readonly replicas?: number;
  /** Server software. Default `'mysql'`; with `galera`, `'mariadb'`. */
  readonly flavor?: FlavorName;
  /** `'auto'` (default): native when a server is found or may be unpacked, else docker when it answers. */
  readonly backend?: 'auto' | BackendName;
  /** Semi-synchronous replication. Default `false`. */
  readonly semiSync?: boolean | SemiSync;
  /** The nodes form a group, at most nine of them (MySQL 8.0.27 and later, without `semiSync`). Default `false`. */
  readonly groupReplication?: boolean | GroupReplication;
  /**
   * One Galera cluster of MariaDB nodes that all take writes, instead of a primary with replicas: `primary` is only the node that
   * was first. Needs a native server, and Galera's provider, named by the environment variable `GALERA_PROVIDER`, installed
   * (Debian's package `galera-4`) or unpacked as `install` allows. Default `false`.
   */
  readonly galera?: boolean;
  /** Put a TCP relay before each server, needed by `partition`; without it queries are faster. Default `true`. */
  readonly relay?: boolean;
  /**
   * Allow unpacking a server from Debian's archive into the cache folder when none is found (Debian on Linux only; MySQL
   * comes from the unstable suite). Default: whether the environment variable `MYSQL2_CLUSTER_INSTALL` is `1`.
   */
  readonly install?: boolean;
  /** Databases made on every node and granted to `app` and `plain`; the first is the cluster's `database`. Default `['shop']`. */
  readonly databases?: readonly string[];
  /** Further arguments for every server, such as `--max-connections=20`; they win over our own. Default none. */
  readonly mysqldArgs?: readonly string[];
  /** Docker image. Default: the environment variable `MYSQL_IMAGE` (`MARIADB_IMAGE`), else `mysql:9.7` (`mariadb:11.8`). */
  readonly image?: string;
  /** Bound of every single wait in the start and in the acts, in ms. Default 60000. */
  readonly timeoutMs?: number;
  /** Receives a line for every start, act and end. Default none. */
  readonly log?: (line: string) => void;
}

/** Options after checks, with every default filled in. */
export interface Settings {
  readonly replicas: number;
  readonly flavor: FlavorName;
  readonly backend: 'auto' | BackendName;
  readonly semiSync: Required<SemiSync> | undefined;
  readonly groupReplication: Required<GroupReplication> | undefined;
  readonly galera: boolean;
  readonly relay: boolean;
  readonly install: boolean;
  readonly databases: readonly [string, ...string[]];
  readonly mysqldArgs: readonly string[];
  readonly image: string;
  readonly timeoutMs: number;
  readonly log: (line: string) => void;
}

const KNOWN = [
  'replicas',
  'flavor',
  'backend',
  'semiSync',
  'groupReplication',
  'galera',
  'relay',
  'install',
  'databases',
  'mysqldArgs',
  'image',
  'timeoutMs',
  'log',
] as const satisfies readonly (keyof ClusterOptions)[];

/** Checks the options of `startCluster` and fills in the defaults. Throws `ClusterStartError` (`INVALID_OPTION`). */
export function readOptions(options: ClusterOptions, env: NodeJS.ProcessEnv): Settings {
  const unknown = Object.keys(options).find((name) => !(KNOWN as readonly string[]).includes(name));
  if (unknown !== undefined) throw invalid(`unknown option '${unknown}'; known are ${KNOWN.join(', ')}`);
  const galera = options.galera ?? false;
  const flavor = oneOf('flavor', options.flavor ?? (galera ? 'mariadb' : 'mysql'), ['mysql', 'mariadb'] as const);
  if (galera) checkGalera(options, flavor);
  const groupReplication = readGroup(options, flavor);
  return {
    replicas: wholeNumber('replicas', options.replicas ?? 2, { min: 0, max: groupReplication ? 8 : 16 }),
    flavor,
    backend: oneOf('backend', options.backend ?? (galera ? 'native' : 'auto'), ['auto', 'native', 'docker'] as const),
    semiSync: readSemiSync(options.semiSync ?? false),
    groupReplication,
    galera,
    relay: options.relay ?? true,
    install: options.install ?? env.MYSQL2_CLUSTER_INSTALL === '1',
    databases: readDatabases(options.databases ?? ['shop']),
    mysqldArgs: [...(options.mysqldArgs ?? [])],
    image: options.image ?? defaultImage(flavor, env),
    timeoutMs: wholeNumber('timeoutMs', options.timeoutMs ?? 60_000, { min: 1000, max: 3_600_000 }),
    log: options.log ?? (() => undefined),
  };
}

function defaultImage(flavor: FlavorName, env: NodeJS.ProcessEnv): string {
  return flavor === 'mysql' ? (env.MYSQL_IMAGE ?? 'mysql:9.7') : (env.MARIADB_IMAGE ?? 'mariadb:11.8');
}

function readGroup(
  { groupReplication = false, semiSync = false }: ClusterOptions,
  flavor: FlavorName,
): Settings['groupReplication'] {
  if (groupReplication === false) return undefined;
  if (flavor !== 'mysql') throw invalid("groupReplication needs flavor 'mysql'");
  if (semiSync !== false)
    throw invalid('groupReplication and semiSync exclude each other: a group waits for its majority');
  const { multiPrimary = false } = groupReplication === true ? {} : groupReplication;
  return { multiPrimary };
}

function checkGalera({ semiSync = false, backend = 'native' }: ClusterOptions, flavor: FlavorName): void {
  if (flavor !== 'mariadb') throw invalid("galera needs flavor 'mariadb'");
  if (semiSync !== false) throw invalid('galera and semiSync exclude each other: all nodes certify each write');
  if (backend !== 'native') throw invalid("galera needs backend 'native'");
}

function readSemiSync(value: boolean | SemiSync): Required<SemiSync> | undefined {
  if (value === false) return undefined;
  const given = value === true ? {} : value;
  return {
    timeoutMs: wholeNumber('semiSync.timeoutMs', given.timeoutMs ?? 5000, { min: 1, max: 4_294_967_295 }),
    waitPoint: oneOf('semiSync.waitPoint', given.waitPoint ?? 'AFTER_SYNC', ['AFTER_SYNC', 'AFTER_COMMIT'] as const),
  };
}

function readDatabases(names: readonly string[]): readonly [string, ...string[]] {
  const [first, ...rest] = names;
  if (first === undefined) throw invalid('databases needs at least one name');
  const bad = names.find((name) => !/^[0-9A-Za-z$_]{1,64}$/.test(name));
  if (bad !== undefined) throw invalid(`databases: '${bad}' is no plain name (letters, digits, $ and _, up to 64)`);
  return [first, ...rest];
}

function wholeNumber(name: string, value: number, range: { min: number; max: number }): number {
  if (Number.isInteger(value) && value >= range.min && value <= range.max) return value;
  throw invalid(`${name} must be a whole number from ${range.min} to ${range.max}, not ${String(value)}`);
}

function oneOf<T extends string>(name: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value;
  throw invalid(`${name} must be one of ${allowed.map((item) => `'${item}'`).join(', ')}, not '${String(value)}'`);
}

function invalid(message: string): ClusterStartError {
  return new ClusterStartError('INVALID_OPTION', message);
}
