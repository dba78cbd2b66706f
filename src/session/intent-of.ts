import { RouteConflictError, StatementRefusedError } from '../errors.js';
import { checkStatementOptions, type StatementClusterOptions } from '../options.js';
import type { Intent } from '../routing/intent.js';
import { type Classification, touchesRows } from '../sql/classification.js';
import { isServerSchema } from '../sql/server-schemas.js';
import { ONLY_SLEEPS } from './classifier.js';
import { readsOnly } from './next-transaction.js';
import type { SessionHost } from './session-core.js';
import type { Statement } from './statement.js';

/** A text that nobody knows before mysql2 has written it. */
export const OPAQUE: Classification = Object.freeze({
  kind: 'unknown',
  access: 'unknown',
  statements: 1,
  effects: [],
  dependsOn: [],
  functions: ['?'],
  because: 'its values bring SQL of their own',
});

/**
 * What a statement needs, in this session.
 *
 * @throws RouteConflictError when the caller's wish would send a write or a locking read to a replica
 */
export function intentOf(
  classification: Classification,
  options: StatementClusterOptions | undefined,
  session: Pick<SessionHost, 'core' | 'state'>,
): Intent {
  const access = accessOf(classification, session);
  const { source } = session.core;
  const belongs = access === 'write' || session.state?.untold === true;
  const sleeps = classification.because === ONLY_SLEEPS;
  if (options === undefined) {
    if (belongs) return source.scope.writeIntent;
    return sleeps ? { ...source.scope.readIntent(), route: 'primary' } : source.scope.readIntent();
  }
  const { node, maxLagMs, consistency, route: wanted = 'auto' } = checkStatementOptions(options);
  const route = sleeps && wanted === 'auto' && node === undefined ? 'primary' : wanted;
  if (route === 'replica' && access === 'write') {
    throw new RouteConflictError(
      `cluster.route 'replica' cannot be had for this statement, which belongs on the primary: ${classification.because}`,
    );
  }
  // What belongs to one server runs where the caller says.
  if (node !== undefined && ON_ANY_NODE.has(classification.access))
    return { ...source.scope.readIntent(maxLagMs, 'eventual'), node };
  // Whoever asks for a replica gets one.
  return {
    ...(belongs && route !== 'replica' ? source.scope.writeIntent : source.scope.readIntent(maxLagMs, consistency)),
    route,
    node,
  };
}

/**
 * What the statement of a call needs: its own text decides, or the one that it leads to.
 *
 * @throws RouteConflictError as {@link intentOf}
 */
export function intentFor(
  { leadsTo, opens }: Pick<Statement, 'leadsTo' | 'opens'>,
  options: StatementClusterOptions | undefined,
  { classification, session }: { readonly classification: Classification; readonly session: SessionHost },
): Intent {
  if (opens) return session.core.source.scope.openingIntent;
  return intentOf(leadsTo === undefined ? classification : session.classify(leadsTo), options, session);
}

/** Whether a read may go to the primary after all: nobody asked for a node, or for replicas. */
export function mayLeave(intent: Intent | undefined): boolean {
  return intent === undefined || (intent.node === undefined && intent.route !== 'replica');
}

/**
 * Session tracking is how the package knows what a connection's state is.
 *
 * @throws StatementRefusedError when the statement sets a `session_track_*` variable
 */
export function refuseTracking({ effects }: Classification): void {
  if (effects.length === 0) return;
  for (const effect of effects) {
    if (effect.type !== 'set-variable' || !effect.name.startsWith('session_track_')) continue;
    throw new StatementRefusedError(
      `SET ${effect.name}: session tracking belongs to mysql2-cluster on its connections`,
    );
  }
}

/**
 * What is refused whatever else is asked for.
 *
 * @throws StatementRefusedError RouteConflictError
 */
export function refuseUnfit(classification: Classification, session: Pick<SessionHost, 'core' | 'state'>): void {
  refuseTracking(classification);
  if (session.state?.pinnedTo === 'replica') refuseStranded(classification, session);
}

/**
 * In a READ ONLY transaction on a replica something may have been made that stays there: what writes cannot have it.
 *
 * @throws RouteConflictError for a write in a session that is bound to a replica by more than its transaction
 */
function refuseStranded(classification: Classification, { state, core }: Pick<SessionHost, 'core' | 'state'>): void {
  if (state === undefined || classification.dependsOn.length > 0) return;
  if (state.inTransaction && !mayWriteNext(classification, { state, core })) return;
  const { access, effects } = classification;
  const begins = access === 'transaction' && effects.some(({ type }) => type === 'begin');
  if (!(begins || touchesRows(classification)) || accessOf(classification, { state, core }) === 'read') return;
  throw new RouteConflictError(
    `this connection is bound to a replica by ${state.pins.join(', ')}, from a READ ONLY transaction: release it before it writes`,
  );
}

// READ WRITE, and a variable that was set, lift the server's own rule that nothing is written on a replica's connection.
function mayWriteNext(classification: Classification, session: Pick<SessionHost, 'core' | 'state'>): boolean {
  const lifted = session.state?.pins.includes('a session variable') ?? false;
  const begins = classification.effects.some((effect) => effect.type === 'begin' && (lifted || effect.readWrite));
  return begins && !beginsElsewhere(classification, session);
}

/**
 * Whether a transaction begins elsewhere than where the session is bound to: one that SET TRANSACTION has said something of, on
 * the primary, where a read would go; and one that ends a transaction on a replica and is READ WRITE by its own words. Without
 * them the server begins another that is READ ONLY.
 */
export function beginsElsewhere(classification: Classification, session: Pick<SessionHost, 'core' | 'state'>): boolean {
  const { state } = session;
  const [effect] = classification.effects;
  if (state === undefined || effect?.type !== 'begin' || classification.statements !== 1) return false;
  if (state.pinnedTo === 'replica') return !!effect.readWrite && state.pins.every((pin) => pin === 'a transaction');
  return state.nextTransaction !== undefined && accessOf(classification, session) === 'read';
}

/** What belongs to one server, or reads: it runs where the caller says. */
export const ON_ANY_NODE: ReadonlySet<string> = new Set(['read', 'session', 'admin']);

/** Whether it may read from a replica, or belongs on the primary. */
export function accessOf(
  classification: Classification,
  session: Pick<SessionHost, 'core' | 'state'>,
): 'read' | 'write' {
  const effect = classification.effects[0];
  if (effect?.type === 'begin' && classification.statements === 1) {
    const { nextTransaction, serializable = false } = session.state ?? {};
    return readsOnly(effect, nextTransaction, serializable) ? 'read' : 'write';
  }
  if (classification.access !== 'read' || classification.dependsOn.length > 0) return 'write';
  // After `USE mysql` a bare `user` is the table of one server.
  const schema = session.state?.wanted.schema ?? session.core.database;
  if (schema !== undefined && isServerSchema(schema)) return 'write';
  // Plain reads take locks at SERIALIZABLE.
  return session.state?.serializable ? 'write' : 'read';
}
