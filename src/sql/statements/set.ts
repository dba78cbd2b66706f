import type { Cursor } from '../cursor.js';
import { Rank } from '../findings.js';
import { W } from '../keywords.js';
import type { Scan } from '../scan.js';
import { Token } from '../token.js';
import { readAssignment, type Scope, scopeOf } from './assignment.js';
import { readTransactionCharacteristics } from './set-transaction.js';

/** SET in all its forms. True when a statement follows, whose class is the answer: MariaDB's `SET STATEMENT … FOR`. */
export function readSet(cursor: Cursor, scan: Scan): boolean {
  cursor.found.rename('set');
  cursor.next();
  if (cursor.accept(W.STATEMENT)) return readSetStatement(cursor, scan);
  cursor.found.raise(Rank.Session, 'SET');
  readSetOf(cursor, scan);
  return false;
}

function readSetOf(cursor: Cursor, scan: Scan): void {
  const { found } = cursor;
  switch (cursor.keyword) {
    case W.PASSWORD:
      found.raise(Rank.Write, 'SET PASSWORD');
      return cursor.skip();
    case W.ROLE:
      return readRole(cursor);
    case W.DEFAULT:
      found.raise(Rank.Write, 'SET DEFAULT ROLE');
      return cursor.skip();
    case W.RESOURCE:
      return readResourceGroup(cursor);
    default:
      return readList(cursor, scan);
  }
}

/** The last GLOBAL or SESSION holds for the assignments after it that have none (manual, "SET Syntax"). */
function readList(cursor: Cursor, scan: Scan): void {
  let scope: Scope = 'session';
  do {
    const named = scopeOf(cursor.keyword);
    if (named !== undefined) {
      scope = named;
      cursor.next();
    }
    if (cursor.keyword === W.TRANSACTION) readTransactionCharacteristics(cursor, named);
    else readAssignment(cursor, scan, scope);
  } while (cursor.acceptKind(Token.Comma));
}

function readRole(cursor: Cursor): void {
  cursor.found.addEffect({ type: 'set-role' });
  cursor.skip();
}

/** `SET RESOURCE GROUP g [FOR thread, …]`: with FOR, other connections' threads. */
function readResourceGroup(cursor: Cursor): void {
  const { found } = cursor;
  found.addEffect({ type: 'set-resource-group' });
  for (; !cursor.isAtEnd; cursor.next()) {
    if (cursor.keyword === W.FOR) found.raise(Rank.Admin, 'SET RESOURCE GROUP … FOR: threads of one server');
  }
}

/** MariaDB: `SET STATEMENT a = 1, b = 2 FOR statement` is that statement, under other variables. */
function readSetStatement(cursor: Cursor, scan: Scan): boolean {
  do readAssignment(cursor, scan, 'statement');
  while (cursor.acceptKind(Token.Comma));
  if (cursor.accept(W.FOR) && !cursor.isAtEnd) return true;
  cursor.found.raise(Rank.Unknown, 'SET STATEMENT without a statement');
  return false;
}
