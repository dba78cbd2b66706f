import { CharClass, CLASS } from './characters.js';
import { type Dialect, NEWEST, OLDEST_MARIADB, OLDEST_MYSQL, type Reading, sixDigitsOf } from './dialect.js';

/** What the head of a version comment says to one server. */
export interface VersionComment {
  readonly runs: boolean;
  /** Not every server that we know answers alike. */
  readonly depends: boolean;
  /** Where its body begins. */
  readonly body: number;
  /** How many levels of comments it may hold when it is not run. */
  readonly levels: 0 | 1;
}

const BANG = 33;

/**
 * Reads the head of `/*!`, `/*!80036`, `/*!080036`, `/*M!100600` at `at`; undefined for an ordinary comment. Fewer than five
 * digits are no version but code.
 */
export function readVersionComment(sql: string, at: number, reading: Reading): VersionComment | undefined {
  const mariadbOnly = sql.charCodeAt(at + 2) === 77 && sql.charCodeAt(at + 3) === BANG;
  if (!mariadbOnly && sql.charCodeAt(at + 2) !== BANG) return undefined;
  const head = mariadbOnly ? at + 4 : at + 3;
  if (mariadbOnly && !reading.mariadb) return { runs: false, depends: true, body: head, levels: 0 };
  const digits = countDigits(sql, head);
  if (digits < 5) return { runs: true, depends: mariadbOnly, body: head, levels: 1 };
  const length = digits === 6 && takesSix(sql, head + 6, reading) ? 6 : 5;
  const version = Number(sql.slice(head, head + length));
  const depends = mariadbOnly || digits === 6 || version > OLDEST_MYSQL - 1;
  return { runs: isRun(version, mariadbOnly, reading), depends, body: head + length, levels: 1 };
}

function takesSix(sql: string, after: number, { sixDigits }: Reading): boolean {
  return sixDigits === 'always' || (sixDigits === 'before-space' && CLASS[sql.charCodeAt(after)] === CharClass.Space);
}

/** MariaDB skips MySQL's comments for 5.7 and later, up to 99999, since the features are not its own (manual, "Comment Syntax"). */
function isRun(version: number, mariadbOnly: boolean, reading: Reading): boolean {
  if (version > reading.version) return false;
  return !reading.mariadb || mariadbOnly || version < OLDEST_MYSQL || version > 99999;
}

/** How many digits stand at `at`, at most six. */
function countDigits(sql: string, at: number): number {
  let count = 0;
  while (count < 6) {
    const code = sql.charCodeAt(at + count);
    if (!(code >= 48 && code <= 57)) break;
    count++;
  }
  return count;
}

/** The end of the comment at `at`, -1 without one. A version comment that is not run may hold comments, one level deep. */
export function findCommentEnd(sql: string, at: number, levels: 0 | 1): number {
  let from = at + 2;
  for (;;) {
    const close = sql.indexOf('*/', from);
    if (close < 0) return -1;
    const inner = levels === 0 ? -1 : indexBefore(sql, from, close);
    if (inner < 0) return close + 2;
    const end = findCommentEnd(sql, inner, 0);
    if (end < 0) return -1;
    from = end;
  }
}

/** Where a comment begins at or after `from` and before `to`, -1 without one. Never looks beyond `to`. */
function indexBefore(sql: string, from: number, to: number): number {
  for (let at = from; at < to; at++) if (sql.charCodeAt(at) === 47 && sql.charCodeAt(at + 1) === 42) return at;
  return -1;
}

/**
 * The end of an optimizer hint, -1 when in doubt: the servers' hint lexer lets a quoted name hold the end mark, others do not,
 * and what follows would be code to one and a name to the other.
 */
export function findHintEnd(sql: string, at: number): number {
  const close = sql.indexOf('*/', at + 3);
  if (close < 0) return -1;
  let quote = 0;
  for (let index = at + 3; index < close; index++) {
    const code = sql.charCodeAt(index);
    if (quote !== 0) {
      if (code === quote) quote = 0;
    } else if (code === 39 || code === 34 || code === 96) quote = code;
  }
  return quote === 0 ? close + 2 : -1;
}

/** The servers, as readings, between which the version comments in `sql` tell. Undefined when there are too many. */
export function readingsOf(sql: string, dialect: Dialect): readonly Reading[] | undefined {
  const { flavor, reading } = dialect;
  const versions = reading.version === NEWEST ? versionsIn(sql) : new Set([reading.version]);
  if (versions.size > MOST_VERSIONS) return undefined;
  const readings: Reading[] = [];
  // Without six digits all ways of taking them are one.
  const ways = /!\d{6}/.test(sql) ? 3 : 1;
  for (const version of versions) {
    if (flavor !== 'mysql' && version >= OLDEST_MARIADB) readings.push({ mariadb: true, version, sixDigits: 'always' });
    if (flavor === 'mariadb' || version < OLDEST_MYSQL) continue;
    for (const sixDigits of sixDigitsOf(version).slice(0, ways)) readings.push({ mariadb: false, version, sixDigits });
  }
  return readings;
}

const MOST_VERSIONS = 12;

/** The versions at which a comment in `sql` may begin to run, and the oldest servers. Those inside strings do no harm. */
function versionsIn(sql: string): ReadonlySet<number> {
  const versions = new Set([OLDEST_MYSQL, 80000, OLDEST_MARIADB, NEWEST]);
  for (let at = sql.indexOf('!'); at >= 0 && versions.size <= MOST_VERSIONS; at = sql.indexOf('!', at + 1)) {
    const digits = countDigits(sql, at + 1);
    if (digits < 5) continue;
    versions.add(Number(sql.slice(at + 1, at + 6)));
    versions.add(Number(sql.slice(at + 1, at + 1 + digits)));
  }
  return versions;
}
