import { EventEmitter } from 'node:events';
import { parseAddress } from '../address.js';
import type { Clock } from '../clock.js';
import { type ErrorFacts, mostTelling } from '../error-facts.js';
import type { GtidSet } from '../gtid/gtid-set.js';
import type { ClusterEventName, ClusterEvents } from '../observe/events.js';
import type { Settings } from '../options.js';
import { type ApplyContext, type Arrival, apply, applyArrival, emptyTopology, reconsider } from '../topology/apply.js';
import type { Change } from '../topology/change.js';
import type { Address, NodeId, NodeReport } from '../topology/node-report.js';
import { reseed } from '../topology/reseed.js';
import type { NodeView, Topology } from '../topology/topology.js';
import { Drains } from './drains.js';
import { Followers } from './followers.js';
import { LagWatches } from './lag-watches.js';
import type { ProbeExtras } from './monitor.js';
import { MonitorAccount } from './monitor-account.js';
import { Monitors } from './monitors.js';
import { crowdOf, Pace } from './pace.js';
import { type ConnectionSettings, type Destination, openRaw } from './physical-connection.js';
import { guarded } from './resolver.js';
import { SampleRequests } from './sample-requests.js';
import { SeedNames } from './seed-names.js';
import { traitsOf } from './traits-of.js';
import { Warnings } from './warnings.js';

/** Told after the topology has been replaced and before events are emitted. */
export interface TopologyObserver {
  onTopology(topology: Topology, changes: readonly Change[]): void;
  /** How many connections to the node are in use, by statements or transactions. */
  running?(node: NodeId): number;
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

const LED_FACTOR = 1.5;

/** The sole owner of the topology: probes the nodes, believes what `apply` says, tells its observers. */
export class Cluster {
  readonly events = new EventEmitter<ClusterEvents>();
  readonly clock: Clock;
  readonly pace: Pace;
  readonly drains: Drains;
  readonly #context: ClusterContext;
  readonly #seeds: SeedNames;
  readonly #monitors: Monitors;
  readonly #followers: Followers;
  readonly #observers = new Set<TopologyObserver>();
  readonly #errors = new Map<Address, Error>();
  readonly #answered = new Set<Address>();
  readonly #samples: SampleRequests;
  /** Who is unfit by lag, for each limit that a pool has. */
  readonly lagWatches = new LagWatches();
  readonly #warnings = new Warnings((warning) => this.tell('warning', warning));
  readonly account: MonitorAccount;
  readonly #resolver: Pick<ApplyContext, 'resolve'>;
  #topology: Topology;
  #started = false;
  #closed = false;

  constructor(context: ClusterContext) {
    this.#context = context;
    const { clock } = context;
    this.clock = clock;
    this.account = new MonitorAccount(context.settings, context.connection);
    this.#resolver = guarded(context.settings.resolve, this.#warnings);
    this.#samples = new SampleRequests({
      clock,
      newest: () => this.#topology.samples.at(-1)?.sentAt,
      take: () => this.#takeSample(),
    });
    this.pace = new Pace(clock, context.settings.monitor.intervalMs);
    const { nodes, monitor, heartbeat } = context.settings;
    this.#seeds = new SeedNames(nodes, { clock, timeoutMs: monitor.timeoutMs, onChange: () => this.#reseed() });
    const connect = (address: Address) => openRaw(this.account.settings, this.destination(address));
    this.#monitors = new Monitors({
      clock,
      kind: context.settings.kind,
      timeoutMs: monitor.timeoutMs,
      connect,
      intervalMs: monitor.intervalMs,
      heartbeat: heartbeat.table,
      pause: (address, failures) => this.#pause(address, failures),
      soon: (begunAt) => this.pace.soon(begunAt),
      onReport: (report, error) => this.observe(report, error),
      extras: (address) => this.#extras(address),
      isWanted: () => this.pace.wasUsed || this.events.eventNames().length > 0,
    });
    this.#followers = new Followers({
      clock,
      topology: () => this.#topology,
      connect,
      onArrival: (arrival) => this.#arrived(arrival),
    });
    this.#topology = emptyTopology(this.#seeds.byAddress.keys());
    this.drains = new Drains(this);
  }

  get topology(): Topology {
    return this.#topology;
  }

  /** Every seed has answered or failed at least once, or a primary is known. */
  get surveyed(): boolean {
    const all = this.#seeds.settled && [...this.#seeds.byAddress.keys()].every((seed) => this.#answered.has(seed));
    return this.#topology.primary !== undefined || all;
  }

  /** The driver's error that tells most, of seeds that cannot be reached, while no node ever answered a probe. */
  get unreachable(): Error | undefined {
    if (this.#topology.nodes.size > 0 || !this.surveyed) return undefined;
    return mostTelling([...this.errors.values()]);
  }

  /** The last error of each address that has failed since it last answered, and of each service that has no targets. */
  get errors(): ReadonlyMap<Address, Error> {
    return this.#seeds.errors.size === 0 ? this.#errors : new Map([...this.#errors, ...this.#seeds.errors]);
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.pace.search(true);
    this.#seeds.start();
  }

  close(): void {
    this.#closed = true;
    this.#seeds.stop();
    this.#monitors.close();
    this.#followers.close();
    for (const observer of this.#observers) observer.onClose?.();
  }

  watch(observer: TopologyObserver): void {
    this.#observers.add(observer);
  }

  unwatch(observer: TopologyObserver): void {
    this.#observers.delete(observer);
  }

  /** The traffic met an error on a node: when it smells of a failover, all nodes are probed soon. */
  report(facts: ErrorFacts): void {
    const misplaced = facts.wrongNode && !facts.readOnlyTransaction;
    if (facts.gone || facts.undecided || facts.notReady || misplaced) this.probeAll();
  }

  /** Probes every node before its turn. */
  probeAll(): void {
    this.#monitors.probeAll();
    if (this.#topology.addresses.size === 0) this.#seeds.refresh();
  }

  /** Takes a sample of the primary, unless one was sent at `since` or later, and has these nodes tell when they contain the newest. */
  sample(nodes: readonly NodeView[], since: number): void {
    this.#samples.want(since);
    const newest = this.#topology.samples.at(-1);
    if (newest) this.follow(nodes, newest.executed);
  }

  #takeSample(): void {
    const { primary, replicas } = this.#topology;
    if (primary === undefined) return this.probeAll();
    this.#monitors.probe(primary.address);
    // Without GTIDs only a replica itself can tell what it has.
    for (const { address, executed } of replicas) if (executed === undefined) this.#monitors.probe(address);
  }

  /** Has these nodes tell when they contain the GTIDs. */
  follow(nodes: readonly NodeView[], gtids: GtidSet): void {
    this.#followers.follow(nodes, gtids);
  }

  /** How long GTIDs took to arrive on a node lately, ms. */
  arrivalMs(node: NodeId): number | undefined {
    return this.#followers.arrivalMs(node);
  }

  /** Where to connect to for an address. One that was discovered has the name of the node that answered there. */
  destination(address: Address): Destination {
    const { addresses, nodes } = this.#topology;
    const node = nodes.get(addresses.get(address)?.node ?? '');
    const tlsName = this.#seeds.byAddress.get(address)?.tlsName ?? node?.traits.tlsName;
    return { ...parseAddress(address), tlsName };
  }

  /** Believes a report. The only place, with {@link Cluster.follow}'s arrivals, that replaces the topology. */
  observe(report: NodeReport, error?: Error): void {
    if (this.#closed) return;
    this.#answered.add(report.address);
    if (!report.ok && this.#seeds.byAddress.has(report.address)) this.#seeds.refresh();
    if (error) this.#errors.set(report.address, error);
    else this.#errors.delete(report.address);
    const { topology, changes } = apply(this.#topology, report, this.#applyContext());
    if (report.ok) this.pace.crowded(crowdOf(topology));
    this.#replace(topology, changes);
    if (!report.ok) return;
    this.#warnings.ofReport(report);
    const asked = this.#samples.takenAt > report.sentAt - this.#context.settings.monitor.intervalMs;
    this.#monitors.askReplicas(topology, { address: report.address, now: this.clock.now(), asked });
  }

  // A replica's own tick only stands in for a primary's that fails to come.
  #pause(address: Address, failures: number): number {
    const { primary, addresses, nodes } = this.#topology;
    const role = nodes.get(addresses.get(address)?.node ?? '')?.role;
    return this.pace.next(failures) * (role === 'replica' && primary?.health === 'up' ? LED_FACTOR : 1);
  }

  /** Obeys what was drained and resumed. */
  reconsider(): void {
    if (this.#closed) return;
    const { topology, changes } = reconsider(this.#topology, this.#applyContext());
    this.#replace(topology, changes);
  }

  /** How many connections to the node the pools of this process use now. */
  running(node: NodeId): number {
    let count = 0;
    for (const observer of this.#observers) count += observer.running?.(node) ?? 0;
    return count;
  }

  #reseed(): void {
    this.#topology = reseed(this.#topology, this.#seeds.byAddress.keys(), this.clock.now());
    this.#reconcile();
  }

  #replace(topology: Topology, changes: readonly Change[]): void {
    const lagged = this.lagWatches.judge(this.#topology, topology, this.clock.now());
    this.#topology = topology;
    this.pace.search(topology.primary === undefined || topology.primary.health !== 'up');
    if (changes.length > 0) this.#reconcile();
    for (const observer of this.#observers) observer.onTopology(topology, changes);
    for (const change of changes) this.#emit(change);
    for (const change of lagged) this.tell('lagChanged', change);
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
    if (change.type === 'controlIgnored')
      return this.tell('warning', { code: 'CONTROL_IGNORED', message: change.because });
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
      wishes: this.drains.wishes(settings),
      ...this.#resolver,
      traitsOf: (addresses) => traitsOf(this.#seeds.byAddress.values(), addresses),
    };
  }

  #reconcile(): void {
    if (!this.#started || this.#closed) return;
    for (const address of this.#errors.keys()) if (!this.#topology.addresses.has(address)) this.#errors.delete(address);
    this.#monitors.reconcile(this.#topology);
    this.#followers.reconcile(this.#topology);
  }

  #arrived(arrival: Arrival): void {
    if (this.#closed || !this.#topology.nodes.has(arrival.node)) return;
    this.#replace(applyArrival(this.#topology, arrival), []);
  }

  #extras(address: Address): ProbeExtras {
    const { control, requireSemiSync } = this.#context.settings;
    const controlTable = this.#topology.primary?.address === address ? control.table : undefined;
    return { controlTable, semiSync: requireSemiSync !== 'off' };
  }
}
