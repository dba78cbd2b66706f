import { W } from '../keywords.js';
import { Token } from '../token.js';
import { readCreate } from './definition.js';
import { readDescribed, readShow } from './describe.js';
import type { QueryReader } from './query-reader.js';
import { readDrop, readHandler, readLock, readMaintenance, readRename, readTruncate } from './table-lists.js';
import { isAtName } from './table-name.js';
import { readDelete, readInsert, readLoad, readUpdate } from './write.js';

/** Reads one statement, whose first token is the current one, for its tables. */
export function readTables(reader: QueryReader): void {
  switch (reader.cursor.keyword) {
    case W.WITH:
      reader.commonTables();
      return readQueryOrWrite(reader);
    case W.SELECT:
    case W.TABLE:
    case W.VALUES:
    case W.INSERT:
    case W.REPLACE:
    case W.UPDATE:
    case W.DELETE:
      return readQueryOrWrite(reader);
    case W.EXPLAIN:
    case W.DESCRIBE:
    case W.DESC:
    case W.ANALYZE:
      return readExplain(reader);
    default:
      return reader.cursor.tokens.kind === Token.Open ? reader.run() : readOther(reader);
  }
}

function readQueryOrWrite(reader: QueryReader): void {
  switch (reader.cursor.keyword) {
    case W.INSERT:
    case W.REPLACE:
      return readInsert(reader);
    case W.UPDATE:
      return readUpdate(reader);
    case W.DELETE:
      return readDelete(reader);
    default:
      return reader.run();
  }
}

/** EXPLAIN and MariaDB's ANALYZE have the tables of their statement. */
function readExplain(reader: QueryReader): void {
  if (!readDescribed(reader)) readTables(reader);
}

function readOther(reader: QueryReader): void {
  const { cursor } = reader;
  switch (cursor.keyword) {
    case W.CREATE:
    case W.ALTER:
      return readCreate(reader);
    case W.DROP:
      return readDrop(reader);
    case W.RENAME:
      return readRename(reader);
    case W.TRUNCATE:
      return readTruncate(reader);
    case W.CHECK:
    case W.OPTIMIZE:
    case W.REPAIR:
    case W.CHECKSUM:
      return readMaintenanceVerb(reader);
    case W.LOAD:
      return readLoad(reader);
    case W.LOCK:
      return readLock(reader);
    case W.HANDLER:
      return readHandler(reader);
    case W.SHOW:
      return readShow(reader);
    default:
      return readWithoutTables(reader);
  }
}

function readMaintenanceVerb(reader: QueryReader): void {
  const access = reader.cursor.keyword === W.CHECKSUM ? 'read' : 'write';
  reader.cursor.next();
  readMaintenance(reader, access);
}

/** Statements that name tables in subqueries only, if at all. */
function readWithoutTables(reader: QueryReader): void {
  const { cursor, found } = reader;
  const { keyword } = cursor;
  const verb = cursor.text.slice(0, 40).toUpperCase();
  switch (keyword) {
    case W.SET:
      return readSet(reader);
    case W.USE:
      cursor.next();
      found.schema = isAtName(cursor) ? cursor.takeName() : undefined;
      if (found.schema === undefined) found.doubt('USE of a schema that is not in the text');
      return;
    case W.START:
      cursor.next();
      if (cursor.keyword !== W.TRANSACTION) found.doubt(`START of something else than a transaction`);
      return cursor.skip();
    case W.BEGIN:
    case W.COMMIT:
    case W.ROLLBACK:
    case W.SAVEPOINT:
    case W.RELEASE:
    case W.UNLOCK:
    case W.PREPARE:
    case W.DEALLOCATE:
    case W.GET:
    case W.SIGNAL:
    case W.RESIGNAL:
      return cursor.skip();
    case W.DO:
    case W.KILL:
      cursor.next();
      return reader.run();
    default:
      // CALL, EXECUTE, XA COMMIT, accounts, replication, whatever is new.
      found.doubt(`${verb}: which tables it reads or writes is not in the text`);
      cursor.next();
      return reader.run();
  }
}

/** SET, with MariaDB's `SET STATEMENT … FOR statement`. */
function readSet(reader: QueryReader): void {
  const { cursor, found } = reader;
  cursor.next();
  const { keyword } = cursor;
  if (keyword === W.PASSWORD || keyword === W.DEFAULT) found.doubt('SET of an account');
  if (keyword !== W.STATEMENT) return reader.run();
  while (!cursor.isAtEnd && cursor.tokens.kind !== Token.Close && !cursor.accept(W.FOR)) {
    if (cursor.tokens.kind === Token.Open) reader.parenthesis();
    else cursor.next();
  }
  // One in another would be read by one call in another, as often as the text likes.
  if (cursor.keyword !== W.SET) return readTables(reader);
  found.doubt('SET STATEMENT for another SET');
  cursor.skip();
}
