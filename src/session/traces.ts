import { isUnchanging } from '../cluster/session-variables.js';
import { isMariaDb } from '../is-mariadb.js';
import type { Classification, Effect } from '../sql/classification.js';
import { type AnswerHeader, AUTOCOMMIT, IN_TRANSACTION, type StateChanges } from './answer.js';

/** Whether the text tells all that changed: of several statements, of functions and of what was prepared it does not. */
export function isExplained({ effects, statements, functions }: Classification): boolean {
  return statements === 1 && functions.length === 0 && effects.length > 0;
}

/** Whether what a text does is to kill. */
export function isKill(effect: Effect): effect is Effect & { type: 'kill' } {
  return effect.type === 'kill';
}

/** Whether an error in place of its answer would hide nothing that it did. */
export function writesNothing({ access, effects }: Classification): boolean {
  return effects.length === 0 && (access === 'read' || access === 'locking-read' || access === 'session');
}

/** Whether one of its statements is a KILL. */
export function kills({ effects }: Classification): boolean {
  for (let at = 0; at < effects.length; at++) if (isKill(effects[at] as Effect)) return true;
  return false;
}

/** Whether it sets the collation by its variable. */
export function setsCollation({ effects }: Classification): boolean {
  for (let at = 0; at < effects.length; at++) {
    const effect = effects[at];
    const sets = effect?.type === 'set-variable' && effect.scope === 'session';
    if (sets && effect.name === 'collation_connection') return true;
  }
  return false;
}

/** Whether it may have set something that its answer does not tell, when that is rows. */
export function mayKeepUntold({ kind, access, functions }: Classification): boolean {
  return functions.length > 0 || (access === 'unknown' && kind !== 'empty');
}

/** Whether it may have opened a transaction, or set something, before it failed: an error brings no report of the session. */
export function mayChangeUnseen({ statements, kind, access, functions, effects }: Classification): boolean {
  const untold = effects.some(({ type }) => type === 'set-user-variable' || type === 'user-lock');
  const several = statements > 1 || kind === 'call' || kind === 'execute';
  return several || access === 'unknown' || functions.length > 0 || untold;
}

const TOLD: ReadonlySet<string> = new Set(['execute-prepared', 'set-user-variable']);

/** Whether the next report tells what it has set before it failed. MariaDB forgets that, and nobody tells of locks and handlers. */
export function isToldLater({ effects }: Classification, serverVersion: string): boolean {
  return !isMariaDb(serverVersion) && effects.every(({ type }) => TOLD.has(type));
}

const TOLD_TOO: ReadonlySet<string> = new Set([
  ...['set-variable', 'set-names', 'use'],
  ...['create-temporary-table', 'drop-temporary-table', 'prepare', 'deallocate'],
]);

/** Whether its report would be of what it sets itself, as of what was set before it: which of them, nobody could say. */
export function blursReport(classification: Classification): boolean {
  const sets = classification.effects.some(({ type }) => TOLD_TOO.has(type));
  return sets && isExplained(classification) && classification.dependsOn.length === 0;
}

/**
 * Whether a statement left the session as it was, so that nothing has to be remembered of it.
 *
 * @param steady the status bits that say so: see `SessionState.steadyStatus`
 */
export function leavesNoTrace(
  classification: Classification,
  headers: readonly AnswerHeader[],
  steady: number = AUTOCOMMIT,
): boolean {
  if (classification.effects.length > 0 || mayKeepUntold(classification)) return false;
  for (let at = 0; at < headers.length; at++) {
    const { serverStatus = steady, stateChanges } = headers[at] as AnswerHeader;
    if ((serverStatus & (IN_TRANSACTION | AUTOCOMMIT)) !== steady) return false;
    if (stateChanges !== undefined && !isQuietReport(stateChanges)) return false;
  }
  return true;
}

/** Whether a read opened a transaction by itself: the application has set autocommit off when the connection was new. */
export function opensUnasked({ effects }: Classification, headers: readonly AnswerHeader[]): boolean {
  return effects.length === 0 && headers.some(({ serverStatus = AUTOCOMMIT }) => (serverStatus & AUTOCOMMIT) === 0);
}

/** Whether a report says that nothing of the session changed. */
export function isQuietReport(changes: StateChanges): boolean {
  if (typeof changes.schema === 'string' || changes.trackStateChange != null) return false;
  for (const name in changes.systemVariables) if (!isUnchanging(name)) return false;
  return true;
}
