import type { Cursor } from '../cursor.js';
import { W } from '../keywords.js';
import { Token } from '../token.js';
import type { Mention } from './found-tables.js';
import type { QueryReader } from './query-reader.js';
import { isAtName, whyNoName } from './table-name.js';

/** `INSERT` and `REPLACE`, at the verb. */
export function readInsert(reader: QueryReader): void {
  const { cursor } = reader;
  cursor.next();
  while (isModifier(cursor.keyword) || cursor.keyword === W.INTO) cursor.next();
  reader.table('write');
  if (cursor.accept(W.PARTITION) && cursor.tokens.kind === Token.Open) reader.parenthesis();
  reader.run();
}

/** `LOW_PRIORITY`, `DELAYED`, `HIGH_PRIORITY`, `IGNORE`: reserved, so they name no table. */
function isModifier(keyword: number): boolean {
  return keyword === W.LOW_PRIORITY || keyword === W.DELAYED || keyword === W.HIGH_PRIORITY || keyword === W.IGNORE;
}

/** `UPDATE`, at the verb: the tables whose columns are set are written. */
export function readUpdate(reader: QueryReader): void {
  const { cursor } = reader;
  cursor.next();
  while (isModifier(cursor.keyword)) cursor.next();
  const tables = readReferences(reader);
  if (!cursor.accept(W.SET)) {
    reader.found.doubt('an UPDATE without SET');
    markAll(tables);
  } else if (tables.length < 2) markAll(tables);
  else readAssignments(reader, tables);
  reader.run();
}

function readReferences(reader: QueryReader): readonly Mention[] {
  const tables: Mention[] = [];
  reader.targets = tables;
  reader.references();
  reader.targets = undefined;
  return tables;
}

/** `a.b = …, c = …` up to the clause behind: a column without a table may be of any of them. */
function readAssignments(reader: QueryReader, tables: readonly Mention[]): void {
  const { cursor } = reader;
  do {
    const path = takePath(cursor);
    const column = path?.at(-1);
    if (path === undefined || path.length < 2 || column === '*') markAll(tables);
    else markWritten(tables, path.slice(0, -1));
    while (!cursor.isAtEnd && cursor.tokens.kind !== Token.Comma && !endsAssignments(cursor)) {
      if (cursor.tokens.kind === Token.Open) reader.parenthesis();
      else cursor.next();
    }
  } while (cursor.acceptKind(Token.Comma));
}

function endsAssignments({ keyword, tokens }: Cursor): boolean {
  return keyword === W.WHERE || keyword === W.ORDER || keyword === W.LIMIT || tokens.kind === Token.Close;
}

/** `DELETE`, at the verb: `FROM t …`, `t, u FROM references`, `FROM t, u USING references`. */
export function readDelete(reader: QueryReader): void {
  const { cursor, found } = reader;
  cursor.next();
  while (isModifier(cursor.keyword) || cursor.keyword === W.QUICK) cursor.next();
  const isFromFirst = cursor.accept(W.FROM);
  const targets = takePaths(cursor);
  if (targets === undefined) found.doubt(whyNoName(cursor));
  else if (cursor.accept(isFromFirst ? W.USING : W.FROM)) {
    const tables = readReferences(reader);
    for (const target of targets) markWritten(tables, target);
  } else if (isFromFirst && targets.length === 1) {
    const path = targets[0]!;
    const [schema, name] = path.length > 1 ? path : [undefined, path[0]!];
    reader.restOf({ schema, name: name! }, 'write');
  } else found.doubt('a DELETE that cannot be read');
  reader.run();
}

/** The targets of a DELETE; undefined when the text does not name them. */
function takePaths(cursor: Cursor): readonly (readonly string[])[] | undefined {
  const paths: (readonly string[])[] = [];
  do {
    cursor.acceptKind(Token.Dot);
    const path = takePath(cursor);
    if (path === undefined) return undefined;
    paths.push(path.at(-1) === '*' ? path.slice(0, -1) : path);
  } while (cursor.acceptKind(Token.Comma));
  return paths;
}

/** `a`, `a.b`, `a.b.c`, `a.b.*`: its parts. */
function takePath(cursor: Cursor): readonly string[] | undefined {
  const path: string[] = [];
  do {
    const isStar = path.length > 0 && cursor.text === '*';
    if (!isStar && !isAtName(cursor)) return undefined;
    if (isStar) {
      path.push('*');
      cursor.next();
    } else path.push(cursor.takeName()!);
  } while (cursor.acceptKind(Token.Dot));
  return path;
}

/**
 * Marks what a qualifier names, as `t`, an alias or `db.t`. Names are compared as written; when none is the same, the server may
 * see it otherwise, and all are marked.
 */
function markWritten(tables: readonly Mention[], qualifier: readonly string[]): void {
  const name = qualifier.at(-1);
  const schema = qualifier.at(-2);
  let isFound = false;
  for (const table of tables) {
    const isSame = (table.alias ?? table.name) === name && (table.alias === undefined || schema === undefined);
    const isElsewhere = schema !== undefined && table.schema !== undefined && table.schema !== schema;
    if (!isSame || isElsewhere) continue;
    table.access = 'write';
    isFound = true;
  }
  if (!isFound) markAll(tables);
}

function markAll(tables: readonly Mention[]): void {
  for (const table of tables) table.access = 'write';
}

/** `LOAD DATA … INTO TABLE t …`, `LOAD XML …`; `LOAD INDEX INTO CACHE` is none of them. */
export function readLoad(reader: QueryReader): void {
  const { cursor, found } = reader;
  cursor.next();
  const isRows = cursor.keyword === W.DATA || cursor.keyword === W.XML;
  while (!cursor.isAtEnd && !cursor.accept(W.TABLE)) cursor.next();
  if (!isRows) {
    found.doubt('no LOAD of rows');
    return cursor.skip();
  }
  reader.table('write');
  if (cursor.accept(W.PARTITION) && cursor.tokens.kind === Token.Open) reader.parenthesis();
  reader.run();
}
