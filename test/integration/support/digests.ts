import type { Connection, RowDataPacket } from 'mysql2/promise';

/** Modes that change the lexing, each with a function that reads texts in it. */
export const MODES = [
  '',
  'ANSI_QUOTES',
  'NO_BACKSLASH_ESCAPES',
  'ANSI_QUOTES,NO_BACKSLASH_ESCAPES',
  'IGNORE_SPACE',
] as const;

/**
 * Makes a function for each mode that gives a text's digest, or NULL when the server finds no statement in it: it reads under the
 * mode in which it was made, and one bad text does not spoil the query.
 */
export function digestFunctions(): readonly string[] {
  const made = MODES.flatMap((mode, index) => [
    `SET SESSION sql_mode = '${mode}'`,
    `CREATE FUNCTION shop.digest_${index}(sql_text LONGTEXT CHARSET utf8mb4) RETURNS LONGTEXT CHARSET utf8mb4 DETERMINISTIC NO SQL
     BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION RETURN NULL; RETURN STATEMENT_DIGEST_TEXT(sql_text); END`,
  ]);
  return [...made, 'SET SESSION sql_mode = DEFAULT'];
}

/** The server's own reading of many texts, under a mode of `MODES`; undefined where it finds no statement. */
export async function digestsOf(
  connection: Connection,
  mode: number,
  texts: readonly string[],
): Promise<readonly (string | undefined)[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT shop.digest_${mode}(j.text) AS digest
       FROM JSON_TABLE(?, '$[*]' COLUMNS (place FOR ORDINALITY, text LONGTEXT CHARSET utf8mb4 PATH '$')) AS j ORDER BY j.place`,
    [JSON.stringify(texts)],
  );
  return rows.map(({ digest }) => (digest === null || digest === '' ? undefined : String(digest)));
}

const LOCKS = /\bFOR (UPDATE|SHARE)\b|\bLOCK IN SHARE MODE\b|\bINTO\b|:=|\bSQL_CALC_FOUND_ROWS\b|(^|[^@])@(?!@)/;
// MariaDB's ANALYZE runs the statement behind it, and SET STATEMENT … FOR runs one under other variables.
const READ_VERBS =
  /^[( ]*(SELECT|WITH|TABLE|VALUES|SHOW|EXPLAIN|DESC|DESCRIBE|HELP|CHECKSUM|DO|ANALYZE( FORMAT = [`\w]+)? (SELECT|WITH|VALUES|\())\b/;
const SET_STATEMENT = /^SET STATEMENT [^()]*? FOR /;
const FUNCTIONS = /`(get_lock|release_lock|release_all_locks|last_insert_id|row_count|found_rows|connection_id)` \(/i;

const HINT = /\/\*\+.*?\*\//g;

/** Whether a digest shows more than a plain read; names in backticks do not count, but those that are called, nor do hints. */
export function isMore(digest: string): boolean {
  // A name that holds a backtick is printed with it as it is: where the names end cannot be told.
  if (digest.split('`').length % 2 === 0) return false;
  const code = digest.replace(HINT, '');
  const bare = code.replace(/`(?:[^`]|``)*`/g, '``').replace(SET_STATEMENT, '');
  return !READ_VERBS.test(bare) || LOCKS.test(bare) || FUNCTIONS.test(code);
}
