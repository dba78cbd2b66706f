import type { Cursor } from '../cursor.js';
import { Rank } from '../findings.js';
import { W } from '../keywords.js';
import { nameOf } from '../names.js';
import type { Scan } from '../scan.js';
import { Token } from '../token.js';
import { readVariable } from '../variables.js';

/** SHOW. False when it is something else. Only what describes the schema or the server's kind is a read. */
export function readShow(cursor: Cursor, scan: Scan): boolean {
  if (!cursor.accept(W.SHOW)) return false;
  while (cursor.keyword === W.FULL || cursor.keyword === W.EXTENDED || cursor.keyword === W.STORAGE) cursor.next();
  const isGlobal = cursor.accept(W.GLOBAL);
  if (!isGlobal && !cursor.accept(W.SESSION)) cursor.accept(W.LOCAL);
  switch (cursor.keyword) {
    case W.VARIABLES:
      readVariables(cursor, isGlobal);
      break;
    case W.STATUS:
      if (isGlobal) cursor.found.raise(Rank.ServerRead, 'SHOW GLOBAL STATUS: one server');
      else belongs(cursor, 'session-status');
      break;
    case W.WARNINGS:
    case W.ERRORS:
    case W.COUNT:
      belongs(cursor, 'diagnostics');
      break;
    case W.PROFILE:
    case W.PROFILES:
      belongs(cursor, 'profiling');
      break;
    default:
      if (!isSchemaShow(cursor)) cursor.found.raise(Rank.ServerRead, `SHOW ${cursor.text.toUpperCase()}: one server`);
  }
  scan.run({ reads: true });
  return true;
}

function belongs(cursor: Cursor, dependency: 'session-status' | 'diagnostics' | 'profiling'): void {
  cursor.found.addDependency(dependency);
  cursor.found.raise(Rank.Session, `SHOW ${cursor.text.toUpperCase()} belongs to this connection`);
}

/** The current word; what needs a second one is looked at here. */
function isSchemaShow(cursor: Cursor): boolean {
  switch (cursor.keyword) {
    case W.DATABASES:
    case W.SCHEMAS:
    case W.TABLES:
    case W.COLUMNS:
    case W.FIELDS:
    case W.CREATE:
    case W.INDEX:
    case W.INDEXES:
    case W.KEYS:
    case W.COLLATION:
    case W.CHARSET:
    case W.ENGINES:
    case W.PRIVILEGES:
    case W.TRIGGERS:
    case W.EVENTS:
      return true;
    case W.CHARACTER:
    case W.CHAR:
      cursor.next();
      return cursor.isAt(W.SET);
    case W.TABLE:
    case W.FUNCTION:
    case W.PROCEDURE:
      cursor.next();
      return cursor.isAt(W.STATUS);
    default:
      return false;
  }
}

/** The variables are the session's, unless the pattern is the name of one that no session can change. */
function readVariables(cursor: Cursor, isGlobal: boolean): void {
  const { found, sql, tokens } = cursor;
  cursor.next();
  if (cursor.accept(W.LIKE) && tokens.kind === Token.String) {
    const name = nameOf(sql, tokens.start, tokens.end).replaceAll('\\_', '_').toLowerCase();
    if (readVariable(undefined, name).access === 'read') return;
  }
  if (isGlobal) return found.raise(Rank.ServerRead, 'SHOW GLOBAL VARIABLES: one server');
  found.addDependency('session-variable');
  found.raise(Rank.Session, 'SHOW VARIABLES belongs to the session');
}
