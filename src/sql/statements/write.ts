import type { Cursor } from '../cursor.js';
import { Rank } from '../findings.js';
import { W } from '../keywords.js';
import type { Scan } from '../scan.js';
import type { ScanOptions } from '../scan-options.js';

const INSERTS: ScanOptions = { reads: false, table: true };
const WRITES: ScanOptions = { reads: false };
const ASSIGNS: ScanOptions = { reads: false, assigns: true };

/** `INSERT` and `REPLACE`. */
export function readInsert(cursor: Cursor, scan: Scan): void {
  const isInsert = cursor.keyword === W.INSERT;
  cursor.found.rename(isInsert ? 'insert' : 'replace');
  cursor.found.raise(Rank.Write, isInsert ? 'INSERT' : 'REPLACE');
  cursor.next();
  scan.run(INSERTS);
}

/** `UPDATE`, `DELETE`, `CALL`, `LOAD`, `IMPORT`. */
export function readWrite(cursor: Cursor, scan: Scan): void {
  const { found, keyword } = cursor;
  switch (keyword) {
    case W.UPDATE:
      return run(cursor, scan, 'update');
    case W.DELETE:
      return run(cursor, scan, 'delete');
    case W.CALL:
      found.rename('call');
      found.raise(Rank.Write, 'CALL: what a procedure does is not in the text');
      cursor.next();
      // Its name and parentheses are no function's.
      cursor.takeQualifiedName();
      return scan.run(ASSIGNS);
    default:
      return readLoad(cursor, scan);
  }
}

function run(cursor: Cursor, scan: Scan, kind: 'update' | 'delete'): void {
  cursor.found.rename(kind);
  cursor.found.raise(Rank.Write, kind === 'update' ? 'UPDATE' : 'DELETE');
  cursor.next();
  scan.run(WRITES);
}

function readLoad(cursor: Cursor, scan: Scan): void {
  const { found } = cursor;
  const kind = cursor.keyword === W.LOAD ? 'load' : 'import';
  found.rename(kind);
  cursor.next();
  const isRows = kind === 'load' && (cursor.keyword === W.DATA || cursor.keyword === W.XML);
  if (isRows) found.raise(Rank.Write, 'LOAD');
  else
    found.raise(
      Rank.Admin,
      kind === 'load' ? 'LOAD INDEX INTO CACHE: one server' : 'IMPORT TABLE: files of one server',
    );
  scan.run({ reads: false, assigns: true, table: true });
}
