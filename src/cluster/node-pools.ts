import { parseAddress } from '../address.js';
import type { Clock } from '../clock.js';
import type { ErrorFacts } from '../error-facts.js';
import type { NodeId } from '../topology/node-report.js';
import type { NodeView, Topology } from '../topology/topology.js';
import { NodePool, type NodePoolSettings } from './node-pool.js';
import { NodeTraffic } from './node-traffic.js';
import { type ConnectionSettings, openConnection, type PhysicalConnection } from './physical-connection.js';

type Role = PhysicalConnection['target']['role'];

/** What a pool was made for: another one takes its place when that changes. */
interface Terms {
  readonly role: Role;
  /** The node is to take nothing new: no idle connection is kept there. */
  readonly drained: boolean;
  readonly max: number;
}

interface NodePoolOnTerms {
  readonly pool: NodePool;
  readonly terms: Terms;
}

/** What the pools of all nodes are made from. */
export interface NodePoolsContext {
  readonly connection: ConnectionSettings;
  readonly settings: NodePoolSettings;
  readonly clock: Clock;
  /** The topology now: a node may have moved to another address. */
  readonly topology: () => Topology;
  /** Milliseconds, by chance, that a node's pool waits before its first connect once the node has become the primary. */
  readonly spreadMs: () => number;
  /** What is sent to each node: filled and used here. */
  readonly traffic: Map<NodeId, NodeTraffic>;
  /** Told of each new connection before it is used; true when somebody may have queued statements on it. */
  readonly onConnection: (raw: PhysicalConnection['raw']) => boolean;
}

/** One pool for each node that statements may be sent to, in its role: another role is another pool. */
export class NodePools {
  readonly #context: NodePoolsContext;
  #max: number;
  readonly #pools = new Map<NodeId, NodePoolOnTerms>();
  readonly #retired = new Map<NodePool, NodeId>();
  readonly #traffic: Map<NodeId, NodeTraffic>;

  constructor(context: NodePoolsContext) {
    this.#context = context;
    this.#max = context.settings.max;
    this.#traffic = context.traffic;
  }

  /** What this process sends to each node. */
  get loads(): ReadonlyMap<NodeId, NodeTraffic> {
    return this.#traffic;
  }

  traffic(node: NodeId): NodeTraffic {
    let traffic = this.#traffic.get(node);
    if (!traffic) {
      traffic = new NodeTraffic();
      this.#traffic.set(node, traffic);
    }
    return traffic;
  }

  get(node: NodeId): NodePool | undefined {
    return this.#pools.get(node)?.pool;
  }

  role(node: NodeId): Role | undefined {
    return this.#pools.get(node)?.terms.role;
  }

  /** Connections to the node that are in use, or about to be. */
  running(node: NodeId): number {
    const pool = this.get(node);
    let count = pool ? pool.lent + pool.waiting : 0;
    for (const [retired, id] of this.#retired) if (id === node) count += retired.lent;
    return count;
  }

  /** Most connections to each node, from now on. */
  resize(max: number, topology: Topology): void {
    this.#max = max;
    for (const [id, { pool, terms }] of this.#pools) {
      const wanted = this.#wanted(topology, id);
      if (!wanted || wanted.max === terms.max) continue;
      this.#pools.set(id, { pool, terms: { ...terms, max: wanted.max } });
      pool.resize(wanted.max);
    }
  }

  /** Retires the pools of nodes that went or changed their role, and makes those that are missing. */
  reconcile(topology: Topology): void {
    for (const [pool, id] of this.#retired) {
      const view = topology.nodes.get(id);
      if (isLost(view, topology)) pool.retire(retirement(view), true);
      if (pool.lent === 0) this.#retired.delete(pool);
    }
    for (const [id, { pool, terms }] of this.#pools) {
      const wanted = this.#wanted(topology, id);
      if (wanted && sameTerms(wanted, terms)) continue;
      this.#pools.delete(id);
      const view = topology.nodes.get(id);
      pool.retire(retirement(view), isLost(view, topology) || view?.duty.status === 'offline');
      this.#retired.set(pool, id);
    }
    for (const id of topology.nodes.keys()) {
      const terms = this.#wanted(topology, id);
      this.traffic(id);
      if (terms && !this.#pools.has(id)) this.#pools.set(id, { terms, pool: this.#create(id, terms) });
    }
    for (const id of this.#traffic.keys()) if (!topology.nodes.has(id)) this.#traffic.delete(id);
  }

  /** The pool gave an error instead of a lease. */
  noteFailure(node: NodeId, { gone }: ErrorFacts): void {
    const traffic = this.traffic(node);
    traffic.blockedUntil = this.get(node)?.blockedUntil ?? 0;
    // A pool that was retired says nothing of its node.
    if (gone && traffic.blockedUntil > 0) traffic.fail();
  }

  /** Waits for what runs, at most `timeoutMs`, then closes all. */
  async drain(error: Error, timeoutMs: number): Promise<void> {
    const pools = [...[...this.#pools.values()].map(({ pool }) => pool), ...this.#retired.keys()];
    await Promise.all(pools.map((pool) => pool.drain(error, timeoutMs)));
    this.#pools.clear();
    this.#retired.clear();
  }

  #wanted(topology: Topology, id: NodeId): Terms | undefined {
    const role = wantedRole(topology, id);
    const view = topology.nodes.get(id);
    if (role === undefined || view === undefined) return undefined;
    const max = Math.min(this.#max, view.maxConnections ?? this.#max);
    return { role, drained: view.duty.status !== 'online', max };
  }

  #create(id: NodeId, { role, drained, max }: Terms): NodePool {
    const { connection, settings, clock, topology, onConnection, spreadMs } = this.#context;
    // Every process of a fleet turns to a new primary in one moment; reads have other nodes to go to.
    const opensAt = role === 'primary' ? clock.now() + spreadMs() : 0;
    const open = async (): Promise<PhysicalConnection> => {
      const early = opensAt - clock.now();
      if (early > 0) await new Promise<void>((resolve) => clock.after(early, resolve));
      const view = topology().nodes.get(id);
      if (!view) throw retirement(undefined);
      const { tlsName } = view.traits;
      const target = { node: id, address: view.address, role, tlsName, ...parseAddress(view.address) };
      const opened = await openConnection(connection, target, () => clock.now());
      opened.traffic = this.traffic(id);
      opened.customized = tell(onConnection, opened.raw);
      return opened;
    };
    const min = drained ? 0 : Math.min(settings.min, max);
    return new NodePool(open, { ...settings, min, max }, clock);
  }
}

// What a listener throws is the application's: it must not look like a failed connect.
function tell(listener: NodePoolsContext['onConnection'], raw: PhysicalConnection['raw']): boolean {
  try {
    return listener(raw);
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
    return true;
  }
}

function wantedRole(topology: Topology, id: NodeId): Role | undefined {
  if (topology.primary?.id === id) return 'primary';
  const view = topology.nodes.get(id);
  return view?.role === 'replica' && view.health !== 'down' ? 'replica' : undefined;
}

// What still runs there would wait for ever: also where a group has another primary, and this member no majority to ask.
function isLost(view: NodeView | undefined, { primary }: Topology): boolean {
  if (view === undefined || view.health === 'down') return true;
  const group = view.lastReport?.group;
  return group?.state === 'online' && !group.quorum && primary !== undefined && primary.id !== view.id;
}

function sameTerms(a: Terms, b: Terms): boolean {
  return a.role === b.role && a.drained === b.drained && a.max === b.max;
}

const retirements = new WeakSet<Error>();

/** True for what those are told who wait for a pool that is retired: it says nothing of the node. */
export function isRetirement(error: Error): boolean {
  return retirements.has(error);
}

function retirement(view: NodeView | undefined): Error {
  const reason = whyRetired(view);
  const error = Object.assign(new Error(`Connection lost: the node ${view?.address ?? ''} ${reason}`), {
    code: 'PROTOCOL_CONNECTION_LOST',
    fatal: true,
  });
  retirements.add(error);
  return error;
}

function whyRetired(view: NodeView | undefined): string {
  if (view === undefined) return 'left the cluster';
  if (view.health === 'down') return 'is down';
  return view.duty.status === 'online'
    ? `changed its role: ${view.because}`
    : `takes nothing new: ${view.duty.because}`;
}
