import type { Classification, Effect } from '../sql/classification.js';

/** What `SET TRANSACTION` has said of the next transaction, when all of it is known. */
export interface NextTransaction {
  /** As the variable spells it: `READ-COMMITTED`. */
  readonly isolation: string | undefined;
  readonly readOnly: boolean | undefined;
}

const NOTHING_SAID: NextTransaction = Object.freeze({ isolation: undefined, readOnly: undefined });
const LEVELS = new Set(['READ-UNCOMMITTED', 'READ-COMMITTED', 'REPEATABLE-READ', 'SERIALIZABLE']);

/**
 * What is known of the next transaction after a statement. Whatever is no `SET TRANSACTION` may have been that transaction.
 *
 * @param before undefined when nothing is known
 * @param open whether something has been said already, known or not
 */
export function nextAfter(
  before: NextTransaction | undefined,
  open: boolean,
  { effects, statements }: Classification,
): NextTransaction | undefined {
  if (statements !== 1 || effects.length === 0 || (open && before === undefined)) return undefined;
  let next = before ?? NOTHING_SAID;
  for (const effect of effects) {
    if (effect.type !== 'next-transaction' || !isKnown(effect)) return undefined;
    next = { isolation: effect.isolation ?? next.isolation, readOnly: effect.readOnly ?? next.readOnly };
  }
  return next;
}

/** The statement that says it again, on another connection. */
export function sayAgain({ isolation, readOnly }: NextTransaction): string {
  const level = isolation === undefined ? [] : [`ISOLATION LEVEL ${isolation.replace('-', ' ')}`];
  const access = readOnly === undefined ? [] : [readOnly ? 'READ ONLY' : 'READ WRITE'];
  return `SET TRANSACTION ${[...level, ...access].join(', ')}`;
}

/** Whether a transaction that begins so may run on a replica: it only reads, and its reads take no locks. */
export function readsOnly(
  begin: Effect & { type: 'begin' },
  next: NextTransaction | undefined,
  serializable: boolean,
): boolean {
  const readOnly = begin.readOnly || (next?.readOnly === true && begin.readWrite !== true);
  return readOnly && !(next?.isolation === undefined ? serializable : next.isolation === 'SERIALIZABLE');
}

function isKnown({ isolation, readOnly }: NextTransaction): boolean {
  return isolation === undefined ? readOnly !== undefined : LEVELS.has(isolation);
}
