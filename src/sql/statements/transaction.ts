import type { Cursor } from '../cursor.js';
import { Rank } from '../findings.js';
import { W } from '../keywords.js';
import { Token } from '../token.js';

/** Statements that open, end or shape a transaction. False when it is none of them. */
export function readTransaction(cursor: Cursor): boolean {
  switch (cursor.keyword) {
    case W.BEGIN:
      readBegin(cursor);
      return true;
    case W.START:
      readStart(cursor);
      return true;
    case W.COMMIT:
    case W.ROLLBACK:
      readEnd(cursor);
      return true;
    case W.SAVEPOINT:
    case W.RELEASE:
      readSavepoint(cursor);
      return true;
    case W.XA:
      readXa(cursor);
      return true;
    default:
      return false;
  }
}

function readBegin(cursor: Cursor): void {
  const { found } = cursor;
  cursor.next();
  cursor.accept(W.WORK);
  if (!cursor.isAtEnd) {
    // MariaDB's compound statement: its body is code that we do not follow, `;` and all.
    found.raise(Rank.Unknown, 'BEGIN with more behind it may be a compound statement');
    return cursor.skip();
  }
  found.raise(Rank.Transaction, 'BEGIN');
  found.addEffect({ type: 'begin', readOnly: false, consistentSnapshot: false });
}

function readStart(cursor: Cursor): void {
  const { found } = cursor;
  cursor.next();
  if (!cursor.accept(W.TRANSACTION)) {
    found.raise(Rank.Admin, `START ${cursor.text.toUpperCase()}: one server`);
    return cursor.skip();
  }
  let readOnly = false;
  let readWrite = false;
  let consistentSnapshot = false;
  while (!cursor.isAtEnd) {
    if (cursor.accept(W.READ)) {
      if (cursor.accept(W.ONLY)) readOnly = true;
      else if (cursor.accept(W.WRITE)) readWrite = true;
      else break;
    } else if (cursor.accept(W.WITH) && cursor.accept(W.CONSISTENT) && cursor.accept(W.SNAPSHOT))
      consistentSnapshot = true;
    else break;
    if (!cursor.acceptKind(Token.Comma)) break;
  }
  found.raise(Rank.Transaction, readOnly ? 'START TRANSACTION READ ONLY' : 'START TRANSACTION');
  found.addEffect({ type: 'begin', readOnly, consistentSnapshot, ...(readWrite ? { readWrite } : {}) });
}

/** `COMMIT | ROLLBACK [WORK] [AND [NO] CHAIN] [[NO] RELEASE]`, `ROLLBACK [WORK] TO [SAVEPOINT] name`. */
function readEnd(cursor: Cursor): void {
  const { found } = cursor;
  const type = cursor.keyword === W.COMMIT ? 'commit' : 'rollback';
  cursor.next();
  cursor.accept(W.WORK);
  found.raise(Rank.Transaction, type.toUpperCase());
  if (type === 'rollback' && cursor.accept(W.TO)) {
    cursor.accept(W.SAVEPOINT);
    return found.addEffect({ type: 'rollback-to-savepoint', name: cursor.takeName() ?? '' });
  }
  let chain = false;
  if (cursor.accept(W.AND)) {
    chain = !cursor.accept(W.NO);
    cursor.accept(W.CHAIN);
  }
  const noRelease = cursor.accept(W.NO);
  const release = cursor.accept(W.RELEASE) && !noRelease;
  found.addEffect({ type, chain, release, ...(noRelease ? { noRelease } : {}) });
}

function readSavepoint(cursor: Cursor): void {
  const { found } = cursor;
  const isRelease = cursor.accept(W.RELEASE);
  if (!cursor.accept(W.SAVEPOINT)) return found.raise(Rank.Unknown, 'RELEASE without SAVEPOINT');
  found.raise(Rank.Transaction, isRelease ? 'RELEASE SAVEPOINT' : 'SAVEPOINT');
  found.addEffect({ type: isRelease ? 'release-savepoint' : 'savepoint', name: cursor.takeName() ?? '' });
}

function readXa(cursor: Cursor): void {
  cursor.next();
  const verb = cursor.text.toLowerCase();
  cursor.found.raise(Rank.Transaction, `XA ${verb.toUpperCase()}`);
  cursor.found.addEffect({ type: 'xa', verb: verb === 'begin' ? 'start' : verb });
  cursor.skip();
}
