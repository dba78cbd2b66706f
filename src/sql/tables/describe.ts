import { W } from '../keywords.js';
import { skipExplainOptions } from '../statements/explain.js';
import { Token } from '../token.js';
import type { QueryReader } from './query-reader.js';
import { beginsQuery } from './roles.js';
import { readMaintenance } from './table-lists.js';
import { isAtName } from './table-name.js';

/** `EXPLAIN`, `DESC`, `ANALYZE`, at the verb. False when the current token begins the statement that is explained. */
export function readDescribed(reader: QueryReader): boolean {
  const { cursor, found } = reader;
  const isAnalyze = cursor.keyword === W.ANALYZE;
  cursor.next();
  const isPlain = !skipOptions(reader);
  if (beginsQuery(cursor.keyword) && !(isAnalyze && cursor.isAt(W.TABLE))) return false;
  switch (cursor.keyword) {
    case W.INSERT:
    case W.REPLACE:
    case W.UPDATE:
    case W.DELETE:
      return false;
  }
  if (cursor.tokens.kind === Token.Open) return false;
  if (isAnalyze) readMaintenance(reader, 'write');
  else if (isPlain && isAtName(cursor)) readDescribe(reader);
  else {
    found.doubt('EXPLAIN of what is not in the text');
    cursor.skip();
  }
  return true;
}

/** `DESC t`, `DESC t column`. */
function readDescribe(reader: QueryReader): void {
  reader.table('read');
  reader.cursor.skip();
}

/** `ANALYZE`, `EXTENDED`, `FORMAT = f`, `INTO @v`, `FOR SCHEMA s`. Whether there was one. */
function skipOptions({ cursor, found }: QueryReader): boolean {
  const before = cursor.tokens.start;
  skipExplainOptions(cursor);
  while (cursor.accept(W.FOR)) {
    if (!cursor.accept(W.SCHEMA) && !cursor.accept(W.DATABASE)) return true;
    found.schema = cursor.takeName();
    skipExplainOptions(cursor);
  }
  return cursor.tokens.start !== before;
}

/**
 * SHOW tells of the catalogue, of which tables only in some cases: those are named, and all of it is in doubt. A subquery may
 * stand in its WHERE. What it tells of the connection is in no table.
 */
export function readShow(reader: QueryReader): void {
  const { cursor, found } = reader;
  cursor.next();
  if (isOfConnection(cursor.keyword)) return cursor.skip();
  found.doubt('SHOW reads the catalogue');
  if (cursor.accept(W.CREATE)) {
    if (cursor.accept(W.TABLE) || cursor.accept(W.VIEW) || cursor.accept(W.SEQUENCE)) reader.table('read');
    return cursor.skip();
  }
  while (cursor.keyword === W.FULL || cursor.keyword === W.EXTENDED) cursor.next();
  if (isOfTable(cursor.keyword)) {
    cursor.next();
    if (cursor.accept(W.FROM) || cursor.accept(W.IN)) readShown(reader);
  }
  while (!cursor.isAtEnd && cursor.tokens.kind !== Token.Close) {
    if (cursor.tokens.kind === Token.Open) reader.parenthesis();
    else cursor.next();
  }
}

function isOfConnection(keyword: number): boolean {
  return (
    keyword === W.WARNINGS ||
    keyword === W.ERRORS ||
    keyword === W.COUNT ||
    keyword === W.PROFILE ||
    keyword === W.PROFILES
  );
}

function isOfTable(keyword: number): boolean {
  return (
    keyword === W.COLUMNS || keyword === W.FIELDS || keyword === W.INDEX || keyword === W.INDEXES || keyword === W.KEYS
  );
}

/** `t FROM db` is `db.t`. */
function readShown(reader: QueryReader): void {
  const { cursor, found } = reader;
  const table = reader.name();
  if (table === undefined) return;
  const isElsewhere = cursor.accept(W.FROM) || cursor.accept(W.IN);
  const schema = isElsewhere ? cursor.takeName() : undefined;
  found.add({ schema: schema ?? table.schema, name: table.name }, 'read');
}
