/**
 * The house as data: which folder stands at which rank, and the few places that may do what others may not.
 * The map in words is src/README.md; a change here is a change there.
 */

/** Top-level files that are doors or programs; all other files right under src/ are at rank 0. */
const doorUnits: Readonly<Record<string, string>> = {
  'src/index.ts': 'index',
  'src/promise.ts': 'promise',
  'src/cli.ts': 'cli',
};

const ranks: Readonly<Record<string, number>> = {
  root: 0,
  sql: 1,
  gtid: 1,
  topology: 1,
  probes: 2,
  routing: 2,
  observe: 2,
  cluster: 3,
  session: 4,
  api: 5,
  index: 6,
  promise: 6,
  cli: 6,
  testing: 6,
};

/** Imports between units of one rank: each has its reason. */
const allowedPairs: readonly string[] = [
  'topology -> gtid', // a report holds GTID sets
  'cli -> index', // the program uses the public API
  'cli -> promise',
  'cli -> testing',
];

/** Folders whose subfolders are siblings: they share the files at the folder's root and know nothing of one another. */
const siblingFolders: readonly string[] = ['src/api/'];

/** No timer, clock, chance, emitter or promise in here. A path that ends in `/` is a folder. */
export const purePaths: readonly string[] = [
  'src/sql/',
  'src/gtid/',
  'src/topology/',
  'src/probes/',
  'src/routing/',
  'src/cluster/pace-rules.ts',
  'src/session/server-dialects.ts',
  'src/session/session-state.ts',
  'src/session/replay.ts',
  'src/session/retry.ts',
];

/** Node's modules that pure files may use. `node:module` loads node-sql-parser on first use. */
export const pureBuiltins: readonly string[] = ['node:module', 'node:util'];

/** Who may use timers directly; everybody else is given a clock. */
export const timerPaths: readonly string[] = ['src/clock.ts', 'src/cluster/', 'src/testing/', 'src/cli/', 'src/cli.ts'];

/** Packages and who may import their values; their types are free from rank `typesFrom` on. */
export const packages: Readonly<Record<string, { readonly paths: readonly string[]; readonly typesFrom: number }>> = {
  mysql2: {
    paths: [
      'src/cluster/physical-connection.ts',
      'src/api/callback/',
      'src/api/promise/driver.ts',
      'src/api/create.ts',
      'src/index.ts',
      'src/promise.ts',
      'src/testing/',
    ],
    typesFrom: 3,
  },
  'generic-pool': { paths: ['src/cluster/node-pool.ts'], typesFrom: 3 },
  'node-sql-parser': { paths: ['src/sql/'], typesFrom: 7 },
  testcontainers: { paths: ['src/testing/'], typesFrom: 7 },
};

/** Files that may consist of nothing but re-exports, or have a default export. */
export const doors: readonly string[] = ['src/index.ts', 'src/promise.ts'];
export const reExporters: readonly string[] = [...doors, 'src/testing/index.ts'];

export const limits = { fileLines: 300, functionLines: 40, parameters: 3 } as const;

/** True when `path` is one of `places`, or lies in one of its folders. */
export function isIn(path: string, places: readonly string[]): boolean {
  return places.some((place) => (place.endsWith('/') ? path.startsWith(place) : path === place));
}

/** The unit that a file belongs to: a folder under src, a door, or `root`. */
export function unitOf(path: string): string {
  const door = doorUnits[path];
  if (door !== undefined) return door;
  const [, folder, rest] = path.split('/');
  return rest === undefined || folder === undefined ? 'root' : folder;
}

/** The rank of a file; undefined for a folder that the house does not have. */
export function rankOf(path: string): number | undefined {
  return ranks[unitOf(path)];
}

/** Why `from` may not import `to`; undefined when it may. */
export function whyNot(from: string, to: string): string | undefined {
  const [unit, target] = [unitOf(from), unitOf(to)];
  const [rank, targetRank] = [rankOf(from), rankOf(to)];
  if (rank === undefined) return `the folder ${unit} has no rank: add it to test/support/architecture/house.ts`;
  if (targetRank === undefined) return `the folder ${target} has no rank: add it to test/support/architecture/house.ts`;
  if (unit === target) return whyNotSiblings(from, to);
  if (targetRank < rank || allowedPairs.includes(`${unit} -> ${target}`)) return undefined;
  return `${unit} (rank ${rank}) must not know ${target} (rank ${targetRank})`;
}

function whyNotSiblings(from: string, to: string): string | undefined {
  const folder = siblingFolders.find((sibling) => from.startsWith(sibling));
  if (folder === undefined) return undefined;
  const [child, other] = [from, to].map((path) => path.slice(folder.length).split('/'));
  if (child === undefined || other === undefined || child.length === 1 || other.length === 1) return undefined;
  return child[0] === other[0] ? undefined : `${child[0]} and ${other[0]} are siblings: they share ${folder}*.ts only`;
}
