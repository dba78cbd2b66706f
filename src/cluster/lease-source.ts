import { type DriverError, readError } from '../error-facts.js';
import { ClusterClosedError, ClusterError, FailoverTimeoutError, NoNodeAvailableError } from '../errors.js';
import type { Settings } from '../options.js';
import { explainRoute, type RouteContext, type RouteExplanation, route, stillServes } from '../routing/choose.js';
import type { Intent } from '../routing/intent.js';
import type { WaitRoute } from '../routing/route.js';
import type { NodeId } from '../topology/node-report.js';
import { tellsGtids, tracksItsSamples } from '../topology/samples.js';
import type { NodeView, Topology } from '../topology/topology.js';
import type { Cluster, TopologyObserver } from './cluster.js';
import { Ejection } from './ejection.js';
import type { LagWatch } from './lag-watches.js';
import { type LeaseRequest, patienceOf } from './lease-request.js';
import type { NodePool } from './node-pool.js';
import { isRetirement, NodePools } from './node-pools.js';
import type { NodeTraffic } from './node-traffic.js';
import { CONNECT_TIMEOUT_MS, type ConnectionSettings, type PhysicalConnection } from './physical-connection.js';
import { notServing } from './pool-errors.js';
import type { ReadScope } from './read-scope.js';
import { policyOf } from './routing-policy.js';
import { newLoad, type SharedLoad } from './shared-load.js';
import { WaitQueue } from './wait-queue.js';

/** What a lease source is made from. */
export interface LeaseSourceOptions {
  readonly connection: ConnectionSettings;
  readonly settings: Settings;
  /** Default: its own. */
  readonly load?: SharedLoad;
}

/** Finds connections for statements: routes, waits, borrows. One for each pool, on a cluster that may be shared. */
export class LeaseSource implements TopologyObserver {
  readonly cluster: Cluster;
  /** What the reads of this pool must be able to see. */
  readonly scope: ReadScope;
  readonly #settings: Settings;
  /** mysql2's `connectTimeout`. */
  readonly connectTimeoutMs: number;
  readonly #pools: NodePools;
  readonly #ejection: Ejection;
  readonly #held: WaitQueue;
  readonly #fresh: WaitQueue;
  readonly #lagging: LagWatch;
  readonly #context: { -readonly [K in keyof RouteContext]: RouteContext[K] };
  /** Called with each new connection, before use: what is queued on it then is its base state. True when somebody listened. */
  onConnection: ((raw: PhysicalConnection['raw']) => boolean) | undefined;
  #topology: Topology;
  #closed = false;

  constructor(cluster: Cluster, { connection, settings, load }: LeaseSourceOptions) {
    const { scope, traffic, totals } = load ?? newLoad(cluster, settings);
    this.cluster = cluster;
    this.scope = scope;
    this.totals = totals;
    this.#settings = settings;
    this.connectTimeoutMs = connection.connectTimeout ?? CONNECT_TIMEOUT_MS;
    this.#pools = new NodePools({
      connection,
      settings: { ...settings.pool, ...settings.queue },
      clock: cluster.clock,
      topology: () => this.#topology,
      spreadMs: () => cluster.pace.spread(),
      traffic,
      onConnection: (raw) => this.onConnection?.(raw) ?? false,
    });
    this.#held = new WaitQueue(cluster.clock);
    this.#fresh = new WaitQueue(cluster.clock);
    this.#topology = cluster.topology;
    this.#context = {
      loads: this.#pools.loads,
      now: 0,
      begunAt: 0,
      random: Math.random,
      turn: 0,
      policy: policyOf(settings),
    };
    this.#lagging = cluster.lagWatches.join(settings.maxLagMs);
    this.#ejection = new Ejection(this.#pools.loads, cluster, settings.monitor);
    cluster.pace.keepFresh(settings.maxLagMs);
    cluster.watch(this);
    this.#pools.reconcile(this.#topology);
  }

  /** Statements that wait for a primary, or for any node. */
  get held(): number {
    return this.#held.size;
  }

  /** Counted since the beginning: statements that were held, that were run again, and that a replica refused as writes. */
  readonly totals: SharedLoad['totals'];

  traffic(node: NodeId): NodeTraffic {
    return this.#pools.traffic(node);
  }

  pool(node: NodeId): NodePool | undefined {
    return this.#pools.get(node);
  }

  /** Most connections to each node, from now on. */
  useLimit(max: number): void {
    if (this.#closed) return;
    this.#pools.resize(max, this.#topology);
    this.#context.policy = { ...this.#context.policy, poolMax: max };
  }

  running(node: NodeId): number {
    return this.#pools.running(node);
  }

  /** Finds a lease: `onLease`, `onPoolError` (see {@link LeaseSource.poolFailed}) or `onError` is called, once. */
  acquire(request: LeaseRequest, now: number = this.cluster.clock.now()): void {
    if (this.#closed) return request.onError(new ClusterClosedError());
    const { need } = request.intent;
    if (need?.unknownSince !== undefined || request.routedOn !== undefined) {
      request.intent = this.scope.refresh(request.intent);
    }
    const context = this.#at(now, request.begunAt);
    this.cluster.pace.used(now);
    const answer = route(this.#topology, request.intent, context);
    request.because = answer.because;
    request.routedOn = this.#topology;
    if (answer.type === 'use') {
      if (request.intent.access === 'read') this.#context.turn++;
      if (answer.late) this.cluster.follow(answer.late.nodes, answer.late.gtids);
      this.#borrow(request, answer.node);
    } else if (answer.type === 'wait') this.#wait(request, answer);
    else request.onError(new NoNodeAvailableError(answer.because, this.#whyNot(answer.reasons)));
  }

  /** What {@link LeaseSource.acquire} would do, with the reason for each node. Runs nothing. */
  explain(intent: Intent): RouteExplanation {
    const now = this.cluster.clock.now();
    return explainRoute(this.#topology, intent, this.#at(now, now));
  }

  /** The pool gave an error instead of a lease: nothing was sent, so the search goes on where that makes sense. */
  poolFailed(request: LeaseRequest, error: Error): void {
    const { node } = request;
    if (error instanceof ClusterError && error.code === 'POOL_TIMEOUT') return request.onError(error);
    const facts = readError(error as DriverError, 'connect');
    this.cluster.report(facts);
    if (node) this.#pools.noteFailure(node.id, facts);
    if (this.#closed) return request.onError(new ClusterClosedError());
    if (!node || this.cluster.clock.now() >= request.holdUntil) return request.onError(error);
    if (facts.denied || facts.full) {
      // The account is wrong everywhere or just there: another node may do for a read, nothing else for a write.
      if (request.intent.access === 'write' || request.intent.tried.includes(node.id)) return request.onError(error);
    }
    if (request.intent.access === 'read' && !isRetirement(error))
      request.intent = { ...request.intent, tried: [...request.intent.tried, node.id] };
    if (request.intent.access === 'write' || request.intent.node !== undefined) this.#hold(request, error);
    else this.acquire(request);
  }

  /** Whether a lease that a session holds may still serve this statement. */
  stillFit(lease: PhysicalConnection, { intent, begunAt }: Pick<LeaseRequest, 'intent' | 'begunAt'>): boolean {
    const { target } = lease;
    if (lease.dead || this.#pools.role(target.node) !== target.role) return false;
    const context = this.#at(this.cluster.clock.now(), begunAt);
    return stillServes(target, { topology: this.#topology, intent, context });
  }

  /** Whether a lease that was just borrowed still serves: the search may have waited, and the topology changed. */
  confirms(lease: PhysicalConnection, request: LeaseRequest): boolean {
    if (request.routedOn === this.#topology || request.intent.node !== undefined) return true;
    return this.stillFit(lease, request);
  }

  /** A node refused or lost a statement that belongs on the primary, and did not run it: it waits for the topology. */
  retryOnPrimary(request: LeaseRequest, node: NodeId): void {
    const { primary } = this.#topology;
    if (primary && primary.id !== node) this.acquire(request);
    else this.#hold(request, undefined);
  }

  /** Whether another node is the primary now than the one this lease of a primary leads to. */
  isDeposed({ target }: PhysicalConnection): boolean {
    const { primary } = this.#topology;
    return target.role === 'primary' && primary !== undefined && primary.id !== target.node;
  }

  /** Whether there is a primary that may be asked for what a replica does not have. */
  get primaryServes(): boolean {
    return this.#topology.primary !== undefined && this.#settings.primaryReads !== 'never';
  }

  /** Whether the primary tells its writes by GTIDs. */
  get hasGtids(): boolean {
    const { primary } = this.#topology;
    const report = primary?.lastReport;
    return report !== undefined && tellsGtids(report) && tracksItsSamples(primary);
  }

  release(lease: PhysicalConnection): void {
    if (lease.kills.isShut) lease.kills.pass(() => lease.home?.release(lease));
    else lease.home?.release(lease);
  }

  onTopology(topology: Topology): void {
    const changed = topology.version !== this.#topology.version;
    this.#topology = topology;
    for (const [id, traffic] of this.#pools.loads) {
      traffic.arrivalMs = this.cluster.arrivalMs(id);
      traffic.lagging = this.#lagging.unfit.has(id);
    }
    this.#ejection.review(topology);
    if (changed) this.#pools.reconcile(topology);
    this.scope.onTopology(topology);
    if (changed) this.#held.flush();
    this.#fresh.flush();
  }

  /** Takes nothing new, waits for what runs (at most `timeoutMs`), closes. */
  async close(timeoutMs: number): Promise<void> {
    this.#closed = true;
    this.cluster.unwatch(this);
    this.cluster.lagWatches.leave(this.#lagging);
    this.#held.flush();
    this.#fresh.flush();
    await this.#pools.drain(new ClusterClosedError(), timeoutMs);
  }

  #at(now: number, begunAt: number): RouteContext {
    const context = this.#context;
    context.now = now;
    context.begunAt = begunAt;
    return context;
  }

  #borrow(request: LeaseRequest, node: NodeView): void {
    request.node = node;
    const kept = request.kept(node.id);
    // A lease of the role that the node had before is none that this role may use.
    if (kept && kept.target.role === this.#pools.role(node.id)) return request.onLease(kept, this.#context.now);
    const pool = this.#pools.get(node.id);
    if (!pool && request.intent.node !== undefined) return request.onError(notServing(node));
    if (!pool || pool.blockedUntil > this.#context.now) return this.#hold(request, undefined);
    pool.acquire(request, request.second, this.#context.now);
  }

  #wait(request: LeaseRequest, answer: WaitRoute): void {
    const { need, maxLagMs, waited } = request.intent;
    const none = answer.for === 'primary' || this.#topology.nodes.size === 0;
    if (none || waited) return this.#hold(request, undefined);
    if (answer.for === 'sample') this.cluster.sample(answer.nodes, request.begunAt - maxLagMs / 2);
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
    const until = unreachable ? patienceOf(request, this.cluster.errors, this.connectTimeoutMs) : request.holdUntil;
    if (unreachable && this.cluster.clock.now() >= until) return this.#giveUp(request, unreachable);
    const { maxHeld, holdMs } = this.#settings.failover;
    if (this.#held.size >= maxHeld) {
      return request.onError(
        new FailoverTimeoutError(`${maxHeld} statements (failover.maxHeld) wait for a primary already`, cause),
      );
    }
    if (!request.held) this.totals.held++;
    request.held = true;
    this.#held.add({
      until,
      retry: () => this.acquire(request),
      expire: () => {
        if (this.cluster.unreachable) return this.#giveUp(request, this.cluster.unreachable);
        const waited = `waited failover.holdMs (${holdMs} ms)`;
        const last = cause ?? [...this.cluster.errors.values()].at(-1);
        const { primary, because } = this.#topology;
        // With a primary there, what it waited for was a replica, or room on the primary.
        const why = (primary ? request.because : because) || request.because;
        if (primary && request.intent.access === 'read') {
          request.onError(new NoNodeAvailableError(`${why}; ${waited}`, this.#whyNot(), last));
        } else request.onError(new FailoverTimeoutError(`${why}; ${waited}`, last));
      },
    });
  }

  // No node ever answered: mysql2 would say why at once, and so do we; the next statement tries again.
  #giveUp(request: LeaseRequest, error: Error): void {
    this.cluster.probeAll();
    request.onError(error);
  }

  #whyNot(reasons: ReadonlyMap<NodeId, string> = new Map()): Readonly<Record<string, string>> {
    const told: Record<string, string> = {};
    for (const [id, reason] of reasons) told[this.#topology.nodes.get(id)?.address ?? id] = reason;
    for (const [address, error] of this.cluster.errors) told[address] ??= error.message;
    return told;
  }
}
