import type { Cursor } from '../cursor.js';
import { Rank } from '../findings.js';
import { W } from '../keywords.js';
import { Token } from '../token.js';
import type { Scope } from './assignment.js';

/**
 * `TRANSACTION ISOLATION LEVEL … , READ ONLY | READ WRITE`, at the word TRANSACTION. Without a scope it holds for the next
 * transaction; with one it is the setting of variables, and is told as such.
 */
export function readTransactionCharacteristics(cursor: Cursor, scope: Scope | undefined): void {
  const { found } = cursor;
  let isolation: string | undefined;
  let readOnly: boolean | undefined;
  cursor.next();
  do {
    if (cursor.accept(W.ISOLATION) && cursor.accept(W.LEVEL)) isolation = readLevel(cursor);
    else if (cursor.accept(W.READ)) {
      readOnly = cursor.keyword === W.ONLY;
      cursor.next();
    }
  } while (cursor.acceptKind(Token.Comma));
  if (scope === undefined) {
    found.raise(Rank.Transaction, 'SET TRANSACTION: the next one');
    return found.addEffect({ type: 'next-transaction', isolation, readOnly });
  }
  if (scope !== 'session') found.raise(Rank.Admin, 'SET GLOBAL TRANSACTION');
  if (isolation !== undefined) {
    found.addEffect({ type: 'set-variable', scope, name: 'transaction_isolation', value: isolation });
  }
  if (readOnly !== undefined) {
    found.addEffect({ type: 'set-variable', scope, name: 'transaction_read_only', value: readOnly ? 'ON' : 'OFF' });
  }
}

/** As the variable spells it: `READ-COMMITTED`. */
function readLevel(cursor: Cursor): string | undefined {
  if (cursor.accept(W.SERIALIZABLE)) return 'SERIALIZABLE';
  if (cursor.accept(W.REPEATABLE)) return cursor.accept(W.READ) ? 'REPEATABLE-READ' : undefined;
  if (!cursor.accept(W.READ)) return undefined;
  if (cursor.accept(W.COMMITTED)) return 'READ-COMMITTED';
  return cursor.accept(W.UNCOMMITTED) ? 'READ-UNCOMMITTED' : undefined;
}
