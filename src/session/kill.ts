import type { LeaseRequest } from '../cluster/lease-request.js';
import type { LeaseSource } from '../cluster/lease-source.js';
import type { PhysicalConnection } from '../cluster/physical-connection.js';
import { threadsOf } from '../cluster/thread-ids.js';
import { StatementRefusedError } from '../errors.js';
import type { Intent } from '../routing/intent.js';
import type { Classification } from '../sql/classification.js';
import { readsNoTable } from '../sql/tables/tables-of.js';
import type { NodeView, Topology } from '../topology/topology.js';
import { KILL_MS, type KillDone, settleVictim, shutVictim } from './kill-victim.js';
import type { SessionCore } from './session-core.js';
import { shownBy } from './shown-threads.js';
import type { Statement, StatementDone } from './statement.js';
import { isKill } from './traces.js';

/** What a text kills. */
export interface KillTarget {
  /** Only the statement that runs there, not its connection. */
  readonly query: boolean;
  readonly node: string;
  /** The connection, when it is one of this process. */
  readonly victim: PhysicalConnection | undefined;
  /** What is sent instead of the text, where its id is not that of the connection which is meant. */
  readonly sql?: string;
}

/** A text that may kill. */
export interface KillCall {
  /** The node that the caller names. */
  readonly node: string | undefined;
  readonly core: SessionCore;
  /** The text with its values in it. */
  written(): string;
}

/**
 * The node that a KILL is for: ids are counters of each server, so that the same one names a stranger elsewhere.
 *
 * @returns undefined for a text that kills nothing
 * @throws StatementRefusedError when it does not name a connection of this process and no node is named
 */
export function killTarget({ effects, statements }: Classification, call: KillCall): KillTarget | undefined {
  let kill = effects.find(isKill);
  if (kill === undefined) return undefined;
  const { node, core } = call;
  if (kill.id === undefined) kill = core.classifier.classify(call.written()).effects.find(isKill);
  const rest = statements === 1 ? '' : restOf(call);
  const id = rest === undefined ? undefined : kill?.id;
  const query = kill?.query ?? false;
  const meant = id === undefined || node !== undefined ? undefined : meantBy(id, query, core.source);
  if (meant?.sql && rest) return { ...meant, sql: `${meant.sql};${rest}` };
  if (meant !== undefined) return meant;
  const mine = id === undefined ? [] : threadsOf<PhysicalConnection>(id).filter(isIn(core.source));
  if (node !== undefined) return { node, query, victim: mine.find((one) => isAt(one, node)) };
  const [victim, other] = mine;
  if (victim !== undefined && other === undefined) return { node: victim.target.node, query, victim };
  const why = id === undefined ? 'its id cannot be read from the text' : whyNot(id, mine.length);
  throw new StatementRefusedError(`KILL: ${why}; name the server by cluster: { node: 'db-1:3306' }`);
}

// A session that has shown the id is meant by it, whatever runs on the connection by now that once was the session's.
function meantBy(id: number, query: boolean, source: LeaseSource): KillTarget | undefined {
  const session = shownBy(id);
  if (session === undefined) return undefined;
  const victim = session.busy ?? session.leases.find(({ threadId }) => threadId === id) ?? session.leases[0];
  if (victim && isIn(source)(victim)) {
    const { target, threadId } = victim;
    return { node: target.node, query, victim, ...(threadId === id ? {} : { sql: killOf(threadId, query) }) };
  }
  const strangers = threadsOf<PhysicalConnection>(id).filter((one) => one.leased && !session.leases.includes(one));
  const stranger = strangers.find(isIn(source));
  return stranger && { node: stranger.target.node, query: true, victim: undefined, sql: 'DO 0' };
}

// What follows in the same text runs where the KILL runs, whatever that server's role is and however old its rows are: it may
// neither do anything nor ask a table. Undefined when it may.
function restOf({ core: { classifier }, ...call }: KillCall): string | undefined {
  const text = call.written();
  const kill = /^\s*KILL\s+(?:(?:CONNECTION|QUERY)\s+)?\d+\s*;/i.exec(text);
  if (kill === null) return undefined;
  const rest = text.slice(kill[0].length);
  const { access, effects, dependsOn } = classifier.classify(rest);
  if (access !== 'read' || effects.length > 0 || dependsOn.length > 0) return undefined;
  return readsNoTable(rest, classifier.dialect) ? rest : undefined;
}

function whyNot(id: number, found: number): string {
  return found === 0
    ? `no connection of this process to the cluster has the id ${id}`
    : `connections to several nodes have the id ${id}`;
}

/** Whether the statement kills a connection of this process. */
export function killsKnown(statement: Statement, core: SessionCore): boolean {
  return knownTarget(statement, core) !== undefined;
}

function knownTarget(statement: Statement, core: SessionCore): KillTarget | undefined {
  try {
    return killTarget(core.classifier.classify(statement.sql), { node: undefined, core, written: writerOf(statement) });
  } catch {
    return undefined;
  }
}

function writerOf(statement: Statement): KillCall['written'] {
  return () => statement.written?.() ?? statement.sql;
}

/** A KILL on its way, on a connection of its own: above the pool's limit if need be, and none of the session's. */
export class Kill implements LeaseRequest {
  intent: Intent;
  node: NodeView | undefined;
  because = '';
  held = false;
  routedOn: Topology | undefined;
  readonly begunAt: number;
  readonly holdUntil: number;
  readonly freshUntil: number;
  readonly second = true;
  readonly #source: LeaseSource;
  readonly #target: KillTarget;
  readonly #send: (lease: PhysicalConnection, done: StatementDone) => void;
  readonly #settle: StatementDone;
  #aside: PhysicalConnection | undefined;

  constructor(source: LeaseSource, target: KillTarget, way: KillWay) {
    this.#source = source;
    this.#target = target;
    this.#send = way.send;
    this.#settle = way.settle;
    this.intent = { ...source.scope.readIntent(undefined, 'eventual'), node: target.node };
    this.begunAt = source.cluster.clock.now();
    this.holdUntil = this.begunAt + KILL_MS;
    this.freshUntil = this.holdUntil;
  }

  start(): void {
    shutVictim(this.#target);
    this.#source.acquire(this);
  }

  kept(): undefined {
    return undefined;
  }

  onLease(lease: PhysicalConnection): void {
    // Idle in its pool: it cannot kill itself, and nobody else may have it before the answer.
    if (lease === this.#target.victim && this.#aside === undefined) {
      this.#aside = lease;
      return this.#source.acquire(this);
    }
    this.#sendBy(lease, (done) =>
      this.#send(lease, (...answer) => {
        if (!isAnswer(answer[0])) lease.dirty = true;
        this.#source.release(lease);
        done(...answer);
      }),
    );
  }

  /** Sends it by a connection to that node which is none of the source's: none has to be opened for it. */
  startOn(connection: { destroy(): void }, send: (done: StatementDone) => void): void {
    shutVictim(this.#target);
    this.#sendBy(connection, send);
  }

  #sendBy(connection: { destroy(): void }, send: (done: StatementDone) => void): void {
    const timer = this.#source.cluster.clock.after(KILL_MS, () => connection.destroy(), true);
    send((error, result, fields) => {
      timer.cancel();
      const refused = isAnswer(error) ? 'nothing' : 'unknown';
      this.#end(error ? refused : 'killed', [error, result, fields]);
    });
  }

  onPoolError(error: Error): void {
    this.#source.poolFailed(this, error);
  }

  onError(error: Error): void {
    this.#end('nothing', [error]);
  }

  #end(done: KillDone, answer: Parameters<StatementDone>): void {
    const { victim, query } = this.#target;
    if (victim) settleVictim(victim, { query, done, clock: this.#source.cluster.clock });
    if (this.#aside) this.#source.release(this.#aside);
    this.#settle(...answer);
  }
}

/** A statement of a session that may be a KILL. */
export interface KillStatement {
  readonly classification: Classification;
  readonly core: SessionCore;
  /** The node that the caller names. */
  readonly node: string | undefined;
  /** Called at its end, before the caller is told of a success; with an error, to tell. */
  ended(error: Error | null): void;
}

/**
 * Sends the statement to where its victim is, on a connection of its own.
 *
 * @returns false for one that kills nothing
 * @throws StatementRefusedError
 */
export function startKill(statement: Statement, { classification, core, node, ended }: KillStatement): boolean {
  const target = killTarget(classification, { node, core, written: writerOf(statement) });
  if (target === undefined) return false;
  const settle: StatementDone = (error, result, fields) => {
    ended(error);
    if (!error) statement.settle(null, result, fields);
  };
  new Kill(core.source, target, { send: killingBy(statement, target), settle }).start();
  return true;
}

/** A connection of mysql2 that somebody has opened for a KILL. */
export interface Killer {
  readonly host: unknown;
  readonly port: unknown;
  query(sql: string, done: StatementDone): void;
  destroy(): void;
}

/**
 * Sends a KILL by a connection that leads to the server of its victim already, so that none has to be opened in a hurry.
 *
 * @returns false when it leads elsewhere, or the caller wishes for more
 */
export function killBy(killer: Killer, statement: Statement, core: SessionCore): boolean {
  const target = knownTarget(statement, core);
  const at = target?.victim?.target;
  if (!target || at?.host !== killer.host || at?.port !== killer.port || statement.options !== undefined) return false;
  const settle: StatementDone = (...answer) => statement.settle(...answer);
  const kill = new Kill(core.source, target, { send: killingBy(statement, target), settle });
  kill.startOn(killer, (done) => killer.query(target.sql ?? writerOf(statement)(), done));
  return true;
}

/** How a KILL is sent, and who is told. */
export interface KillWay {
  readonly send: (lease: PhysicalConnection, done: StatementDone) => void;
  readonly settle: StatementDone;
}

/** Sends the statement, or what is to be sent instead of it. */
export function killingBy(statement: Pick<Statement, 'send'>, { sql }: KillTarget): KillWay['send'] {
  if (sql === undefined) return (lease, done) => statement.send(lease, done);
  return sending(sql);
}

function sending(sql: string): KillWay['send'] {
  return (killer, done) => void killer.raw.query(sql, done as never);
}

function killOf(threadId: number, query: boolean): string {
  return `KILL ${query ? 'QUERY' : 'CONNECTION'} ${threadId}`;
}

/**
 * Ends the statement that runs on a lease, on the server too. The lease is used again when it has ended; when it does not, the
 * connection is closed.
 */
export function cancelStatement(lease: PhysicalConnection, source: LeaseSource): void {
  const target = { node: lease.target.node, query: true, victim: lease };
  const timer = source.cluster.clock.after(KILL_MS, () => lease.destroy(), true);
  new Kill(source, target, {
    send: sending(killOf(lease.threadId, true)),
    settle: (error) => {
      timer.cancel();
      if (error) lease.destroy(error);
    },
  }).start();
}

/** Ends on its server what ran on a connection that its user has destroyed: the server would go on with it for nobody. */
export function endOnServer({ target, threadId }: PhysicalConnection, source: LeaseSource): void {
  const way = { send: sending(killOf(threadId, false)), settle: () => undefined };
  new Kill(source, { node: target.node, query: false, victim: undefined }, way).start();
}

// The server's own word, or that nothing failed.
function isAnswer(error: Error | null): boolean {
  return !error || !!('sqlState' in error && error.sqlState);
}

function isIn({ cluster }: LeaseSource): (connection: PhysicalConnection) => boolean {
  return ({ target, dead }) => !dead && cluster.topology.nodes.has(target.node);
}

function isAt({ target }: PhysicalConnection, node: string): boolean {
  return target.node === node || target.address === node;
}
