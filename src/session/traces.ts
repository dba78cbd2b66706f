import { isUnchanging } from '../cluster/session-variables.js';
import type { Classification } from '../sql/classification.js';
import type { AnswerHeader, StateChanges } from './answer.js';

const IN_TRANSACTION = 1;
const AUTOCOMMIT = 2;

/** Whether the text tells all that changed: of several statements, of functions and of what was prepared it does not. */
export function isExplained({ effects, statements, functions }: Classification): boolean {
  return statements === 1 && functions.length === 0 && effects.length > 0;
}

/** Whether it sets the collation by its variable. */
export function setsCollation({ effects }: Classification): boolean {
  return effects.some(
    (effect) => effect.type === 'set-variable' && effect.scope === 'session' && effect.name === 'collation_connection',
  );
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

/** Whether a statement left the session as it was after connecting, so that nothing has to be remembered of it. */
export function leavesNoTrace(classification: Classification, headers: readonly AnswerHeader[]): boolean {
  if (classification.effects.length > 0 || mayKeepUntold(classification)) return false;
  if (headers.length === 0) return true;
  for (const { serverStatus = AUTOCOMMIT, stateChanges } of headers) {
    if ((serverStatus & (IN_TRANSACTION | AUTOCOMMIT)) !== AUTOCOMMIT) return false;
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
