import type { Cursor } from '../cursor.js';
import { Rank } from '../findings.js';
import { W } from '../keywords.js';
import { userVariable } from '../names.js';
import type { Scan } from '../scan.js';
import { Token } from '../token.js';

/** Statements about the session's own things. False when it is none of them. */
export function readSessionStatement(cursor: Cursor, scan: Scan): boolean {
  switch (cursor.keyword) {
    case W.USE:
      readUse(cursor);
      return true;
    case W.LOCK:
    case W.UNLOCK:
      readLock(cursor);
      return true;
    case W.PREPARE:
    case W.DEALLOCATE:
    case W.EXECUTE:
      readPrepared(cursor, scan);
      return true;
    case W.HANDLER:
      readHandler(cursor, scan);
      return true;
    case W.GET:
    case W.SIGNAL:
    case W.RESIGNAL:
      readDiagnostics(cursor);
      return true;
    case W.DO:
      cursor.next();
      scan.run({ reads: true });
      return true;
    default:
      return false;
  }
}

function readUse(cursor: Cursor): void {
  const { found } = cursor;
  cursor.next();
  found.raise(Rank.Session, 'USE');
  const isFilledIn = cursor.tokens.kind === Token.Placeholder;
  const schema = isFilledIn ? undefined : cursor.takeName();
  if (schema === undefined) {
    found.raise(Rank.Unknown, 'USE of a schema that is not in the text');
    return cursor.skip();
  }
  found.addEffect({ type: 'use', schema });
}

/** LOCK TABLES and LOCK INSTANCE hold locks on a server: it must be the primary. Giving them back is the session's own affair. */
function readLock(cursor: Cursor): void {
  const { found } = cursor;
  const isLock = cursor.keyword === W.LOCK;
  cursor.next();
  const isInstance = cursor.keyword === W.INSTANCE;
  if (!isInstance && cursor.keyword !== W.TABLES && cursor.keyword !== W.TABLE) {
    found.raise(Rank.Unknown, isLock ? 'LOCK of something unknown' : 'UNLOCK of something unknown');
  }
  if (isLock) {
    found.raise(isInstance ? Rank.Admin : Rank.Write, isInstance ? 'LOCK INSTANCE' : 'LOCK TABLES');
    found.addEffect({ type: isInstance ? 'lock-instance' : 'lock-tables' });
  } else {
    found.raise(Rank.Session, 'UNLOCK');
    found.addEffect({ type: isInstance ? 'unlock-instance' : 'unlock-tables' });
  }
  cursor.skip();
}

function readPrepared(cursor: Cursor, scan: Scan): void {
  const { found, keyword } = cursor;
  cursor.next();
  if (keyword === W.EXECUTE) return readExecute(cursor, scan);
  if (keyword === W.DEALLOCATE) cursor.accept(W.PREPARE);
  const type = keyword === W.PREPARE ? 'prepare' : 'deallocate';
  found.raise(Rank.Session, type.toUpperCase());
  found.addEffect({ type, name: (cursor.takeName() ?? '').toLowerCase() });
  // `FROM 'text'` or `FROM @text`: the text is read by the server, and runs at EXECUTE.
  if (keyword === W.PREPARE) scan.run({ reads: false });
}

function readExecute(cursor: Cursor, scan: Scan): void {
  const { found } = cursor;
  found.raise(Rank.Unknown, 'EXECUTE: the statement was prepared elsewhere');
  if (cursor.accept(W.IMMEDIATE)) return scan.run({ reads: false });
  found.addEffect({ type: 'execute-prepared', name: (cursor.takeName() ?? '').toLowerCase() });
  found.addDependency('prepared-statement');
  scan.run({ reads: false });
}

/** `HANDLER t OPEN | READ … | CLOSE`: rows are read as they are, not as a snapshot, on the connection that opened it. */
function readHandler(cursor: Cursor, scan: Scan): void {
  const { found } = cursor;
  cursor.next();
  cursor.takeQualifiedName();
  const { keyword } = cursor;
  if (keyword === W.OPEN) {
    found.raise(Rank.Write, 'HANDLER OPEN');
    found.addEffect({ type: 'handler-open' });
    return cursor.skip();
  }
  found.addDependency('handler');
  if (keyword === W.CLOSE) found.addEffect({ type: 'handler-close' });
  found.raise(keyword === W.CLOSE ? Rank.Session : Rank.Write, 'HANDLER: an earlier OPEN of this connection');
  scan.run({ reads: false });
}

/** `GET DIAGNOSTICS @a = NUMBER` sets variables from what the previous statement left; `SIGNAL` leaves something itself. */
function readDiagnostics(cursor: Cursor): void {
  const { found, keyword, tokens } = cursor;
  if (keyword === W.GET) found.addDependency('diagnostics');
  found.raise(Rank.Session, `${cursor.text.toUpperCase()}: the diagnostics of this connection`);
  for (; !cursor.isAtEnd; cursor.next()) {
    if (tokens.kind !== Token.UserVariable) continue;
    if (keyword === W.GET)
      found.addEffect({ type: 'set-user-variable', name: userVariable(cursor.text), value: undefined });
    else found.addDependency('user-variable');
  }
}
