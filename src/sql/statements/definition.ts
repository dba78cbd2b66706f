import type { Cursor } from '../cursor.js';
import { Rank } from '../findings.js';
import { W } from '../keywords.js';
import type { Scan } from '../scan.js';
import { Token } from '../token.js';

/** DDL, accounts, and the statements that maintain tables. False when it is none of them. */
export function readDefinition(cursor: Cursor, scan: Scan): boolean {
  const { keyword } = cursor;
  switch (keyword) {
    case W.CREATE:
    case W.ALTER:
    case W.DROP:
      readSchemaChange(cursor, scan);
      return true;
    case W.RENAME:
    case W.TRUNCATE:
    case W.GRANT:
    case W.REVOKE:
    case W.CHECK:
    case W.OPTIMIZE:
    case W.REPAIR:
      cursor.found.raise(Rank.Write, cursor.text.toUpperCase());
      // Accounts and columns look like variables and functions, and there are no expressions.
      cursor.skip();
      return true;
    default:
      return false;
  }
}

function readSchemaChange(cursor: Cursor, scan: Scan): void {
  const { found, keyword: verb } = cursor;
  const name = cursor.text.toUpperCase();
  cursor.next();
  if (verb === W.CREATE && cursor.accept(W.OR)) cursor.accept(W.REPLACE);
  if (verb === W.DROP && cursor.accept(W.PREPARE)) {
    found.raise(Rank.Session, 'DROP PREPARE');
    return found.addEffect({ type: 'deallocate', name: cursor.takeName() ?? '' });
  }
  if (verb === W.ALTER && cursor.keyword === W.INSTANCE) found.raise(Rank.Admin, 'ALTER INSTANCE: one server');
  found.raise(Rank.Write, name);
  if (cursor.keyword === W.TEMPORARY) readTemporary(cursor, verb === W.DROP);
  else if (verb !== W.DROP && hasBody(cursor)) return readRoutine(cursor);
  scan.run({ reads: false, definition: true });
}

/** `TEMPORARY TABLE | SEQUENCE [IF [NOT] EXISTS] name [, name]`. */
function readTemporary(cursor: Cursor, isDrop: boolean): void {
  const type = isDrop ? 'drop-temporary-table' : 'create-temporary-table';
  cursor.next();
  cursor.next();
  if (cursor.accept(W.IF)) {
    cursor.accept(W.NOT);
    cursor.accept(W.EXISTS);
  }
  do cursor.found.addEffect({ type, name: cursor.takeQualifiedName() });
  while (isDrop && cursor.acceptKind(Token.Comma));
}

/** Goes on to the word that tells a routine from a table: before it may stand `DEFINER = 'a'@'b'`, AGGREGATE, OR REPLACE. */
function hasBody(cursor: Cursor): boolean {
  for (let words = 0; words < 9 && cursor.tokens.kind > Token.Semicolon; words++) {
    switch (cursor.keyword) {
      case W.PROCEDURE:
      case W.FUNCTION:
      case W.TRIGGER:
      case W.EVENT:
      case W.PACKAGE:
        return true;
      case W.TABLE:
      case W.INDEX:
      case W.DATABASE:
      case W.SCHEMA:
      case W.USER:
      case W.ROLE:
        return false;
    }
    cursor.next();
  }
  return false;
}

/** The body is stored, not run: nothing in it counts. But where it ends, and another statement begins, only a parser could say. */
function readRoutine(cursor: Cursor): void {
  const { tokens, found } = cursor;
  let hasMore = false;
  for (cursor.skip(); tokens.kind === Token.Semicolon; cursor.skip()) if (tokens.next() !== Token.End) hasMore = true;
  if (hasMore) found.raise(Rank.Unknown, 'a stored program with `;` in it: where its body ends is not known');
}
