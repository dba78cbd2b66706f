import type { Cursor } from '../cursor.js';
import { Rank } from '../findings.js';
import { W } from '../keywords.js';
import type { Scan } from '../scan.js';
import { Token } from '../token.js';
import { readAdmin } from './admin.js';
import { readDefinition } from './definition.js';
import { readExplain } from './explain.js';
import { readRead } from './read.js';
import { readSessionStatement } from './session.js';
import { readSet } from './set.js';
import { readShow } from './show.js';
import { readTransaction } from './transaction.js';
import { readInsert, readWrite } from './write.js';

/** Reads one statement, whose first token is the current one, up to its end. */
export function readStatement(cursor: Cursor, scan: Scan): void {
  switch (cursor.keyword) {
    case W.SELECT:
      cursor.found.rename('select');
      return scan.run({ reads: true });
    case W.INSERT:
    case W.REPLACE:
      return readInsert(cursor, scan);
    case W.UPDATE:
    case W.DELETE:
    case W.CALL:
    case W.LOAD:
    case W.IMPORT:
      return readWrite(cursor, scan);
    case W.WITH:
    case W.TABLE:
    case W.VALUES:
      return readRead(cursor, scan);
    case W.SET: {
      let isFollowed = readSet(cursor, scan);
      // One in another, as often as the text likes: no call in a call.
      while (isFollowed && cursor.isAt(W.SET)) isFollowed = readSet(cursor, scan);
      return isFollowed ? readStatement(cursor, scan) : undefined;
    }
    default:
      return readRarer(cursor, scan);
  }
}

function readRarer(cursor: Cursor, scan: Scan): void {
  if (cursor.tokens.kind === Token.Open) return readRead(cursor, scan);
  if (cursor.tokens.kind !== Token.Word) return readUnknown(cursor, scan);
  cursor.found.rename(cursor.text.toLowerCase());
  const isRead =
    readTransaction(cursor) ||
    readSessionStatement(cursor, scan) ||
    readDefinition(cursor, scan) ||
    readAdmin(cursor, scan) ||
    readExplain(cursor, scan) ||
    readShow(cursor, scan);
  if (!isRead) readUnknown(cursor, scan);
}

/** The rest is scanned all the same, for what it does to the session. */
function readUnknown(cursor: Cursor, scan: Scan): void {
  cursor.found.raise(Rank.Unknown, `${cursor.text.slice(0, 40)} begins no statement that is known`);
  scan.run({ reads: true });
}
