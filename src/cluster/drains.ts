import type { Clock } from '../clock.js';
import { DrainIncompleteError, NoNodeAvailableError } from '../errors.js';
import type { Settings } from '../options.js';
import type { Wishes } from '../topology/apply-context.js';
import type { NodeId } from '../topology/node-report.js';
import type { NodeView, Topology } from '../topology/topology.js';

/** The cluster whose nodes are drained. */
export interface DrainedCluster {
  readonly clock: Clock;
  readonly topology: Topology;
  /** Obeys {@link Drains.wishes} from now on. */
  reconsider(): void;
  running(node: NodeId): number;
}

const LOOK_MS = 5;

/** The nodes that this process was told to leave. */
export class Drains {
  readonly #cluster: DrainedCluster;
  readonly #since = new Map<NodeId, number>();

  constructor(cluster: DrainedCluster) {
    this.#cluster = cluster;
  }

  /** What the topology is to obey. */
  wishes({ failover, requireSemiSync }: Settings): Wishes {
    return { drained: this.#since, holdMs: failover.holdMs, requireSemiSync };
  }

  /**
   * Takes nothing new to the node, and resolves when nothing of this process runs there.
   *
   * @throws NoNodeAvailableError for an unknown node · DrainIncompleteError after `timeoutMs`, or when it is resumed meanwhile
   */
  async drain(name: string, timeoutMs: number): Promise<void> {
    const { id, address } = this.#find(name);
    const { clock } = this.#cluster;
    if (!this.#since.has(id)) this.#since.set(id, clock.now());
    const since = this.#since.get(id);
    this.#cluster.reconsider();
    const deadline = clock.now() + timeoutMs;
    for (;;) {
      const running = this.#cluster.running(id);
      if (this.#since.get(id) !== since) {
        throw new DrainIncompleteError(`${address} was resumed while it was being drained`, running);
      }
      if (running === 0) return;
      if (clock.now() >= deadline) {
        const waited = `${running} of its connections still in use after ${timeoutMs} ms`;
        throw new DrainIncompleteError(`${address} is drained, with ${waited}`, running);
      }
      await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
    }
  }

  /** @throws NoNodeAvailableError for an unknown node */
  resume(name: string): void {
    if (this.#since.delete(this.#find(name).id)) this.#cluster.reconsider();
  }

  #find(name: string): Pick<NodeView, 'id' | 'address'> {
    const { nodes, addresses } = this.#cluster.topology;
    const node = nodes.get(name) ?? nodes.get(addresses.get(name)?.node ?? '');
    if (node) return node;
    if (this.#since.has(name)) return { id: name, address: name };
    const known = [...nodes.values()].map(({ address }) => address).join(', ') || 'none yet';
    throw new NoNodeAvailableError(`no node is known as '${name}'; known: ${known}`, {});
  }
}
