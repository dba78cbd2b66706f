import { W } from '../keywords.js';
import { Token } from '../token.js';
import type { Mention } from './found-tables.js';
import type { QueryReader } from './query-reader.js';
import { followsTable } from './roles.js';
import { takeAlias } from './table-name.js';

/** `DROP`, at the verb. */
export function readDrop(reader: QueryReader): void {
  const { cursor, found } = reader;
  cursor.next();
  cursor.accept(W.TEMPORARY);
  switch (cursor.keyword) {
    case W.TABLE:
    case W.TABLES:
    case W.VIEW:
    case W.SEQUENCE:
      cursor.next();
      return readList(reader, 'write');
    case W.INDEX:
      while (!cursor.isAtEnd && !cursor.isAt(W.ON)) cursor.next();
      if (cursor.accept(W.ON)) reader.table('write');
      else found.doubt('DROP INDEX without a table');
      return cursor.skip();
    case W.PREPARE:
      return cursor.skip();
    default:
      found.doubt(`DROP ${cursor.text.slice(0, 40).toUpperCase()}`.trim());
      return cursor.skip();
  }
}

/** `[IF EXISTS] t, u` and what belongs to the list as a whole. */
function readList(reader: QueryReader, access: 'read' | 'write'): void {
  const { cursor } = reader;
  if (cursor.accept(W.IF)) cursor.accept(W.EXISTS);
  do reader.table(access);
  while (cursor.acceptKind(Token.Comma));
  cursor.skip();
}

/** `RENAME TABLE a TO b, …`, at the verb. */
export function readRename(reader: QueryReader): void {
  const { cursor, found } = reader;
  cursor.next();
  if (!cursor.accept(W.TABLE) && !cursor.accept(W.TABLES)) {
    found.doubt('no RENAME of tables');
    return cursor.skip();
  }
  if (cursor.accept(W.IF)) cursor.accept(W.EXISTS);
  do {
    reader.table('write');
    // MariaDB: `a WAIT 5 TO b`.
    while (!cursor.isAtEnd && cursor.keyword !== W.TO) cursor.next();
    cursor.accept(W.TO);
    reader.table('write');
  } while (cursor.acceptKind(Token.Comma));
}

/** `TRUNCATE [TABLE] t`, at the verb. */
export function readTruncate(reader: QueryReader): void {
  const { cursor } = reader;
  cursor.next();
  cursor.accept(W.TABLE);
  reader.table('write');
  cursor.skip();
}

/** `CHECK`, `OPTIMIZE`, `REPAIR`, `ANALYZE` (behind the verb and its options), `CHECKSUM`: `… TABLE t, u`. */
export function readMaintenance(reader: QueryReader, access: 'read' | 'write'): void {
  const { cursor, found } = reader;
  if (!cursor.accept(W.NO_WRITE_TO_BINLOG)) cursor.accept(W.LOCAL);
  if (cursor.accept(W.TABLE) || cursor.accept(W.TABLES)) return readList(reader, access);
  found.doubt('tables were expected');
  cursor.skip();
}

/** `LOCK TABLES t [AS a] READ | WRITE, …`, at the verb. */
export function readLock(reader: QueryReader): void {
  const { cursor, found } = reader;
  cursor.next();
  if (!cursor.accept(W.TABLES) && !cursor.accept(W.TABLE)) {
    if (cursor.keyword !== W.INSTANCE) found.doubt('LOCK of something unknown');
    return cursor.skip();
  }
  do {
    const table = takeLocked(reader);
    if (table !== undefined && cursor.keyword === W.READ) table.access = 'read';
    while (!cursor.isAtEnd && cursor.tokens.kind !== Token.Comma) cursor.next();
  } while (cursor.acceptKind(Token.Comma));
}

function takeLocked(reader: QueryReader): Mention | undefined {
  const { cursor, found } = reader;
  const table = reader.name();
  const alias = takeAlias(cursor, endsLock);
  return table === undefined ? undefined : found.add(table, 'write', alias);
}

function endsLock(keyword: number): boolean {
  return keyword === W.READ || keyword === W.WRITE || keyword === W.LOW_PRIORITY || followsTable(keyword);
}

/** `HANDLER t OPEN`, at the verb; any other names what was opened before, perhaps by an alias. */
export function readHandler(reader: QueryReader): void {
  const { cursor, found } = reader;
  cursor.next();
  reader.table('read');
  if (cursor.keyword === W.OPEN) return cursor.skip();
  found.doubt('HANDLER: an earlier OPEN says which table it is');
  reader.run();
}
