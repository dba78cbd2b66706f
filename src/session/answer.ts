import type { AnswerHeader, StateChanges } from './session-state.js';

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
    headers = Object.freeze([Object.freeze({ serverStatus: status })]);
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

/** Takes out of mysql2's header what the server told only because the set-up of our connections asked for it. */
export function hideTracking(header: AnswerHeader): void {
  const told = header as { serverStatus?: number; stateChanges?: Mutable<StateChanges> };
  const { stateChanges } = told;
  if (stateChanges === undefined) return;
  const all = Object.entries(stateChanges.systemVariables ?? {});
  const variables = all.filter(([name]) => TRACKED.has(name));
  if (variables.length === 0 && typeof stateChanges.schema !== 'string') {
    delete told.stateChanges;
    if (told.serverStatus !== undefined) told.serverStatus &= ~STATE_CHANGED;
    return;
  }
  stateChanges.gtids = [];
  stateChanges.trackStateChange = null;
  if (variables.length < all.length) stateChanges.systemVariables = Object.fromEntries(variables);
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
