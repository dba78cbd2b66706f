import type { ErrorFacts } from '../error-facts.js';
import type { Classification } from '../sql/classification.js';
import { COMMITTED, mayBeInTransaction, mayStandAlone, type PinReason } from './pins.js';
import type { Slot } from './session-state.js';

/** What happened to a statement, as far as it matters for running it again. */
export interface Attempt {
  readonly facts: ErrorFacts;
  readonly classification: Classification;
  readonly slot: Slot;
  /** What binds the session to the lease that failed. */
  readonly pins: readonly PinReason[];
  /** Attempts of this statement that were sent, this one counted. */
  readonly sent: number;
  /** Rows or fields have reached the caller. */
  readonly delivered: boolean;
  /** `failover.retry`. */
  readonly enabled: boolean;
  /** There is a primary that may be asked instead of a replica. */
  readonly primaryServes: boolean;
}

/** What to do about it. */
export type RetryDecision =
  | { readonly action: 'again'; readonly where: 'primary' | 'elsewhere'; readonly misrouted: boolean }
  /** The driver's error as it is. */
  | {
      readonly action: 'throw';
      readonly as: 'driver' | 'outcome-unknown' | 'transaction-lost' | 'session-lost' | 'read-only-transaction';
    };

const DRIVER: RetryDecision = { action: 'throw', as: 'driver' };
const UNKNOWN: RetryDecision = { action: 'throw', as: 'outcome-unknown' };
const TRANSACTION_LOST: RetryDecision = { action: 'throw', as: 'transaction-lost' };
const SESSION_LOST: RetryDecision = { action: 'throw', as: 'session-lost' };
const READ_ONLY_TRANSACTION: RetryDecision = { action: 'throw', as: 'read-only-transaction' };
const ON_PRIMARY: RetryDecision = { action: 'again', where: 'primary', misrouted: false };
const ELSEWHERE: RetryDecision = { action: 'again', where: 'elsewhere', misrouted: false };
const MISROUTED: RetryDecision = { action: 'again', where: 'primary', misrouted: true };

// What runs as a whole or not at all when a read-only server refuses it: not CALL, DO or several statements.
const ATOMIC_KINDS = new Set([
  ...['select', 'with', 'table', 'values', 'insert', 'replace', 'update', 'delete'],
  ...['create', 'alter', 'drop', 'rename', 'truncate'],
]);

/** Decides whether a failed statement is run again. Never when it may have run and could have written. */
export function decideRetry(attempt: Attempt): RetryDecision {
  const { facts, pins, slot } = attempt;
  if (facts.readOnlyTransaction && slot === 'primary') return DRIVER;
  // Whatever becomes of this statement: what the session had written may be there.
  if (pins.includes(COMMITTED) && (facts.wrongNode || facts.notReady || facts.gone)) return UNKNOWN;
  if (facts.wrongNode) return pins.length > 0 ? refusedInPin(attempt) : refused(attempt);
  if (facts.undecided) return UNKNOWN;
  if (facts.notReady) return notReady(attempt);
  if (facts.unknownName && slot === 'replica' && pins.length === 0) return unknownThere(attempt);
  if (!facts.gone) return DRIVER;
  if (pins.length > 0) return lostInPin(attempt);
  return facts.sent ? lostAfterSending(attempt) : again(attempt);
}

// The server refused it as a write. Proof that nothing ran: one atomic statement without functions of unknown effect.
function refused(attempt: Attempt): RetryDecision {
  const proved = isProved(attempt);
  if (attempt.slot === 'replica') return proved && attempt.enabled ? MISROUTED : DRIVER;
  if (!proved) return UNKNOWN;
  return attempt.enabled ? ON_PRIMARY : DRIVER;
}

function isProved({ facts, classification }: Attempt): boolean {
  return facts.usable && runsAsAWhole(classification);
}

/** Whether a statement that is refused as a whole has done nothing: it is one, and calls nothing of unknown effect. */
export function runsAsAWhole({ statements, kind, functions }: Classification): boolean {
  return statements === 1 && ATOMIC_KINDS.has(kind) && functions.length === 0;
}

// What another process has just made, a replica may lack; the primary knows whether there is such a thing.
function unknownThere({ classification, delivered, enabled, primaryServes }: Attempt): RetryDecision {
  const again = enabled && primaryServes && !delivered && classification.dependsOn.length === 0;
  return again ? ON_PRIMARY : DRIVER;
}

// On a node that became read-only a transaction can never be committed, and nothing else can be written in this session.
function refusedInPin(attempt: Attempt): RetryDecision {
  const { facts, pins, slot } = attempt;
  if (slot === 'replica')
    return facts.readOnlyTransaction || !pins.includes('a transaction') ? DRIVER : READ_ONLY_TRANSACTION;
  if (mayBeInTransaction(pins)) return TRANSACTION_LOST;
  return isProved(attempt) ? SESSION_LOST : UNKNOWN;
}

// Nothing of a single statement ran. Of several, or of what runs statements itself, the first may have.
function notReady(attempt: Attempt): RetryDecision {
  const { classification, pins } = attempt;
  const { statements, kind, functions } = classification;
  const single = statements === 1 && kind !== 'call' && kind !== 'execute' && functions.length === 0;
  if (!single && (pins.length > 0 || couldWrite(classification))) return UNKNOWN;
  if (pins.length === 0) return again(attempt);
  return mayBeInTransaction(pins) || pins.includes('an XA transaction') ? TRANSACTION_LOST : SESSION_LOST;
}

function lostInPin({ facts, classification, pins, slot }: Attempt): RetryDecision {
  if (mayBeInTransaction(pins) || pins.includes('an XA transaction')) {
    // On a replica every transaction is read-only: there is nothing that COMMIT could have made last.
    const standsAlone = mayStandAlone(pins) && couldWrite(classification);
    const kept = slot === 'replica' || (neverCommits(classification) && !standsAlone);
    return facts.sent && !kept ? UNKNOWN : TRANSACTION_LOST;
  }
  return facts.sent && couldWrite(classification) ? UNKNOWN : SESSION_LOST;
}

// What cannot commit the transaction it runs in, not even by a function it calls. Everything else may: COMMIT, DDL, CALL,
// SET autocommit=1, …; https://dev.mysql.com/doc/refman/8.4/en/implicit-commit.html
const NEVER_COMMITS = new Set([
  ...['select', 'with', 'table', 'values', 'insert', 'replace', 'update', 'delete', 'do', 'handler'],
  ...['show', 'explain', 'describe', 'desc', 'help', 'savepoint', 'release', 'rollback', 'prepare', 'deallocate'],
]);

/** Whether the statement leaves the transaction that it runs in open, whatever becomes of it. */
export function neverCommits({ statements, kind }: Classification): boolean {
  return statements === 1 && NEVER_COMMITS.has(kind);
}

function lostAfterSending(attempt: Attempt): RetryDecision {
  const { classification, delivered, sent, enabled } = attempt;
  if (couldWrite(classification)) return UNKNOWN;
  // What is left reads, locks, or changes a session that is lost with its connection: it can be done again.
  if (classification.dependsOn.length > 0 || delivered || sent > 1 || !enabled) return DRIVER;
  return classification.access === 'read' ? ELSEWHERE : ON_PRIMARY;
}

function again({ classification, enabled }: Attempt): RetryDecision {
  // Another connection would answer such a question of its own last statement.
  if (!enabled || classification.dependsOn.length > 0) return DRIVER;
  return classification.access === 'read' ? ELSEWHERE : ON_PRIMARY;
}

function couldWrite({ access, functions, effects }: Classification): boolean {
  if (access === 'write' || access === 'unknown' || access === 'admin' || functions.length > 0) return true;
  return effects.some((effect) => effect.type === 'xa');
}
