import { W } from '../keywords.js';
import { Token } from '../token.js';
import type { QueryReader } from './query-reader.js';
import { isAtName } from './table-name.js';

/** `CREATE` and `ALTER`, at the verb. */
export function readCreate(reader: QueryReader): void {
  const { cursor, found } = reader;
  const isCreate = cursor.keyword === W.CREATE;
  cursor.next();
  if (cursor.accept(W.OR)) cursor.accept(W.REPLACE);
  const verb = isCreate ? 'CREATE' : 'ALTER';
  const keyword = findObject(reader);
  const word = cursor.text.slice(0, 40).toUpperCase();
  cursor.next();
  switch (keyword) {
    case W.TABLE:
      skipIfExists(reader);
      reader.table('write');
      return isCreate ? readTableDefinition(reader) : readTableChange(reader);
    case W.VIEW:
      skipIfExists(reader);
      reader.table('write');
      return reader.run();
    case W.INDEX:
    case W.TRIGGER:
      // What a trigger does is stored, not run.
      return readOn(reader);
    case W.SEQUENCE:
      skipIfExists(reader);
      reader.table('write');
      return cursor.skip();
    default:
      found.doubt(`${verb} ${word}`.trim());
      return cursor.skip();
  }
}

/** Goes on to the word that says what is created: before it may stand `DEFINER = 'a'@'b'`, ALGORITHM, UNIQUE and the like. */
function findObject({ cursor }: QueryReader): number {
  for (let words = 0; words < 16 && !cursor.isAtEnd; words++) {
    const { keyword } = cursor;
    switch (keyword) {
      case W.TABLE:
      case W.VIEW:
      case W.INDEX:
      case W.TRIGGER:
      case W.SEQUENCE:
        return keyword;
      case W.PROCEDURE:
      case W.FUNCTION:
      case W.EVENT:
      case W.PACKAGE:
      case W.DATABASE:
      case W.SCHEMA:
      case W.USER:
      case W.ROLE:
      case W.INSTANCE:
      case W.RESOURCE:
        return 0;
    }
    cursor.next();
  }
  return 0;
}

/** `IF EXISTS`, `IF NOT EXISTS`. */
function skipIfExists({ cursor }: QueryReader): void {
  if (!cursor.accept(W.IF)) return;
  cursor.accept(W.NOT);
  cursor.accept(W.EXISTS);
}

/** `… ON t …`: the table of an index or a trigger. */
function readOn(reader: QueryReader): void {
  const { cursor, found } = reader;
  while (!cursor.isAtEnd && cursor.keyword !== W.ON) cursor.next();
  if (cursor.accept(W.ON)) reader.table('write');
  else found.doubt('no ON that names the table');
  cursor.skip();
}

/** What follows `CREATE TABLE t`: LIKE, columns and keys, options, a query. */
function readTableDefinition(reader: QueryReader): void {
  const { cursor, found } = reader;
  if (cursor.accept(W.LIKE)) return reader.table('read');
  while (!cursor.isAtEnd) {
    switch (cursor.keyword) {
      case W.SELECT:
      case W.TABLE:
        reader.run();
        break;
      case W.WITH:
        reader.commonTables();
        break;
      case W.REFERENCES:
        cursor.next();
        reader.table('read');
        break;
      case W.UNION:
        readUnion(reader);
        break;
      case W.VALUES:
        // As a query; `VALUES LESS THAN` belongs to a partition. The classifier does not look for functions in it.
        cursor.next();
        if (cursor.tokens.kind === Token.Open || cursor.text.toLowerCase() === 'row') found.doubt('VALUES as a query');
        break;
      default:
        // The names of a WITH in parentheses end with them.
        if (cursor.tokens.kind === Token.Close) found.forgetCommonTables(0);
        if (!cursor.acceptKind(Token.Open)) cursor.next();
        else if (cursor.accept(W.LIKE)) reader.table('read');
    }
  }
}

/** The option `UNION = (t, u)` of a MERGE table; or a set operation, whose second query is read later. */
function readUnion(reader: QueryReader): void {
  const { cursor } = reader;
  cursor.next();
  cursor.acceptKind(Token.Equals);
  if (!cursor.acceptKind(Token.Open)) return;
  while (isAtName(cursor) && cursor.keyword !== W.SELECT && cursor.keyword !== W.TABLE && cursor.keyword !== W.WITH) {
    reader.table('read');
    if (!cursor.acceptKind(Token.Comma)) return;
  }
}

/** What follows `ALTER TABLE t`. */
function readTableChange(reader: QueryReader): void {
  const { cursor } = reader;
  while (!cursor.isAtEnd) {
    switch (cursor.keyword) {
      case W.REFERENCES:
        cursor.next();
        reader.table('read');
        break;
      case W.RENAME:
        cursor.next();
        readNewName(reader);
        break;
      case W.TABLE:
        // `EXCHANGE PARTITION p WITH TABLE u`; MariaDB's `CONVERT TABLE u TO PARTITION p`.
        cursor.next();
        reader.table('write');
        break;
      case W.UNION:
        readUnion(reader);
        break;
      default:
        cursor.next();
    }
  }
}

/** `RENAME [TO | AS | =] t`; columns and indexes have new names too. */
function readNewName(reader: QueryReader): void {
  const { cursor } = reader;
  if (cursor.keyword === W.COLUMN || cursor.keyword === W.INDEX || cursor.keyword === W.KEY) return;
  if (!cursor.accept(W.TO) && !cursor.accept(W.AS)) cursor.acceptKind(Token.Equals);
  reader.table('write');
}
