import type { Cursor } from '../cursor.js';
import { Rank } from '../findings.js';
import { W } from '../keywords.js';
import type { Scan } from '../scan.js';
import { Token } from '../token.js';

/** `SELECT`, `WITH`, `TABLE`, `VALUES`, in parentheses or not. What writes among them (`WITH … UPDATE`) the scan finds. */
export function readRead(cursor: Cursor, scan: Scan): void {
  const { found, tokens } = cursor;
  while (tokens.kind === Token.Open) tokens.next();
  const { keyword } = cursor;
  if (isReadVerb(keyword)) {
    found.rename(keyword === W.TABLE ? 'table' : keyword === W.VALUES ? 'values' : 'select');
  } else {
    found.raise(Rank.Unknown, 'no SELECT, WITH, TABLE or VALUES in the parentheses');
  }
  scan.run({ reads: true });
}

/** Whether a statement that begins so returns rows and may be a plain read. */
export function isReadVerb(keyword: number): boolean {
  return keyword === W.SELECT || keyword === W.WITH || keyword === W.TABLE || keyword === W.VALUES;
}
