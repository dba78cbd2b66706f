import { type DriverError, readError } from '../error-facts.js';
import { ClusterClosedError, ClusterError, FailoverTimeoutError, NoNodeAvailableError } from '../errors.js';
import { GtidSet } from '../gtid/gtid-set.js';
import { Watermark } from '../gtid/watermark.js';
import type { Consistency, Settings } from '../options.js';
import { explainRoute, type RouteContext, type RouteExplanation, route } from '../routing/choose.js';
import { whyUnfit } from '../routing/filters.js';
import type { Intent } from '../routing/intent.js';
import type { FailRoute, WaitRoute } from '../routing/route.js';
import type { NodeId } from '../topology/node-report.js';
import type { NodeView, Sample, Topology } from '../topology/topology.js';
import type { Cluster, TopologyObserver } from './cluster.js';
import type { NodePool } from './node-pool.js';
import { NodePools } from './node-pools.js';
import type { NodeTraffic } from './node-traffic.js';
import type { ConnectionSettings, PhysicalConnection } from './physical-connection.js';
import { policyOf } from './routing-policy.js';
import { WaitQueue } from './wait-queue.js';

/** A statement in search of a connection. The source changes `intent` and `node` as the search goes on. */
export interface LeaseRequest {
  intent: Intent;
  /** The node that was chosen last. */
  node: NodeView | undefined;
  because: string;
  /** It has waited for a primary. */
  held: boolean;
  /** The topology that the choice was made on. */
  routedOn: Topology | undefined;
  /** Clock ms until which it may wait for a primary, or for any node at all. */
  readonly holdUntil: number;
  /** Clock ms until which a read may wait for freshness. */
  readonly freshUntil: number;
  /** Its session holds another lease already. */
  readonly second: boolean;
  /** The lease that its session keeps on this node. */
  kept(node: NodeId): PhysicalConnection | undefined;
  onLease(lease: PhysicalConnection, now: number): void;
  onPoolError(error: Error): void;
  onError(error: Error): void;
}

/** Finds connections for statements: routes, waits, borrows. One for each pool, on a cluster that may be shared. */
export class LeaseSource implements TopologyObserver {
  readonly cluster: Cluster;
  /** What the reads of this pool must be able to see. */
  readonly scope = new Watermark();
  /** The intent of a write without further wishes. */
  readonly writeIntent: Intent;
  readonly #settings: Settings;
  readonly #pools: NodePools;
  readonly #held: WaitQueue;
  readonly #fresh: WaitQueue;
  readonly #context: { -readonly [K in keyof RouteContext]: RouteContext[K] };
  /** Called with each new connection of mysql2, before it is used: what is queued on it then becomes its base state. */
  onConnection: ((raw: PhysicalConnection['raw']) => void) | undefined;
  #topology: Topology;
  #readIntent: Intent;
  #closed = false;

  constructor(cluster: Cluster, connection: ConnectionSettings, settings: Settings) {
    this.cluster = cluster;
    this.#settings = settings;
    this.#pools = new NodePools({
      connection,
      settings: settings.pool,
      clock: cluster.clock,
      topology: () => this.#topology,
      onConnection: (raw) => this.onConnection?.(raw),
    });
    this.#held = new WaitQueue(cluster.clock);
    this.#fresh = new WaitQueue(cluster.clock);
    this.#topology = cluster.topology;
    this.#context = { loads: this.#pools.loads, now: 0, random: Math.random, turn: 0, policy: policyOf(settings) };
    this.#readIntent = Object.freeze({ ...PLAIN_READ, maxLagMs: settings.maxLagMs });
    this.writeIntent = Object.freeze({ ...this.#readIntent, access: 'write' as const });
    cluster.watch(this);
    this.#pools.reconcile(this.#topology);
  }

  /** Statements that wait for a primary, or for any node. */
  get held(): number {
    return this.#held.size;
  }

  /** Counted since the beginning: statements that were held, that were run again, and that a replica refused as writes. */
  readonly totals = { held: 0, retried: 0, misrouted: 0 };

  traffic(node: NodeId): NodeTraffic {
    return this.#pools.traffic(node);
  }

  pool(node: NodeId): NodePool | undefined {
    return this.#pools.get(node);
  }

  /** The intent of a read: the same object while the watermark is unchanged. */
  readIntent(maxLagMs?: number, consistency: Consistency = this.#settings.consistency): Intent {
    const need = consistency === 'eventual' ? undefined : this.scope.need;
    if (need !== this.#readIntent.need) this.#readIntent = Object.freeze({ ...this.#readIntent, need });
    // Until a sample of the primary tells what such a write did, reads follow it to the primary.
    if (need?.unknownSince !== undefined) this.cluster.sample([]);
    return maxLagMs === undefined ? this.#readIntent : { ...this.#readIntent, maxLagMs };
  }

  /** Finds a lease: `onLease`, `onPoolError` (see {@link LeaseSource.poolFailed}) or `onError` is called, once. */
  acquire(request: LeaseRequest, now: number = this.cluster.clock.now()): void {
    if (this.#closed) return request.onError(new ClusterClosedError());
    const context = this.#at(now);
    this.cluster.pace.used(now);
    const answer = route(this.#topology, request.intent, context);
    request.because = answer.because;
    request.routedOn = this.#topology;
    if (answer.type === 'use') this.#borrow(request, answer.node);
    else if (answer.type === 'wait') this.#wait(request, answer);
    else request.onError(this.#refusal(answer));
  }

  /** What {@link LeaseSource.acquire} would do, with the reason for each node. Runs nothing. */
  explain(intent: Intent): RouteExplanation {
    return explainRoute(this.#topology, intent, this.#at(this.cluster.clock.now()));
  }

  /** The pool gave an error instead of a lease: nothing was sent, so the search goes on where that makes sense. */
  poolFailed(request: LeaseRequest, error: Error): void {
    const { node } = request;
    if (error instanceof ClusterError && error.code === 'POOL_TIMEOUT') return request.onError(error);
    const facts = readError(error as DriverError, 'connect');
    this.cluster.report(facts);
    if (node) this.traffic(node.id).blockedUntil = this.#pools.get(node.id)?.blockedUntil ?? 0;
    if (this.#closed) return request.onError(new ClusterClosedError());
    if (!node || this.cluster.clock.now() >= request.holdUntil) return request.onError(error);
    if (facts.denied || facts.full) {
      // The account is wrong everywhere or just there: another node may do for a read, nothing else for a write.
      if (request.intent.access === 'write' || request.intent.tried.includes(node.id)) return request.onError(error);
    }
    if (request.intent.access === 'read')
      request.intent = { ...request.intent, tried: [...request.intent.tried, node.id] };
    if (request.intent.access === 'write' || request.intent.node !== undefined) this.#hold(request, error);
    else this.acquire(request);
  }

  /** Whether a lease that a session holds may still serve this intent. */
  stillFit(lease: PhysicalConnection, intent: Intent): boolean {
    const { node, role } = lease.target;
    const topology = this.#topology;
    if (lease.dead || this.#pools.role(node) !== role) return false;
    if (role === 'primary') return topology.primary?.id === node;
    const view = topology.nodes.get(node);
    return (
      view !== undefined &&
      whyUnfit(view, { topology, intent, context: this.#at(this.cluster.clock.now()) }) === undefined
    );
  }

  /** Whether a lease that was just borrowed still serves: the search may have waited, and the topology changed. */
  confirms(lease: PhysicalConnection, request: LeaseRequest): boolean {
    const named = request.intent.node !== undefined;
    return request.routedOn === this.#topology || named || this.stillFit(lease, request.intent);
  }

  /** A node refused or lost a statement that belongs on the primary, and did not run it: it waits for the topology. */
  retryOnPrimary(request: LeaseRequest, node: NodeId): void {
    const { primary } = this.#topology;
    if (primary && primary.id !== node) this.acquire(request);
    else this.#hold(request, undefined);
  }

  release(lease: PhysicalConnection, now?: number): void {
    lease.home?.release(lease, now);
  }

  onTopology(topology: Topology): void {
    const previous = this.#topology;
    this.#topology = topology;
    for (const [id, traffic] of this.#pools.loads) traffic.arrivalMs = this.cluster.arrivalMs(id);
    if (topology.version !== previous.version) {
      this.#pools.reconcile(topology);
      this.#held.flush();
    }
    if (topology.generation !== previous.generation) this.#dropLost(topology);
    this.#tidyScope(topology);
    this.#fresh.flush();
  }

  /** Takes nothing new, waits for what runs (at most `timeoutMs`), closes. */
  async close(timeoutMs: number): Promise<void> {
    this.#closed = true;
    this.cluster.unwatch(this);
    this.#held.flush();
    this.#fresh.flush();
    await this.#pools.drain(new ClusterClosedError(), timeoutMs);
  }

  #at(now: number): RouteContext {
    const context = this.#context;
    context.now = now;
    context.turn++;
    return context;
  }

  #borrow(request: LeaseRequest, node: NodeView): void {
    request.node = node;
    const kept = request.kept(node.id);
    if (kept) return request.onLease(kept, this.#context.now);
    const pool = this.#pools.get(node.id);
    if (!pool || pool.blockedUntil > this.#context.now) return this.#hold(request, undefined);
    pool.acquire(request, request.second);
  }

  #wait(request: LeaseRequest, answer: WaitRoute): void {
    if (answer.for === 'primary' || this.#topology.nodes.size === 0) return this.#hold(request, undefined);
    const { need } = request.intent;
    if (answer.for === 'sample') this.cluster.sample(answer.nodes);
    else if (answer.for === 'gtids' && need) this.cluster.follow(answer.nodes, need.gtids);
    this.#fresh.add({
      until: request.freshUntil,
      retry: () => this.acquire(request),
      expire: () => {
        request.intent = { ...request.intent, waited: true };
        this.acquire(request);
      },
    });
  }

  #hold(request: LeaseRequest, cause: Error | undefined): void {
    const { unreachable } = this.cluster;
    if (unreachable) return this.#giveUp(request, unreachable);
    const { maxHeld, holdMs } = this.#settings.failover;
    if (this.#held.size >= maxHeld) {
      return request.onError(
        new FailoverTimeoutError(`${maxHeld} statements (failover.maxHeld) wait for a primary already`, cause),
      );
    }
    if (!request.held) this.totals.held++;
    request.held = true;
    this.#held.add({
      until: request.holdUntil,
      retry: () => this.acquire(request),
      expire: () => {
        const why = `${this.#topology.because || request.because}; waited failover.holdMs (${holdMs} ms)`;
        request.onError(new FailoverTimeoutError(why, cause ?? [...this.cluster.errors.values()].at(-1)));
      },
    });
  }

  // No node ever answered: mysql2 would say why at once, and so do we; the next statement tries again.
  #giveUp(request: LeaseRequest, error: Error): void {
    this.cluster.probeAll();
    request.onError(error);
  }

  #refusal(answer: FailRoute): NoNodeAvailableError {
    const reasons: Record<string, string> = {};
    for (const [id, reason] of answer.reasons) reasons[this.#topology.nodes.get(id)?.address ?? id] = reason;
    for (const [address, error] of this.cluster.errors) reasons[address] ??= error.message;
    return new NoNodeAvailableError(answer.because, reasons);
  }

  // Without GTIDs a replica that serves has everything that is older than `maxLagMs`.
  #withoutGtids(topology: Topology): Pick<Sample, 'sentAt' | 'executed'> | undefined {
    const report = topology.primary?.lastReport;
    if (report === undefined || report.executed !== undefined) return undefined;
    return { sentAt: report.sentAt - this.#settings.maxLagMs, executed: GtidSet.empty };
  }

  // GTIDs that a new primary does not have are gone: nobody could ever wait for them.
  #dropLost(topology: Topology): void {
    const sample = topology.samples.at(-1);
    const lost = sample && this.scope.drop(sample.executed);
    if (!lost || lost.isEmpty) return;
    const message = `writes acknowledged through this pool are missing on the new primary: ${lost.toString()}`;
    this.cluster.events.emit('warning', { code: 'WRITES_LOST', message });
  }

  #tidyScope(topology: Topology): void {
    const { scope } = this;
    if (scope.need === undefined) return;
    const sample = topology.samples.at(-1) ?? this.#withoutGtids(topology);
    if (sample) {
      scope.settle(sample);
      scope.compact(sample);
    }
    const { replicas } = topology;
    if (scope.need === undefined || replicas.length === 0) return;
    scope.prune(replicas.reduce((have, { executed = GtidSet.empty }) => have.intersect(executed), scope.need.gtids));
  }
}

const PLAIN_READ = {
  access: 'read',
  route: 'auto',
  node: undefined,
  need: undefined,
  tried: Object.freeze([]) as readonly NodeId[],
  waited: false,
} as const;
