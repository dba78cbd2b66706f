import type { PhysicalConnection } from '../cluster/physical-connection.js';
import type { DriverError } from '../error-facts.js';
import { ClusterClosedError } from '../errors.js';
import type { Classification } from '../sql/classification.js';
import type { NodeId } from '../topology/node-report.js';
import { type AnswerHeader, AUTOCOMMIT, rowsHeaders } from './answer.js';
import { answeringLease, lastAskedOf, mayFindRows, mayGiveId } from './answering-lease.js';
import { Execution } from './execution.js';
import { endOnServer } from './kill.js';
import { moveTransaction } from './move-transaction.js';
import type { PinReason } from './pins.js';
import type { SessionCore, SessionHost } from './session-core.js';
import { LEFT_OPEN, lostSession } from './session-errors.js';
import { SessionState, type Slot } from './session-state.js';
import { showThread } from './shown-threads.js';
import type { Statement } from './statement.js';
import { StatementQueue } from './statement-queue.js';
import { isToldLater, leavesNoTrace, mayChangeUnseen, opensUnasked } from './traces.js';
import { endedBy, type TransactionGuard } from './transaction-guard.js';

/**
 * A logical connection: runs statements one after the other, on at most one lease a role. A pool's `query` is a session of
 * one statement.
 */
export class Session implements SessionHost {
  readonly core: SessionCore;
  readonly keepsLeases: boolean;
  #queue: StatementQueue | undefined;
  #running = false;
  #counted = false;
  #state: SessionState | undefined;
  #primary: PhysicalConnection | undefined;
  #replica: PhysicalConnection | undefined;
  #dead: Error | undefined;
  /** Called when the connection that held the session's state has died. */
  onLost: ((error: Error) => void) | undefined;
  /** Called when a statement is about to run on another lease than the last. */
  onLease: ((lease: PhysicalConnection) => void) | undefined;
  guard: TransactionGuard | undefined;
  #lastLease: PhysicalConnection | undefined;
  #busy: PhysicalConnection | undefined;
  // Of this borrower: what an earlier one did is nobody's answer.
  #lastAnswer: PhysicalConnection | undefined;
  #lastWriter: PhysicalConnection | undefined;
  #lastRows: PhysicalConnection | undefined;
  #whenIdle: (() => void)[] | undefined;
  /** The statement that runs, when its rows are given one by one. */
  streaming: Statement | undefined;

  /** @param keepsLeases whether leases are kept between statements, until {@link Session.release} */
  constructor(core: SessionCore, keepsLeases: boolean) {
    this.core = core;
    this.keepsLeases = keepsLeases;
  }

  get dead(): Error | undefined {
    return this.#dead;
  }

  get state(): SessionState | undefined {
    return this.#state;
  }

  get pins(): readonly PinReason[] {
    return [...(this.#state?.pins ?? []), ...(this.streaming?.delivered ? (['an open result'] as const) : [])];
  }

  /** The lease in use, or used last. */
  get lastLease(): PhysicalConnection | undefined {
    return this.#lastLease;
  }

  /** The lease that a statement runs on now. */
  get busy(): PhysicalConnection | undefined {
    return this.#busy;
  }

  /** Runs `task` when no statement runs or waits. */
  whenIdle(task: () => void): void {
    if (!this.#running) return task();
    this.#whenIdle ??= [];
    this.#whenIdle.push(task);
  }

  /** Runs the statement when those before it have ended. */
  run(statement: Statement): void {
    if (!this.#running) return void this.#start(statement);
    this.#queue ??= new StatementQueue();
    this.#queue.push(statement);
  }

  classify(sql: string): Classification {
    const sqlMode = this.#state?.sqlMode;
    const { classifier } = this.core;
    return sqlMode === undefined ? classifier.classify(sql) : classifier.classifyIn(sqlMode, sql);
  }

  /** The lease kept for a role. */
  lease(slot: Slot): PhysicalConnection | undefined {
    return slot === 'primary' ? this.#primary : this.#replica;
  }

  kept(node: NodeId): PhysicalConnection | undefined {
    if (this.#primary?.target.node === node) return this.#primary.dead ? undefined : this.#primary;
    return this.#replica?.target.node === node && !this.#replica.dead ? this.#replica : undefined;
  }

  answering(classification: Classification, sql: string): PhysicalConnection | undefined {
    const answer = this.#lastAnswer;
    const last = lastAskedOf(classification, { answer, writer: this.#lastWriter, rows: this.#lastRows ?? answer });
    return answeringLease(last, { host: this, classification, sql });
  }

  /** The leases kept. */
  get leases(): readonly PhysicalConnection[] {
    return [this.#primary, this.#replica].filter((lease) => lease !== undefined);
  }

  /** Puts a fresh lease into its slot. */
  hold(lease: PhysicalConnection): void {
    const before = this.lease(lease.target.role);
    if (before && before !== lease) this.drop(before);
    if (lease.target.role === 'primary') this.#primary = lease;
    else this.#replica = lease;
    lease.holder = this;
  }

  /** A statement is about to run on this lease. */
  use(lease: PhysicalConnection): void {
    this.#busy = lease;
    this.#lastAnswer = lease;
    if (this.#lastLease === lease) return;
    this.#lastLease = lease;
    this.onLease?.(lease);
  }

  /** Takes in what a successful statement did, and lets the lease go when nothing binds it. */
  succeeded(lease: PhysicalConnection, classification: Classification, headers: readonly AnswerHeader[]): void {
    // It was asked for its id: whoever did means this session by it.
    if (this.keepsLeases && classification.dependsOn.includes('connection-id')) showThread(lease.threadId, this);
    const answers = headers.length > 0 ? headers : rowsHeaders(lease.rowStatus());
    const slot = lease.target.role;
    if (slot === 'primary' && mayGiveId(classification, headers)) this.#lastWriter = lease;
    if (mayFindRows(classification, headers)) this.#lastRows = lease;
    const steady = this.#state === undefined ? AUTOCOMMIT : this.#state.steadyStatus(slot);
    if (steady !== undefined && leavesNoTrace(classification, answers, steady)) {
      if (steady !== AUTOCOMMIT) this.guard?.succeeded(classification, headers, true);
      return;
    }
    const opened = slot === 'replica' && this.#state?.pinnedTo === undefined && opensUnasked(classification, answers);
    // Its snapshot is of no use to anybody, and the session belongs on the primary.
    lease.dirty ||= opened;
    if (opened) return;
    this.#state ??= new SessionState();
    const { pinnedTo } = this.#state;
    const leases = pinnedTo && pinnedTo !== slot && { to: lease, from: this.lease(pinnedTo) };
    if (leases && !moveTransaction(this.#state, classification, leases)) return;
    if (answers.length === 0) this.#state.apply(classification, undefined, slot);
    for (const header of answers) this.#state.apply(classification, header, slot);
    // The server is closing it: nothing more may be sent there.
    if (this.#state.closes(classification)) lease.destroy();
    lease.replayed = this.#state.wanted;
    this.#count();
    this.guard?.succeeded(classification, headers, this.#state.inTransaction);
  }

  /** The statement has ended: its lease goes back unless it is kept, and the next statement starts. */
  done(lease: PhysicalConnection | undefined): void {
    if (lease && (!this.keepsLeases || lease.dead || lease.dirty || lease.recalled)) this.#letGo(lease);
    this.#running = false;
    this.#busy = undefined;
    if (this.streaming) {
      this.streaming = undefined;
      this.#count();
    }
    for (let next = this.#queue?.next(); next; next = this.#queue?.next()) if (this.#start(next)) return;
    if (this.#whenIdle) for (const task of this.#whenIdle.splice(0)) task();
  }

  // A lease that is only wanted back stays while it holds what the session needs.
  #letGo(lease: PhysicalConnection): void {
    const needed = this.keepsLeases && !lease.dead && !lease.dirty && this.#state?.pinnedTo === lease.target.role;
    if (!needed) this.drop(lease);
  }

  /** Gives one lease back. One that holds what cannot be undone is closed. */
  drop(lease: PhysicalConnection): void {
    if (this.#busy === lease) this.#busy = undefined;
    if (this.#primary === lease) this.#primary = undefined;
    if (this.#replica === lease) this.#replica = undefined;
    // Who asks for the socket shall not think that the session is dead.
    if (lease.dead && this.#lastLease === lease) this.#lastLease = this.#primary ?? this.#replica;
    const state = this.#state;
    if (state?.pinnedTo === lease.target.role) {
      lease.dirty = true;
      // One that runs in a lasting session is closed with it, or gone on with elsewhere.
      const isLeft = !this.#running || !this.keepsLeases;
      if (state.inTransaction && !lease.dead && isLeft)
        this.core.source.cluster.tell('warning', { code: 'TRANSACTION_LEFT_OPEN', message: LEFT_OPEN });
    }
    this.core.source.release(lease);
  }

  /** What the lease's session state is cannot be told any more, or not yet: it is closed when it comes back so. */
  suspect(lease: PhysicalConnection, toldLater = false): void {
    this.#state ??= new SessionState();
    this.#state.suspect(lease.target.role, toldLater);
    this.#count();
  }

  refused(lease: PhysicalConnection, classification: Classification, error: DriverError): void {
    const by = endedBy(error, classification);
    if (by) this.#state?.doubt(by);
    if (!mayChangeUnseen(classification)) return;
    this.suspect(lease, isToldLater(classification, lease.handshake.serverVersion));
  }

  /** The lease that binds the session is lost: nothing more can be done in it. */
  lost(cause: Error): void {
    this.#dead = cause;
    for (const statement of this.#queue?.clear() ?? []) process.nextTick(() => statement.settle(cause as never));
  }

  /** Gives all leases back. Variables and schema stay, for the next user of the same object, as in mysql2. */
  release(): void {
    if (this.#primary) this.drop(this.#primary);
    if (this.#replica) this.drop(this.#replica);
    this.#state?.release();
    this.#count();
    this.#lastAnswer = undefined;
    this.#lastWriter = undefined;
    this.#lastRows = undefined;
    this.#dead = undefined;
  }

  /** Ends the session: nothing runs in it any more. */
  close(error: Error = new ClusterClosedError()): void {
    this.#dead = error;
    for (const lease of this.leases) {
      if (this.#running) lease.destroy(error);
      lease.dirty = true;
      this.drop(lease);
    }
    this.lost(error);
    this.streaming = undefined;
    this.#counted = false;
    this.core.pinned.delete(this);
  }

  /** {@link Session.close}, and ends on the server what runs there. */
  abort(error: Error): void {
    const running = this.#busy?.dead ? undefined : this.#busy;
    this.close(error);
    if (running) endOnServer(running, this.core.source);
  }

  /** Begins anew, on fresh leases and with nothing to replay. */
  reset(): void {
    this.release();
    this.#state = undefined;
  }

  // False when it was refused, and the next one's turn has come.
  #start(statement: Statement): boolean {
    const dead = this.#dead ?? this.guard?.refusal;
    if (dead) process.nextTick(() => statement.settle(dead as never));
    if (dead) return false;
    if (statement.resets) this.reset();
    this.#running = true;
    this.streaming = statement.streams ? statement : undefined;
    if (this.streaming) this.#count();
    new Execution(this, statement).start();
    return true;
  }

  #count(): void {
    const lasts = this.keepsLeases && (this.#counted || this.#state?.pinnedTo !== undefined);
    const counts = lasts || this.streaming !== undefined;
    if (counts === this.#counted) return;
    this.#counted = counts;
    if (counts) this.core.pinned.add(this);
    else this.core.pinned.delete(this);
  }

  /** Its node is to be left. What runs on it, or binds the session to it, ends first. */
  leaseRecalled(lease: PhysicalConnection): void {
    if (!this.#running) this.#letGo(lease);
  }

  /** A lease died. When nothing ran on it and nothing binds the session to it, the session goes on with another. */
  leaseDied(lease: PhysicalConnection, error: Error): void {
    if (this.#running) return;
    const pins = this.#state?.pinnedTo === lease.target.role ? this.#state.pins : [];
    this.drop(lease);
    if (pins.length === 0) return;
    this.lost(lostSession(pins, error));
    this.onLost?.(error);
  }
}
