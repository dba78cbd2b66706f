import type { LeaseRequest } from '../cluster/lease-request.js';
import { lostError, type PhysicalConnection } from '../cluster/physical-connection.js';
import { NOTHING_REPLAYED } from '../cluster/replayed-state.js';
import { forgetFunctions } from '../cluster/routine-catalog.js';
import { type DriverError, type ErrorFacts, readError } from '../error-facts.js';
import { ClusterError } from '../errors.js';
import type { Intent } from '../routing/intent.js';
import type { Classification } from '../sql/classification.js';
import type { NodeId } from '../topology/node-report.js';
import type { NodeView, Topology } from '../topology/topology.js';
import { type AnswerHeader, headersOf } from './answer.js';
import { askReport } from './ask-report.js';
import { bringLease } from './bring-lease.js';
import { type Cancellation, watchSignal } from './cancellation.js';
import { changesFunctions } from './function-changes.js';
import { beginsElsewhere, intentFor, mayLeave, OPAQUE, refuseUnfit } from './intent-of.js';
import { cancelStatement, startKill } from './kill.js';
import { learnMisrouted } from './misrouted.js';
import { type NextTransaction, sayAgain } from './next-transaction.js';
import { rememberUntold, rememberWrites } from './own-writes.js';
import type { PinReason } from './pins.js';
import { replay, wantedBefore } from './replay.js';
import { decideRetry, type RetryDecision } from './retry.js';
import type { SessionHost } from './session-core.js';
import { lostSession, thrownAs } from './session-errors.js';
import type { Statement, StatementDone } from './statement.js';
import { blursReport, kills, mayChangeUnseen, writesNothing } from './traces.js';
import { wishFor } from './wish.js';

/** One statement on its way through a session: route, lease, replay, run, take in the answer, or try again. */
export class Execution implements LeaseRequest {
  intent!: Intent;
  node: NodeView | undefined;
  because = '';
  held = false;
  routedOn: Topology | undefined;
  begunAt = 0;
  holdUntil = 0;
  freshUntil = 0;
  readonly #session: SessionHost;
  readonly #statement: Statement;
  #classification!: Classification;
  #sentAt = 0;
  #sent = 0;
  #cancellation: Cancellation | undefined;
  /** To be said again on a replica, before the transaction begins there. */
  #next: NextTransaction | undefined;

  constructor(session: SessionHost, statement: Statement) {
    this.#session = session;
    this.#statement = statement;
  }

  get second(): boolean {
    return this.#session.lease('primary') !== undefined || this.#session.lease('replica') !== undefined;
  }

  kept(node: NodeId): PhysicalConnection | undefined {
    return this.#cancellation?.gaveUp ? undefined : this.#session.kept(node);
  }

  start(): void {
    const { core, state } = this.#session;
    const now = core.source.cluster.clock.now();
    this.#classification = this.#statement.opaque ? OPAQUE : this.#session.classify(this.#statement.sql);
    this.begunAt = now;
    this.holdUntil = now + core.settings.failover.holdMs;
    this.freshUntil = now + (this.#statement.options?.waitMs ?? core.settings.consistencyWaitMs);
    const pinned = state?.pinnedTo;
    let asked: PhysicalConnection | undefined;
    try {
      refuseUnfit(this.#classification, this.#session);
      const routed = { classification: this.#classification, session: this.#session };
      const options = core.rules === undefined ? this.#statement.options : wishFor(core.rules, this.#statement, routed);
      if (kills(this.#classification) && this.#kill(options?.node)) return;
      if (options?.signal)
        this.#cancellation = watchSignal(options, {
          statement: this.#statement,
          source: core.source,
          giveUp: (reason) => this.#end(undefined, reason),
        });
      if (this.#classification.dependsOn.length > 0)
        asked = this.#session.answering(this.#classification, this.#statement.sql);
      const bound = pinned && this.#session.lease(pinned);
      if (bound && !core.source.isDeposed(bound) && beginsElsewhere(this.#classification, this.#session))
        this.#next = state?.nextTransaction;
      else if (pinned !== undefined && asked === undefined) return this.#runPinned(bound, now);
      this.intent = intentFor(this.#statement, options, routed);
    } catch (error) {
      return this.onError(error as Error);
    }
    this.#search(now, asked);
  }

  onLease(lease: PhysicalConnection, now: number): void {
    if (this.#cancellation?.gaveUp) return this.#session.core.source.release(lease);
    if (this.#session.dead) {
      this.#session.drop(lease);
      return this.#end(undefined, this.#session.dead);
    }
    if (!this.#session.core.source.confirms(lease, this)) {
      this.#session.drop(lease);
      return this.#session.core.source.acquire(this);
    }
    this.#session.hold(lease);
    this.#prepare(lease, now);
  }

  onPoolError(error: Error): void {
    if (!this.#cancellation?.gaveUp) this.#session.core.source.poolFailed(this, error);
  }

  onError(error: Error): void {
    if (!this.#cancellation?.gaveUp) this.#end(undefined, error);
  }

  #kill(node: string | undefined): boolean {
    const ended = (error: Error | null): void => (error ? this.#end(undefined, error) : this.#session.done(undefined));
    return startKill(this.#statement, { classification: this.#classification, node, core: this.#session.core, ended });
  }

  // A lease that the session kept is used again while it is fit; another replica's goes back first.
  #search(now: number, asked: PhysicalConnection | undefined): void {
    const { source } = this.#session.core;
    if (asked) return this.#prepare(asked, now);
    const kept = this.#session.lease(this.intent.access === 'read' ? 'replica' : 'primary');
    if (kept && this.intent.node === undefined && source.stillFit(kept, this)) return this.#prepare(kept, now);
    if (kept) this.#session.drop(kept);
    source.acquire(this, now);
  }

  #runPinned(lease: PhysicalConnection | undefined, now: number): void {
    this.#cancellation?.hold();
    const { source } = this.#session.core;
    if (lease && source.isDeposed(lease)) lease.destroy(lostError('Connection lost: another node is the primary now'));
    if (lease && !lease.dead) {
      if (lease.kills.isShut) return lease.kills.pass(() => this.#runPinned(lease, source.cluster.clock.now()));
      if (!this.#session.state?.suspected || !blursReport(this.#classification)) return this.#run(lease, now);
      return askReport(lease, this.#session, (error) => (error ? this.#failed(lease, error, false) : this.#run(lease)));
    }
    const error = lostSession(this.#session.state?.pins ?? [], lease?.dead);
    this.#session.lost(error);
    this.#end(lease, error);
  }

  // Brings the lease to the session's variables and schema.
  #prepare(lease: PhysicalConnection, now: number): void {
    this.#cancellation?.hold();
    if (lease.kills.isShut) return lease.kills.pass(() => this.#prepare(lease, now));
    const wanted = wantedBefore(this.#classification, this.#session.state?.wanted ?? NOTHING_REPLAYED, lease.replayed);
    const again = this.#next && lease.target.role === 'replica' ? [sayAgain(this.#next)] : [];
    if (lease.replayed.fingerprint === wanted.fingerprint && again.length === 0) return this.#run(lease, now);
    const { database } = this.#session.core;
    const statements = replay(lease.replayed, wanted, { database, ...lease.fresh });
    if (statements === undefined) {
      lease.dirty = true;
      this.#session.drop(lease);
      this.#cancellation?.search();
      return this.#session.core.source.acquire(this);
    }
    bringLease(lease, { statements: [...statements, ...again], wanted }, (error) => {
      if (error) return this.#failed(lease, error, false);
      lease.dirty = again.length > 0; // until the transaction has begun
      this.#run(lease);
    });
  }

  #run(lease: PhysicalConnection, now: number = this.#session.core.source.cluster.clock.now()): void {
    const unwanted = this.#cancellation?.reason;
    if (unwanted) return this.#end(lease, unwanted);
    this.#cancellation?.send(lease);
    this.#session.use(lease);
    this.#sent++;
    this.#sentAt = now;
    lease.traffic.begin(this.#classification.access === 'read' ? 'read' : 'write');
    let told = false;
    const done: StatementDone = (error, result, fields) => {
      // mysql2 tells of one loss twice when a statement is being prepared.
      if (told) return;
      told = true;
      if (changesFunctions(this.#statement.sql, this.#classification)) forgetFunctions();
      const ended = this.#session.core.source.cluster.clock.now();
      lease.lastUsedAt = ended;
      lease.traffic.end(ended - this.#sentAt, !!error, ended);
      if (error?.code === 'PROTOCOL_SEQUENCE_TIMEOUT') this.#timedOut(lease, error);
      // With an answer beside it, an error is mysql2's own: a local file that could not be read to its end.
      else if (error && result === undefined) this.#failed(lease, error, true);
      else {
        this.#succeeded(lease, headersOf(result, fields));
        this.#tell(error, result, fields);
      }
    };
    try {
      this.#statement.send(lease, done);
    } catch (error) {
      if (told) throw error;
      told = true;
      // A value that cannot be sent: nothing was.
      lease.traffic.end(0, true, this.#sentAt);
      this.#end(lease, error as Error);
    }
  }

  #succeeded(lease: PhysicalConnection, headers: readonly AnswerHeader[]): void {
    this.#session.succeeded(lease, this.#classification, headers);
    this.#cancellation?.end();
    rememberWrites(this.#session.core.source, this.#classification, {
      lease,
      headers,
      inTransaction: this.#session.state?.inTransaction ?? false,
    });
    this.#session.done(lease);
  }

  // A SLEEP() that KILL ends gives a row; of rows that nobody wants any more the answer is nobody's.
  #tell(error: DriverError | null, result: unknown, fields: unknown): void {
    const unwanted = writesNothing(this.#classification) ? this.#cancellation?.reason : undefined;
    if (unwanted && !this.#statement.delivered) this.#statement.settle(unwanted as DriverError);
    else this.#statement.settle(error, result, fields);
  }

  #failed(lease: PhysicalConnection, error: DriverError, sent: boolean): void {
    const facts: ErrorFacts = sent ? readError(error, 'statement') : { ...readError(error, 'statement'), sent: false };
    if (!facts.usable && !lease.dead) lease.destroy(error);
    this.#session.core.source.cluster.report(facts);
    if (facts.gone || error.code === 'PROTOCOL_SEQUENCE_TIMEOUT') lease.traffic.fail();
    if (this.#session.dead) return this.#end(lease, this.#session.dead);
    const pins: readonly PinReason[] =
      this.#session.state?.pinnedTo === lease.target.role ? this.#session.state.pins : [];
    const decision = decideRetry({
      facts,
      classification: this.#classification,
      slot: lease.target.role,
      pins,
      sent: this.#sent,
      delivered: this.#statement.delivered,
      enabled: this.#session.core.settings.failover.retry && !lease.kills.endsAll,
      primaryServes: this.#session.core.source.primaryServes && mayLeave(this.intent),
    });
    const now = this.#session.core.source.cluster.clock.now();
    const again = decision.action === 'again' && !this.#cancellation?.reason && now < this.holdUntil;
    if (facts.sent && facts.usable && !again) this.#session.refused(lease, this.#classification, error);
    if (decision.action === 'throw' && decision.as === 'outcome-unknown') this.#session.core.source.scope.addUnknown();
    else if (facts.sent && decision.action === 'throw' && pins.length === 0) {
      rememberUntold(this.#session.core.source, this.#classification);
    }
    if (again) this.#again(lease, decision);
    else this.#giveUp(lease, error, decision);
  }

  // mysql2 has given up waiting; the server has not given up working.
  #timedOut(lease: PhysicalConnection, error: DriverError): void {
    if (this.#classification.access !== 'read') {
      this.#session.suspect(lease);
      rememberUntold(this.#session.core.source, this.#classification);
    }
    this.#session.guard?.failed(error, this.#classification);
    cancelStatement(lease, this.#session.core.source);
    this.#end(lease, error);
  }

  #again(lease: PhysicalConnection, decision: RetryDecision & { action: 'again' }): void {
    const { source } = this.#session.core;
    source.totals.retried++;
    if (decision.misrouted) learnMisrouted(this.#session.core, this.#statement.sql, lease);
    lease.dirty ||= mayChangeUnseen(this.#classification);
    this.#session.drop(lease);
    this.#cancellation?.search();
    const { access, tried } = this.intent;
    const elsewhere = decision.where === 'elsewhere';
    this.intent = {
      ...this.intent,
      access: elsewhere ? access : 'write',
      tried: elsewhere ? [...tried, lease.target.node] : tried,
    };
    // The probe that was asked for is about to tell of the primary: all its other connections may be lost as well.
    if (elsewhere && lease.target.role === 'replica') source.acquire(this);
    else source.retryOnPrimary(this, lease.target.node);
  }

  #giveUp(lease: PhysicalConnection, error: DriverError, decision: RetryDecision): void {
    const as = decision.action === 'throw' ? decision.as : 'driver';
    const cause = as === 'driver' ? (this.#cancellation?.errorFor(error) ?? error) : error;
    const thrown = thrownAs(as, cause, { sql: this.#statement.sql, pins: this.#session.state?.pins ?? [] });
    this.#session.guard?.failed(thrown, this.#classification);
    const pinnedHere = this.#session.state?.pinnedTo === lease.target.role;
    if (as !== 'driver' && as !== 'read-only-transaction') lease.destroy(error);
    if (pinnedHere && lease.dead) this.#session.lost(thrown instanceof ClusterError ? thrown : error);
    this.#end(lease, thrown);
  }

  // On a tick of its own: what the caller's callback throws must not break off the loop or the packet that brought the error.
  #end(lease: PhysicalConnection | undefined, error: Error): void {
    this.#cancellation?.end();
    process.nextTick(() => {
      this.#session.done(lease);
      this.#statement.settle(error as DriverError);
    });
  }
}
