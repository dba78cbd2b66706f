/** What a result header says of the session, as mysql2 gives it. */
export interface AnswerHeader {
  readonly serverStatus?: number;
  /** The id that it generated; 0 for none. */
  readonly insertId?: number | string;
  readonly stateChanges?: StateChanges;
  /** The end of rows: it has the status alone, and whatever changed is reported later. */
  readonly rows?: true;
}

/** What the server tracked during one statement. `trackStateChange` is null when nothing changed. */
export interface StateChanges {
  readonly systemVariables?: Readonly<Record<string, string | null>>;
  readonly schema?: string | null;
  readonly gtids?: readonly string[];
  readonly trackStateChange?: unknown;
}

/** Bits of `serverStatus`. */
export const IN_TRANSACTION = 1;
export const AUTOCOMMIT = 2;

const NONE: readonly AnswerHeader[] = [];
const NO_GTIDS: readonly string[] = [];

/**
 * The headers in what mysql2 gives as a result: one for a statement without rows, none for rows, several for CALL and for
 * several statements. Rows come without a header.
 */
export function headersOf(result: unknown, fields: unknown): readonly AnswerHeader[] {
  if (!Array.isArray(result)) return isHeader(result) ? [result] : NONE;
  // Several results have one list of fields, or undefined, for each; one result has its fields.
  if (!Array.isArray(fields) || (fields.length > 0 && fields[0] !== undefined && !Array.isArray(fields[0])))
    return NONE;
  return result.filter(isHeader);
}

const byStatus = new Map<number, readonly AnswerHeader[]>();

/** What the end of rows says of the session: its status bits, when the server gave them. */
export function rowsHeaders(status: number | undefined): readonly AnswerHeader[] {
  if (status === undefined) return NONE;
  let headers = byStatus.get(status);
  if (headers === undefined) {
    headers = Object.freeze([Object.freeze({ serverStatus: status, rows: true as const })]);
    byStatus.set(status, headers);
  }
  return headers;
}

/** What a server tracks by itself, without being asked to. */
const TRACKED = new Set([
  'autocommit',
  'character_set_client',
  'character_set_connection',
  'character_set_results',
  'time_zone',
]);
const STATE_CHANGED = 0x4000;
const COMMIT = /^\s*COMMIT\b[^;]*;?\s*$/i;

/**
 * mysql2's result without what the server told only because the set-up of our connections asked for it.
 *
 * @param sql what it is the result of
 */
export function withoutTracking(result: unknown, fields: unknown, sql: string): unknown {
  if (isHeader(result)) return untracked(result, sql);
  if (headersOf(result, fields).length === 0) return result;
  return (result as unknown[]).map((each) => (isHeader(each) ? untracked(each, sql) : each));
}

/** The same for one header. A copy where nothing is left: it is as cheap to read as mysql2's own, which one with a hole is not. */
export function untracked(header: AnswerHeader, sql: string): AnswerHeader {
  const { stateChanges } = header as { stateChanges?: Mutable<StateChanges> };
  if (stateChanges === undefined) return header;
  if (isEmptyReport(stateChanges)) return header; // as mysql2's, of a transaction that begins or ends
  const { systemVariables: variables = {}, schema } = stateChanges;
  if (!endsTransaction(header, sql) && !tellsTracked(variables) && typeof schema !== 'string')
    return withoutChanges(header);
  stateChanges.gtids = [];
  stateChanges.trackStateChange = null;
  stateChanges.systemVariables = Object.fromEntries(Object.entries(variables).filter(([name]) => TRACKED.has(name)));
  return header;
}

// MySQL tells by itself that what BEGIN has begun ends, and its GTID only because it was asked to.
function endsTransaction({ serverStatus = 0, stateChanges }: AnswerHeader, sql: string): boolean {
  return !!stateChanges?.gtids?.length && (serverStatus & AUTOCOMMIT) !== 0 && COMMIT.test(sql);
}

function isEmptyReport({ systemVariables, schema, gtids, trackStateChange }: StateChanges): boolean {
  for (const _ in systemVariables) return false;
  return schema === null && gtids?.length === 0 && trackStateChange === null;
}

function tellsTracked(variables: object): boolean {
  for (const name in variables) if (TRACKED.has(name)) return true;
  return false;
}

function withoutChanges(header: AnswerHeader): AnswerHeader {
  const given = header as unknown as Record<string, unknown>;
  const copy: Record<string, unknown> = Object.create(Object.getPrototypeOf(header));
  for (const name in given) if (name !== 'stateChanges') copy[name] = given[name];
  if (typeof copy.serverStatus === 'number') copy.serverStatus &= ~STATE_CHANGED;
  return copy as unknown as AnswerHeader;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The GTIDs of what was committed, as the server tracked them: MariaDB tells the last one, as a variable. */
export function gtidsOf({ gtids = NO_GTIDS, systemVariables }: StateChanges): readonly string[] {
  const last = systemVariables?.last_gtid;
  return gtids.length > 0 || !last ? gtids : [last];
}

function isHeader(value: unknown): value is AnswerHeader {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && 'serverStatus' in value;
}
