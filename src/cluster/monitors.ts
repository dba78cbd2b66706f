import type { Address } from '../topology/node-report.js';
import type { Topology } from '../topology/topology.js';
import { Monitor, type MonitorContext } from './monitor.js';
import { AFTER_SAMPLE_MS } from './pace-rules.js';

/** What monitors need of their surroundings. */
export interface MonitorsContext extends MonitorContext {
  readonly intervalMs: number;
}

/** Nearly all the others are there after this. */
const AGAIN_MS = 75;
/** A sample that is older, or was missing for longer, is not asked for again. */
const LITTLE_MS = 100;

/** A report that was believed. */
interface Asked {
  readonly address: Address;
  readonly now: number;
  /** Samples are asked for all the time: followers tell of their arrival. */
  readonly asked: boolean;
}

/** The monitors of a cluster: one for each node, and one for each address that has not answered. */
export class Monitors {
  readonly #context: MonitorsContext;
  readonly #monitors = new Map<Address, Monitor>();

  constructor(context: MonitorsContext) {
    this.#context = context;
  }

  /** Probes every node before its turn: at once, but a node no more often than a search does, and all processes not together. */
  probeAll(): void {
    for (const monitor of this.#monitors.values()) monitor.probeSoon();
  }

  /** Probes the node at this address now. */
  probe(address: Address): void {
    this.#monitors.get(address)?.probeNow();
  }

  /**
   * After the primary's report its replicas are probed a moment later, each once an interval: what they say then tells more of
   * their lag than what they say at any other moment. A replica that lacked the newest sample by a little is probed once more:
   * its bound would wait for the next sample otherwise.
   */
  askReplicas(topology: Topology, report: Asked): void {
    const { primary, replicas } = topology;
    if (primary?.address === report.address) {
      const restMs = this.#context.intervalMs / 2;
      for (const { address } of replicas) this.#monitors.get(address)?.probeIn(AFTER_SAMPLE_MS, restMs);
    } else if (!report.asked && lacksALittle(topology, report)) {
      this.#monitors.get(report.address)?.probeIn(AGAIN_MS, 0);
    }
  }

  /** Ends the monitors that the topology has no use for, and begins those that are missing. */
  reconcile(topology: Topology): void {
    for (const [address, monitor] of this.#monitors) {
      if (isProbed(address, topology)) continue;
      monitor.stop();
      this.#monitors.delete(address);
    }
    for (const address of topology.addresses.keys()) {
      if (this.#monitors.has(address) || !isProbed(address, topology)) continue;
      const monitor = new Monitor(address, this.#context);
      this.#monitors.set(address, monitor);
      monitor.probeNow();
    }
  }

  close(): void {
    for (const monitor of this.#monitors.values()) monitor.stop();
    this.#monitors.clear();
  }
}

// One connection a node: of several addresses of one node only the one in use is probed. Where roles are given, an address gives
// its role to whichever node answers there, and is always asked.
function isProbed(address: Address, { addresses, nodes }: Topology): boolean {
  const view = addresses.get(address);
  if (!view) return false;
  const node = view.node === undefined ? undefined : nodes.get(view.node);
  if (node === undefined || node.address === address || node.health !== 'up') return true;
  return view.seed && node.traits.role !== undefined;
}

function lacksALittle({ samples, nodes, addresses }: Topology, { address, now }: Asked): boolean {
  const node = nodes.get(addresses.get(address)?.node ?? '');
  const newest = samples.at(-1);
  if (newest === undefined || node?.role !== 'replica' || node.lag.replication !== 'running') return false;
  return node.lag.caughtUpTo !== newest.sentAt && node.lag.low <= LITTLE_MS && now - newest.sentAt <= LITTLE_MS;
}
