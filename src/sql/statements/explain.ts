import type { Cursor } from '../cursor.js';
import { Rank } from '../findings.js';
import { W } from '../keywords.js';
import { userVariable } from '../names.js';
import type { Scan } from '../scan.js';
import { Token } from '../token.js';
import { isReadVerb } from './read.js';

/** EXPLAIN, DESCRIBE, ANALYZE, CHECKSUM and HELP. False when it is none of them. */
export function readExplain(cursor: Cursor, scan: Scan): boolean {
  switch (cursor.keyword) {
    case W.EXPLAIN:
    case W.DESCRIBE:
    case W.DESC:
      cursor.next();
      readExplained(cursor, scan);
      return true;
    case W.ANALYZE:
      readAnalyze(cursor, scan);
      return true;
    case W.CHECKSUM:
    case W.HELP:
      cursor.next();
      scan.run({ reads: true });
      return true;
    default:
      return false;
  }
}

/** `EXPLAIN [ANALYZE] [EXTENDED | PARTITIONS] [FORMAT = f] [INTO @v] [FOR SCHEMA s] statement`, or `DESC table [column]`. */
function readExplained(cursor: Cursor, scan: Scan): void {
  const { found } = cursor;
  const before = cursor.tokens.start;
  skipExplainOptions(cursor);
  if (cursor.keyword === W.FOR) {
    cursor.next();
    if (!cursor.isAt(W.SCHEMA) && !cursor.isAt(W.DATABASE)) {
      found.raise(Rank.Admin, "EXPLAIN FOR CONNECTION: the connection's own server");
      return cursor.skip();
    }
    cursor.next();
    cursor.takeName();
  }
  const { keyword, tokens } = cursor;
  if (isReadVerb(keyword) || tokens.kind === Token.Open) return scan.run({ reads: true });
  if (isWriteVerb(keyword)) {
    // It writes nothing, or only MariaDB's ANALYZE does, but a replica refuses it all the same.
    found.raise(Rank.Write, `EXPLAIN of ${cursor.text.toUpperCase()}: replicas refuse it`);
    return scan.run({ reads: false, table: true });
  }
  const isTable = before === tokens.start && (tokens.kind === Token.Word || tokens.kind === Token.Quoted);
  if (!isTable && tokens.kind !== Token.Placeholder) found.raise(Rank.Unknown, 'EXPLAIN of something unknown');
  scan.run({ reads: true });
}

function isWriteVerb(keyword: number): boolean {
  return keyword === W.INSERT || keyword === W.REPLACE || keyword === W.UPDATE || keyword === W.DELETE;
}

/** `ANALYZE`, `EXTENDED`, `PARTITIONS`, `FORMAT = f` and `INTO @v`, which sets the variable. */
export function skipExplainOptions(cursor: Cursor): void {
  for (;;) {
    const { keyword, found } = cursor;
    switch (keyword) {
      case W.ANALYZE:
      case W.EXTENDED:
      case W.PARTITIONS:
        cursor.next();
        break;
      case W.FORMAT:
        cursor.next();
        cursor.acceptKind(Token.Equals);
        cursor.next();
        break;
      case W.INTO:
        cursor.next();
        found.addEffect({ type: 'set-user-variable', name: userVariable(cursor.text), value: undefined });
        found.raise(Rank.Session, 'EXPLAIN INTO a variable');
        cursor.next();
        break;
      default:
        return;
    }
  }
}

/** `ANALYZE TABLE` writes statistics; MariaDB's `ANALYZE [FORMAT = f] statement` runs the statement. */
function readAnalyze(cursor: Cursor, scan: Scan): void {
  cursor.next();
  skipExplainOptions(cursor);
  const { keyword, found } = cursor;
  if (isReadVerb(keyword) && keyword !== W.TABLE) return scan.run({ reads: true });
  found.raise(Rank.Write, isWriteVerb(keyword) ? `ANALYZE ${cursor.text.toUpperCase()} runs it` : 'ANALYZE TABLE');
  scan.run({ reads: false, definition: keyword === W.TABLE || keyword === W.LOCAL, table: true });
}
