import { EventEmitter } from 'node:events';
import { parseAddress } from '../address.js';
import type { Clock } from '../clock.js';
import type { ErrorFacts } from '../error-facts.js';
import type { GtidSet } from '../gtid/gtid-set.js';
import type { ClusterEventName, ClusterEvents } from '../observe/events.js';
import type { Settings } from '../options.js';
import { probeOf } from '../probes/probe-of.js';
import { type ApplyContext, apply, applyArrival, emptyTopology } from '../topology/apply.js';
import type { Change } from '../topology/change.js';
import type { Address, NodeId, NodeReport } from '../topology/node-report.js';
import type { NodeTraits, NodeView, Topology } from '../topology/topology.js';
import { Follower } from './follower.js';
import { Monitor } from './monitor.js';
import { Pace } from './pace.js';
import { type ConnectionSettings, openRaw } from './physical-connection.js';

/** Told after the topology has been replaced and before events are emitted. */
export interface TopologyObserver {
  onTopology(topology: Topology, changes: readonly Change[]): void;
  /** The cluster has been closed: nothing is told any more. */
  onClose?(): void;
}

/** What a cluster is made from. */
export interface ClusterContext {
  readonly settings: Settings;
  /** mysql2's options for the monitor's connections. */
  readonly connection: ConnectionSettings;
  readonly clock: Clock;
}

const SAMPLE_PAUSE_MS = 5;
const NO_TRAITS: NodeTraits = { weight: 1, zone: undefined, tags: [] };

/** The sole owner of the topology: probes the nodes, believes what `apply` says, tells its observers. */
export class Cluster {
  readonly events = new EventEmitter<ClusterEvents>();
  readonly clock: Clock;
  readonly pace: Pace;
  readonly #context: ClusterContext;
  readonly #monitors = new Map<Address, Monitor>();
  readonly #followers = new Map<NodeId, Follower>();
  readonly #observers = new Set<TopologyObserver>();
  readonly #errors = new Map<Address, Error>();
  readonly #answered = new Set<Address>();
  readonly #warned = new Set<string>();
  #topology: Topology;
  #sampledAt = Number.NEGATIVE_INFINITY;
  #started = false;
  #closed = false;

  constructor(context: ClusterContext) {
    this.#context = context;
    this.clock = context.clock;
    this.pace = new Pace(context.clock, context.settings.monitor.intervalMs);
    this.#topology = emptyTopology(context.settings.nodes.map((seed) => seed.address));
  }

  get topology(): Topology {
    return this.#topology;
  }

  /** Every seed has answered or failed at least once, or a primary is known. */
  get surveyed(): boolean {
    const { nodes } = this.#context.settings;
    return this.#topology.primary !== undefined || nodes.every((seed) => this.#answered.has(seed.address));
  }

  /** The driver's error of the first seed that cannot be reached, while no node ever answered. */
  get unreachable(): Error | undefined {
    if (this.#topology.nodes.size > 0 || !this.surveyed) return undefined;
    return this.#errors.values().next().value;
  }

  /** The last error of each address that has failed since it last answered. */
  get errors(): ReadonlyMap<Address, Error> {
    return this.#errors;
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.pace.search(true);
    this.#reconcileMonitors();
  }

  close(): void {
    this.#closed = true;
    for (const monitor of this.#monitors.values()) monitor.stop();
    for (const follower of this.#followers.values()) follower.close();
    this.#monitors.clear();
    this.#followers.clear();
    for (const observer of this.#observers) observer.onClose?.();
  }

  watch(observer: TopologyObserver): void {
    this.#observers.add(observer);
  }

  unwatch(observer: TopologyObserver): void {
    this.#observers.delete(observer);
  }

  /** The traffic met an error on a node: when it smells of a failover, all nodes are probed at once. */
  report(facts: ErrorFacts): void {
    if (facts.gone || (facts.wrongNode && !facts.readOnlyTransaction)) this.probeAll();
  }

  /** Probes every node now. */
  probeAll(): void {
    for (const monitor of this.#monitors.values()) monitor.probeNow();
  }

  /** Takes a fresh sample of the primary, and has these nodes tell when they contain it. */
  sample(nodes: readonly NodeView[]): void {
    const { primary } = this.#topology;
    const now = this.clock.now();
    if (now - this.#sampledAt >= SAMPLE_PAUSE_MS) {
      this.#sampledAt = now;
      if (primary) this.#monitors.get(primary.address)?.probeNow();
      else this.probeAll();
    }
    const newest = this.#topology.samples.at(-1);
    if (newest) this.follow(nodes, newest.executed);
  }

  /** Has these nodes tell when they contain the GTIDs. */
  follow(nodes: readonly NodeView[], gtids: GtidSet): void {
    for (const node of nodes) {
      if (node.executed) this.#follower(node).want(gtids.minus(node.executed));
    }
  }

  /** How long GTIDs took to arrive on a node lately, ms. */
  arrivalMs(node: NodeId): number | undefined {
    return this.#followers.get(node)?.arrivalMs;
  }

  /** Believes a report. The only place, with {@link Cluster.follow}'s arrivals, that replaces the topology. */
  observe(report: NodeReport, error?: Error): void {
    if (this.#closed) return;
    this.#answered.add(report.address);
    if (error) this.#errors.set(report.address, error);
    else this.#errors.delete(report.address);
    const { topology, changes } = apply(this.#topology, report, this.#applyContext());
    this.#replace(topology, changes);
    if (report.ok) this.#warnOfGrants(report.address, report.missingGrants);
  }

  #replace(topology: Topology, changes: readonly Change[]): void {
    this.#topology = topology;
    this.pace.search(topology.primary === undefined || topology.primary.health !== 'up');
    if (changes.length > 0) this.#reconcileMonitors();
    for (const observer of this.#observers) observer.onTopology(topology, changes);
    for (const change of changes) this.#emit(change);
  }

  /** Emits an event. What a listener throws is thrown where it breaks nothing of ours. */
  tell<E extends ClusterEventName>(event: E, ...args: ClusterEvents[E]): void {
    try {
      (this.events as EventEmitter).emit(event, ...args);
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  #emit(change: Change): void {
    if (change.type === 'roleChanged' || change.type === 'addressDiscovered') return;
    this.tell(change.type, change as never);
    // Whoever lost the primary wants the next one soon: the nodes are asked again at the fast pace.
    if (change.type === 'noPrimary' || change.type === 'nodeDown') this.probeAll();
  }

  #applyContext(): ApplyContext {
    const { settings, clock } = this.#context;
    return {
      now: clock.now(),
      failures: settings.monitor.failures,
      successes: settings.monitor.successes,
      discover: settings.discover,
      ...(settings.resolve ? { resolve: (address: Address) => this.#resolve(address) } : {}),
      traitsOf: (addresses) => settings.nodes.find((seed) => addresses.includes(seed.address)) ?? NO_TRAITS,
    };
  }

  // The user's function: what it throws leaves the address out.
  #resolve(address: Address): Address | undefined {
    try {
      return this.#context.settings.resolve?.(address);
    } catch (error) {
      this.#warnOnce('RESOLVE_FAILED', `cluster.resolve threw for ${address}: ${(error as Error).message}`);
      return undefined;
    }
  }

  #reconcileMonitors(): void {
    if (!this.#started || this.#closed) return;
    const wanted = this.#topology.addresses;
    for (const address of this.#errors.keys()) if (!wanted.has(address)) this.#errors.delete(address);
    for (const [address, monitor] of this.#monitors) {
      if (this.#probed(address)) continue;
      monitor.stop();
      this.#monitors.delete(address);
    }
    for (const address of wanted.keys()) {
      if (this.#monitors.has(address) || !this.#probed(address)) continue;
      const monitor = this.#newMonitor(address);
      this.#monitors.set(address, monitor);
      monitor.probeNow();
    }
    for (const [id, follower] of this.#followers) {
      if (this.#topology.nodes.has(id)) continue;
      follower.close();
      this.#followers.delete(id);
    }
  }

  // One connection a node: of several addresses of one node only the one in use is probed.
  #probed(address: Address): boolean {
    const view = this.#topology.addresses.get(address);
    if (!view) return false;
    const node = view.node === undefined ? undefined : this.#topology.nodes.get(view.node);
    return node === undefined || node.address === address || node.health !== 'up';
  }

  #newMonitor(address: Address): Monitor {
    const { clock, settings } = this.#context;
    return new Monitor(address, {
      clock,
      kind: settings.kind,
      timeoutMs: settings.monitor.timeoutMs,
      connect: (target) => this.#connect(target),
      pause: () => this.pace.next(),
      onReport: (report, error) => this.observe(report, error),
    });
  }

  #follower(node: NodeView): Follower {
    let follower = this.#followers.get(node.id);
    if (!follower) {
      follower = new Follower({
        clock: this.clock,
        probe: () => probeOf(this.#topology.nodes.get(node.id)?.lastReport?.kind ?? 'gtid-replication'),
        connect: () => this.#connect(this.#topology.nodes.get(node.id)?.address ?? node.address),
        onArrival: (executed, answeredAt) => this.#arrived(node.id, executed, answeredAt),
      });
      this.#followers.set(node.id, follower);
    }
    return follower;
  }

  #arrived(node: NodeId, executed: GtidSet, answeredAt: number): void {
    if (this.#closed || !this.#topology.nodes.has(node)) return;
    this.#replace(applyArrival(this.#topology, { node, executed, answeredAt }), []);
  }

  #connect(address: Address): ReturnType<typeof openRaw> {
    const { monitor } = this.#context.settings;
    const password = monitor.password === undefined ? {} : { password: monitor.password };
    const account = monitor.user === undefined ? password : { user: monitor.user, ...password };
    // The monitor needs no schema, and must work when the application's is missing.
    const { database: _database, ...connection } = this.#context.connection;
    return openRaw({ ...connection, ...account, connectTimeout: monitor.timeoutMs }, parseAddress(address));
  }

  #warnOfGrants(address: Address, missing: readonly string[]): void {
    for (const grant of missing) {
      const lost = 'discovery and fencing by replication source are off';
      this.#warnOnce('MISSING_GRANT', `the account of the probes lacks ${grant} (seen on ${address}): ${lost}`, grant);
    }
  }

  #warnOnce(code: ClusterEvents['warning'][0]['code'], message: string, about = message): void {
    if (this.#warned.has(about)) return;
    this.#warned.add(about);
    this.tell('warning', { code, message });
  }
}
