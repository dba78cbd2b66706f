import type { PhysicalConnection } from '../cluster/physical-connection.js';
import { RouteConflictError, SessionLostError } from '../errors.js';
import type { Classification, Dependency } from '../sql/classification.js';
import { readsNoTable } from '../sql/tables/tables-of.js';
import type { AnswerHeader } from './answer.js';
import { asksForTheLast, OF_A_CONNECTION } from './asked-forms.js';
import type { SessionHost } from './session-core.js';

// What each statement answers anew, wherever it runs.
const OF_ANY_LAST: ReadonlySet<Dependency> = new Set<Dependency>(['row-count', 'diagnostics']);
// SQL_CALC_FOUND_ROWS depends on it as well, and asks for nothing.
const FOUND_ROWS = /\bFOUND_ROWS\b/i;

/** A statement that asks for the answer to an earlier one. */
export interface Asking {
  readonly host: Pick<SessionHost, 'core' | 'keepsLeases' | 'lease' | 'state'>;
  readonly classification: Classification;
  readonly sql: string;
}

/**
 * The lease that has the answer, when it is `last`; undefined when any will do.
 *
 * @throws SessionLostError when it is lost · RouteConflictError when it is a replica's, and what asks cannot run there
 */
export function answeringLease(last: PhysicalConnection | undefined, asking: Asking): PhysicalConnection | undefined {
  const { host, classification } = asking;
  const { state } = host;
  if (!host.keepsLeases) warnOfAsking(asking);
  else if (state?.pinnedTo !== undefined && !isAside(last, asking)) return undefined;
  else if (onlyCounts(asking)) return undefined;
  else if (last && !last.dead && host.lease(last.target.role) === last) {
    if (mayAnswer(last, asking)) return last;
    refuseApart(asking);
  } else if (last && asksForTheLast(classification)) {
    throw new SessionLostError('the answer to an earlier statement', last.dead);
  }
  return undefined;
}

/** Whether LAST_INSERT_ID() may be of this statement from now on: of what nobody tells, it may. */
export function mayGiveId({ kind, access, dependsOn }: Classification, headers: readonly AnswerHeader[]): boolean {
  for (const { insertId } of headers) if (insertId) return true;
  return kind === 'call' || access === 'unknown' || dependsOn.includes('last-insert-id');
}

/** Whether FOUND_ROWS() may be of this statement from now on: what only sets something, or begins or ends a transaction, leaves it. */
export function mayFindRows({ kind, access, statements }: Classification, headers: readonly AnswerHeader[]): boolean {
  if (kind === 'empty') return false;
  return headers.length === 0 || statements > 1 || (access !== 'session' && access !== 'transaction');
}

/** The leases of the last statement, of the last that may have generated an id, and of the last that may have found rows. */
interface LastLeases {
  readonly answer: PhysicalConnection | undefined;
  readonly writer: PhysicalConnection | undefined;
  readonly rows: PhysicalConnection | undefined;
}

/** Which of them is asked. */
export function lastAskedOf({ dependsOn }: Classification, last: LastLeases): PhysicalConnection | undefined {
  if (dependsOn.includes('last-insert-id')) return last.writer;
  return dependsOn.every((each) => each === 'found-rows') ? last.rows : last.answer;
}

// SQL_CALC_FOUND_ROWS asks for nothing: it makes the answer, on the primary, where any statement may ask for it.
function onlyCounts({ classification: { dependsOn }, sql }: Asking): boolean {
  return dependsOn.every((each) => each === 'found-rows') && !FOUND_ROWS.test(sql);
}

// Bound to one lease: what the other was asked to do before, and nothing else, is the other's to answer.
function isAside(last: PhysicalConnection | undefined, { host, classification, sql }: Asking): boolean {
  if (last === undefined || host.state?.pinnedTo === last.target.role) return false;
  const { access, effects } = classification;
  if (effects.length > 0 || (access !== 'read' && access !== 'session')) return false;
  return readsNoTable(sql, host.core.classifier.dialect);
}

// A query of a pool has no earlier statement.
function warnOfAsking({ host: { core }, classification, sql }: Asking): void {
  const message = core.asked.warningOf(sql, classification, core.classifier.dialect);
  if (message) core.source.cluster.tell('warning', { code: 'NO_EARLIER_STATEMENT', message });
}

// The primary would answer of something else. One of several statements asks, as a rule, for another of them.
function refuseApart({ classification: { dependsOn, statements }, sql }: Asking): void {
  const asks = dependsOn.includes('found-rows') ? FOUND_ROWS.test(sql) : dependsOn.some((one) => OF_ANY_LAST.has(one));
  if (statements !== 1 || !asks) return;
  throw new RouteConflictError(
    `'${sql.slice(0, 200)}' asks for the answer to a read that ran on a replica, and cannot run there: ask by a plain SELECT or SHOW, or send that read with cluster.route 'primary'`,
  );
}

// It may ask for rows as well, which a replica must be fit for; nothing may bind the session to a replica, or be written there.
function mayAnswer(lease: PhysicalConnection, { host, classification, sql }: Asking): boolean {
  if (lease.target.role === 'primary') return true;
  const { access, effects, dependsOn } = classification;
  if (effects.length > 0 || (access !== 'read' && access !== 'session')) return false;
  if (!dependsOn.every((dependency) => OF_A_CONNECTION.has(dependency))) return false;
  const { source, classifier } = host.core;
  return (
    readsNoTable(sql, classifier.dialect) ||
    source.stillFit(lease, { intent: source.scope.readIntent(), begunAt: source.cluster.clock.now() })
  );
}
