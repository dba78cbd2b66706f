import type { Cursor } from '../cursor.js';
import { Rank } from '../findings.js';
import { W } from '../keywords.js';
import type { Scan } from '../scan.js';
import { Token } from '../token.js';

/** Statements that belong to one server. False when it is none of them. */
export function readAdmin(cursor: Cursor, scan: Scan): boolean {
  switch (cursor.keyword) {
    case W.KILL:
      readKill(cursor, scan);
      return true;
    case W.FLUSH:
      readFlush(cursor);
      return true;
    case W.BACKUP:
      readBackup(cursor);
      return true;
    case W.RESET:
    case W.PURGE:
    case W.CHANGE:
    case W.STOP:
    case W.CLONE:
    case W.INSTALL:
    case W.UNINSTALL:
    case W.SHUTDOWN:
    case W.RESTART:
    case W.BINLOG:
    case W.CACHE:
      cursor.found.raise(Rank.Admin, `${cursor.text.toUpperCase()}: one server`);
      cursor.skip();
      return true;
    default:
      return false;
  }
}

/** `KILL [HARD | SOFT] [CONNECTION | QUERY [ID]] expression`. */
function readKill(cursor: Cursor, scan: Scan): void {
  const { found, tokens } = cursor;
  cursor.next();
  found.raise(Rank.Admin, "KILL: a connection's own server");
  if (!cursor.accept(W.HARD)) cursor.accept(W.SOFT);
  const query = cursor.accept(W.QUERY);
  if (!query) cursor.accept(W.CONNECTION);
  const text = tokens.kind === Token.Number ? cursor.text : '';
  if (text !== '') cursor.next();
  const isPlain = cursor.isAtEnd && /^\d{1,15}$/.test(text);
  scan.run({ reads: false });
  found.addEffect({ type: 'kill', query, id: isPlain ? Number(text) : undefined });
}

/** `FLUSH TABLES … WITH READ LOCK | FOR EXPORT` holds locks until UNLOCK TABLES. */
function readFlush(cursor: Cursor): void {
  const { found } = cursor;
  found.raise(Rank.Admin, 'FLUSH: one server; on a replica it would leave a transaction of its own');
  let locks = false;
  for (; !cursor.isAtEnd; cursor.next()) if (cursor.keyword === W.LOCK || cursor.keyword === W.EXPORT) locks = true;
  if (locks) found.addEffect({ type: 'lock-tables' });
}

/** MariaDB: `BACKUP STAGE START … END`, `BACKUP LOCK t`, `BACKUP UNLOCK`. */
function readBackup(cursor: Cursor): void {
  const { found } = cursor;
  cursor.next();
  found.raise(Rank.Admin, 'BACKUP: one server');
  let ends = cursor.keyword === W.UNLOCK;
  for (; !cursor.isAtEnd; cursor.next()) if (cursor.keyword === W.END) ends = true;
  found.addEffect({ type: ends ? 'unlock-instance' : 'lock-instance' });
}
