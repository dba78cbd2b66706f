import type { LeaseRequest } from '../cluster/lease-request.js';
import { lostError, type PhysicalConnection } from '../cluster/physical-connection.js';
import type { ReplayedState } from '../cluster/replayed-state.js';
import { forgetFunctions } from '../cluster/routine-catalog.js';
import { type DriverError, type ErrorFacts, readError } from '../error-facts.js';
import { ClusterError } from '../errors.js';
import type { StatementClusterOptions } from '../options.js';
import type { Intent } from '../routing/intent.js';
import type { Classification } from '../sql/classification.js';
import type { NodeId } from '../topology/node-report.js';
import { tracksItsSamples } from '../topology/samples.js';
import type { NodeView, Topology } from '../topology/topology.js';
import { gtidsOf, headersOf } from './answer.js';
import { changesFunctions } from './function-changes.js';
import { intentOf, OPAQUE, refuseTracking } from './intent-of.js';
import { replay, wantedBefore } from './replay.js';
import { decideRetry, type RetryDecision } from './retry.js';
import type { SessionHost } from './session-core.js';
import { lostSession, type ThrownAs, thrownAs } from './session-errors.js';
import { type AnswerHeader, type PinReason, SessionState } from './session-state.js';
import type { Statement, StatementDone } from './statement.js';
import type { StatementRules } from './statement-rules.js';
import { wishOf } from './wish.js';

const NOTHING = new SessionState();

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

  constructor(session: SessionHost, statement: Statement) {
    this.#session = session;
    this.#statement = statement;
  }

  get second(): boolean {
    return this.#session.lease('primary') !== undefined || this.#session.lease('replica') !== undefined;
  }

  kept(node: NodeId): PhysicalConnection | undefined {
    const primary = this.#session.lease('primary');
    if (primary?.target.node === node) return primary.dead ? undefined : primary;
    const replica = this.#session.lease('replica');
    return replica?.target.node === node && !replica.dead ? replica : undefined;
  }

  start(): void {
    const { core, state } = this.#session;
    const now = core.source.cluster.clock.now();
    this.#classification = this.#statement.opaque ? OPAQUE : this.#session.classify(this.#statement.sql);
    this.begunAt = now;
    this.holdUntil = now + core.settings.failover.holdMs;
    this.freshUntil = now + (this.#statement.options?.waitMs ?? core.settings.consistencyWaitMs);
    const pinned = state?.pinnedTo;
    try {
      refuseTracking(this.#classification);
      const options =
        core.rules === undefined || this.#statement.wordless ? this.#statement.options : this.#wish(core.rules);
      if (pinned !== undefined) return this.#runPinned(this.#session.lease(pinned));
      this.intent = intentOf(this.#classification, options, this.#session);
    } catch (error) {
      return this.onError(error as Error);
    }
    this.#search(now);
  }

  #wish(rules: StatementRules): StatementClusterOptions | undefined {
    const { sql, options } = this.#statement;
    const told = rules.of(sql, this.#session.state?.wanted.schema);
    if (told.rule?.route === 'error') rules.count(told.rule);
    const wish = wishOf(told, options, { classification: this.#classification, session: this.#session });
    if (wish.rule) rules.count(wish.rule);
    return wish.options;
  }

  onLease(lease: PhysicalConnection, now: number): void {
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
    this.#session.core.source.poolFailed(this, error);
  }

  onError(error: Error): void {
    this.#end(undefined, error);
  }

  // A lease that the session kept is used again while it is fit; another replica's goes back first.
  #search(now: number): void {
    const { source } = this.#session.core;
    const kept = this.#session.lease(this.intent.access === 'read' ? 'replica' : 'primary');
    if (kept && this.intent.node === undefined && source.stillFit(kept, this)) return this.#prepare(kept, now);
    if (kept) this.#session.drop(kept);
    source.acquire(this, now);
  }

  #runPinned(lease: PhysicalConnection | undefined): void {
    const { source } = this.#session.core;
    if (lease && source.isDeposed(lease)) lease.destroy(lostError('Connection lost: another node is the primary now'));
    if (lease && !lease.dead) return this.#run(lease);
    const error = lostSession(this.#session.state?.pins ?? [], lease?.dead);
    this.#session.lost(error);
    this.#end(lease, error);
  }

  // Brings the lease to the session's variables and schema.
  #prepare(lease: PhysicalConnection, now: number): void {
    const wanted = wantedBefore(this.#classification, (this.#session.state ?? NOTHING).wanted, lease.replayed);
    if (lease.replayed.fingerprint === wanted.fingerprint) return this.#run(lease, now);
    const { database } = this.#session.core;
    const statements = replay(lease.replayed, wanted, { database, customized: lease.customized });
    if (statements === undefined) {
      lease.dirty = true;
      this.#session.drop(lease);
      return this.#session.core.source.acquire(this);
    }
    this.#replay(lease, statements, wanted);
  }

  #replay(lease: PhysicalConnection, statements: readonly string[], wanted: ReplayedState): void {
    const [first, ...rest] = statements;
    if (first === undefined) {
      lease.replayed = wanted;
      return this.#run(lease);
    }
    lease.raw.query(first, (error) => {
      if (!error) return this.#replay(lease, rest, wanted);
      lease.dirty = true; // half of it may have been set
      this.#failed(lease, error, false);
    });
  }

  #run(lease: PhysicalConnection, now: number = this.#session.core.source.cluster.clock.now()): void {
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
      lease.traffic.end(ended - this.#sentAt, error !== null, ended);
      if (error) this.#failed(lease, error, true);
      else {
        this.#succeeded(lease, headersOf(result, fields), ended);
        this.#statement.settle(null, result, fields);
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

  #succeeded(lease: PhysicalConnection, headers: readonly AnswerHeader[], now: number): void {
    this.#session.succeeded(lease, this.#classification, headers);
    this.#remember(lease, headers);
    this.#session.done(lease, now);
  }

  // Everything that could have written counts for the reads that follow, also when it brought no GTID.
  #remember({ target }: PhysicalConnection, headers: readonly AnswerHeader[]): void {
    if (headers.length === 0 && this.#classification.access === 'read') return;
    const { source } = this.#session.core;
    const counts = tracksItsSamples(source.cluster.topology.nodes.get(target.node));
    let told = false;
    for (const { stateChanges } of headers) {
      const gtids = stateChanges === undefined || !counts ? [] : gtidsOf(stateChanges);
      if (gtids.length === 0) continue;
      told = true;
      source.scope.add(gtids);
    }
    if (!told && !this.#session.state?.inTransaction) this.#rememberUntold();
  }

  #rememberUntold(): void {
    const { access, functions, kind, effects } = this.#classification;
    if (kind === 'empty') return;
    const commits = !this.#session.core.source.hasGtids && effects.some((effect) => effect.type === 'commit');
    const wrote = access === 'write' || access === 'locking-read' || access === 'unknown' || functions.length > 0;
    if (wrote || commits) this.#addUnknown();
  }

  #addUnknown(): void {
    this.#session.core.source.scope.addUnknown();
  }

  // An error brings no report of the session: what ran before it may have opened a transaction, or set something.
  #suspect(lease: PhysicalConnection): void {
    const { statements, kind, access, functions, effects } = this.#classification;
    const untold = effects.some(({ type }) => type === 'set-user-variable' || type === 'user-lock');
    const several = statements > 1 || kind === 'call' || kind === 'execute';
    if (several || access === 'unknown' || functions.length > 0 || untold) this.#session.suspect(lease);
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
      enabled: this.#session.core.settings.failover.retry,
    });
    if (facts.sent && facts.usable) this.#suspect(lease);
    if (decision.action === 'throw' && decision.as === 'outcome-unknown') this.#addUnknown();
    else if (facts.sent && decision.action === 'throw' && pins.length === 0) this.#rememberUntold();
    if (decision.action === 'again' && this.#session.core.source.cluster.clock.now() < this.holdUntil) {
      this.#again(lease, decision);
    } else this.#giveUp(lease, error, decision);
  }

  #again(lease: PhysicalConnection, decision: RetryDecision & { action: 'again' }): void {
    const { source } = this.#session.core;
    source.totals.retried++;
    if (decision.misrouted) {
      source.totals.misrouted++;
      this.#session.core.classifier.learn(this.#statement.sql, lease.target.address);
      forgetFunctions();
      source.cluster.tell('misrouted', {
        sql: this.#statement.sql,
        node: lease.target.node,
        because: 'the replica refused it as a write',
      });
    }
    this.#session.drop(lease);
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
    const thrown = this.#thrown(as, error);
    const pinnedHere = this.#session.state?.pinnedTo === lease.target.role;
    if (as !== 'driver') lease.destroy(error);
    if (pinnedHere && lease.dead) this.#session.lost(thrown instanceof ClusterError ? thrown : error);
    this.#end(lease, thrown);
  }

  #thrown(as: ThrownAs, error: DriverError): Error {
    return thrownAs(as, error, { sql: this.#statement.sql, pins: this.#session.state?.pins ?? [] });
  }

  // On a tick of its own: what the caller's callback throws must not break off the loop or the packet that brought the error.
  #end(lease: PhysicalConnection | undefined, error: Error): void {
    process.nextTick(() => {
      this.#session.done(lease);
      this.#statement.settle(error as DriverError);
    });
  }
}
