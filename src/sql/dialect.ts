import { isMariaDb } from '../is-mariadb.js';
import type { LexicalOptions } from './classification.js';
import { functionGroupsOf } from './functions.js';

/**
 * When six digits are the version of a comment: never (MySQL up to some 8.0), only before white space, else five (seen on MySQL 9.7:
 * `!110100+1` runs as `0+1`), or always (MariaDB).
 */
export type SixDigits = 'never' | 'before-space' | 'always';

/** One server by which a text may be read: it decides which version comments are code. */
export interface Reading {
  readonly mariadb: boolean;
  /** As the servers count: `80036`, `101105`. */
  readonly version: number;
  readonly sixDigits: SixDigits;
}

/** `LexicalOptions`, worked out once. */
export interface Dialect {
  readonly ansiQuotes: boolean;
  readonly backslashEscapes: boolean;
  readonly ignoreSpace: boolean;
  /** The character set may swallow an ASCII character after a byte above 127 as a trail byte. */
  readonly trailBytes: boolean;
  /** Unquoted characters above 127 are letters on the server, as they are here. */
  readonly unicodeLetters: boolean;
  /** The server, when it is known exactly. */
  readonly exact: boolean;
  /** The reading that is tried first. */
  readonly reading: Reading;
  readonly flavor: 'mysql' | 'mariadb' | undefined;
  /** Bits of the function groups that are built in on every server that this may be. */
  readonly functionGroups: number;
  readonly readOnlyFunctions: ReadonlySet<string> | undefined;
}

/** The oldest servers that a text without version is read for. */
export const OLDEST_MYSQL = 50700;
export const OLDEST_MARIADB = 100600;
/** Above every version: what any server would run, runs. */
export const NEWEST = 999999;

/** The combination modes all contain ANSI_QUOTES and IGNORE_SPACE (manual, "Combination SQL Modes"). */
const COMBINATIONS = ['ANSI', 'DB2', 'MAXDB', 'MSSQL', 'ORACLE', 'POSTGRESQL'];

// The dialect last worked out: a process has few, and mostly one. Equal options give an equal dialect, so nobody can tell.
let lastOptions: LexicalOptions = {};
let lastDialect: Dialect = makeDialect(lastOptions);

/** The options, worked out; those of the last call again for equal ones. */
export function dialectOf(options: LexicalOptions): Dialect {
  const last = lastOptions;
  const isSame =
    options.sqlMode === last.sqlMode &&
    options.serverVersion === last.serverVersion &&
    options.flavor === last.flavor &&
    options.charset === last.charset &&
    options.readOnlyFunctions === last.readOnlyFunctions;
  if (isSame) return lastDialect;
  const dialect = makeDialect(options);
  lastOptions = { ...options };
  lastDialect = dialect;
  return dialect;
}

function makeDialect(options: LexicalOptions): Dialect {
  const modes = (options.sqlMode ?? '').toUpperCase().split(/[\s,]+/);
  const combined = COMBINATIONS.some((mode) => modes.includes(mode));
  const charset = (options.charset ?? 'utf8mb4').toLowerCase();
  const version = parseVersion(options.serverVersion);
  const flavor = options.flavor ?? flavorOf(options.serverVersion, version);
  const exact = flavor !== undefined && version !== undefined;
  const known = { mariadb: flavor === 'mariadb', version: version ?? NEWEST };
  return {
    ansiQuotes: combined || modes.includes('ANSI_QUOTES'),
    backslashEscapes: !modes.includes('NO_BACKSLASH_ESCAPES'),
    ignoreSpace: combined || modes.includes('IGNORE_SPACE'),
    trailBytes: /^(gbk|gb18030|sjis|cp932|big5|eucjpms|ujis)/.test(charset),
    unicodeLetters: /^utf-?8/.test(charset),
    exact: exact && (flavor === 'mariadb' || sixDigitsOf(version).length === 1),
    reading: { ...known, sixDigits: known.mariadb ? 'always' : sixDigitsOf(known.version)[0]! },
    flavor,
    functionGroups: functionGroupsOf(flavor, version),
    readOnlyFunctions: options.readOnlyFunctions,
  };
}

/** The ways in which a MySQL may take six digits. Only 9.7 was seen; before it, the manuals do not say which release took which. */
export function sixDigitsOf(version: number): readonly SixDigits[] {
  if (version >= 90700) return ['before-space'];
  if (version >= 80100) return ['before-space', 'always'];
  return version >= 80000 ? ['before-space', 'always', 'never'] : ['never'];
}

/** `'8.0.36-log'` → 80036. MariaDB's handshake may begin with `5.5.5-`. */
function parseVersion(text: string | undefined): number | undefined {
  const match = /^(?:5\.5\.5-)?(\d+)\.(\d+)(?:\.(\d+))?/.exec(text ?? '');
  if (match === null) return undefined;
  return Number(match[1]) * 10000 + Number(match[2]) * 100 + Number(match[3] ?? 0);
}

function flavorOf(text: string | undefined, version: number | undefined): 'mysql' | 'mariadb' | undefined {
  if (text === undefined || version === undefined) return undefined;
  if (isMariaDb(text)) return 'mariadb';
  // MariaDB left MySQL's numbers at 10.0; a bare '10.…' or '11.…' may be either one day.
  return version < 100000 ? 'mysql' : undefined;
}
