import type { Cursor } from '../cursor.js';
import { W } from '../keywords.js';
import { nameOf } from '../names.js';
import { Token } from '../token.js';
import type { FoundTables, TableName } from './found-tables.js';

/** Whether the current token may be a table's name, or a part of it. A keyword may: only the server knows which are reserved. */
export function isAtName(cursor: Cursor): boolean {
  const { kind } = cursor.tokens;
  return kind === Token.Word || kind === Token.Quoted;
}

/** `t`, `db.t` or `.t` at the current token. Goes on behind it; undefined, with a doubt, when the text does not name a table. */
export function takeTable(cursor: Cursor, found: FoundTables): TableName | undefined {
  cursor.acceptKind(Token.Dot);
  const first = takePart(cursor, found);
  return first === undefined ? undefined : finishTable(cursor, found, first);
}

/** The same, when the first part was taken already. */
export function finishTable(cursor: Cursor, found: FoundTables, first: string): TableName | undefined {
  if (!cursor.acceptKind(Token.Dot)) return { schema: undefined, name: first };
  const name = takePart(cursor, found);
  return name === undefined ? undefined : { schema: first, name };
}

function takePart(cursor: Cursor, found: FoundTables): string | undefined {
  const { start, end } = cursor.tokens;
  if (isAtName(cursor)) {
    cursor.next();
    return nameOf(cursor.sql, start, end);
  }
  found.doubt(whyNoName(cursor));
  // What stands for a name is gone over, so that nobody looks at it twice.
  cursor.acceptKind(Token.Placeholder);
  return undefined;
}

/** Says why the current token names no table. */
export function whyNoName(cursor: Cursor): string {
  if (cursor.tokens.kind === Token.Placeholder) return `${cursor.text} stands for a table`;
  return cursor.isAtEnd ? 'a table was expected at the end' : `${cursor.text.slice(0, 40)} names no table`;
}

/** A table's alias, with or without AS, in a place where nothing but some keywords may follow: they are told by `ends`. */
export function takeAlias(cursor: Cursor, ends: (keyword: number) => boolean): string | undefined {
  if (cursor.accept(W.AS)) return cursor.takeName();
  if (cursor.tokens.kind === Token.Quoted) return cursor.takeName();
  return cursor.tokens.kind === Token.Word && !ends(cursor.keyword) ? cursor.takeName() : undefined;
}

/** `USE INDEX FOR JOIN (i)`, up to its parenthesis: neither the JOIN nor the ORDER in it is what it seems. */
export function skipIndexHint(cursor: Cursor): void {
  cursor.next();
  if (!cursor.accept(W.INDEX)) cursor.accept(W.KEY);
  if (!cursor.accept(W.FOR)) return;
  cursor.next();
  cursor.accept(W.BY);
}
