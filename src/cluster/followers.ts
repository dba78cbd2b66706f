import type { Clock } from '../clock.js';
import type { GtidSet } from '../gtid/gtid-set.js';
import { probeOf } from '../probes/probe-of.js';
import type { Arrival } from '../topology/apply.js';
import type { Address, NodeId } from '../topology/node-report.js';
import type { NodeView, Topology } from '../topology/topology.js';
import { Follower } from './follower.js';
import type { OpenedRaw } from './physical-connection.js';

/** What followers need of their surroundings. */
export interface FollowersContext {
  readonly clock: Clock;
  /** The topology now: a node may have moved to another address. */
  readonly topology: () => Topology;
  readonly connect: (address: Address) => Promise<OpenedRaw>;
  readonly onArrival: (arrival: Arrival) => void;
}

/** The followers of a cluster: one for each replica that somebody has waited for. */
export class Followers {
  readonly #context: FollowersContext;
  readonly #followers = new Map<NodeId, Follower>();

  constructor(context: FollowersContext) {
    this.#context = context;
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

  /** Ends those of nodes that are gone. */
  reconcile({ nodes }: Topology): void {
    for (const [id, follower] of this.#followers) {
      if (nodes.has(id)) continue;
      follower.close();
      this.#followers.delete(id);
    }
  }

  close(): void {
    for (const follower of this.#followers.values()) follower.close();
    this.#followers.clear();
  }

  #follower({ id, address }: NodeView): Follower {
    let follower = this.#followers.get(id);
    if (!follower) {
      const { clock, topology, connect, onArrival } = this.#context;
      follower = new Follower({
        clock,
        waitFor: (gtids, seconds) => {
          const last = topology().nodes.get(id)?.lastReport;
          return probeOf(last?.kind ?? 'gtid-replication').waitFor(gtids, seconds, last);
        },
        connect: () => connect(topology().nodes.get(id)?.address ?? address),
        onArrival: (executed, answeredAt) => onArrival({ node: id, executed, answeredAt }),
      });
      this.#followers.set(id, follower);
    }
    return follower;
  }
}
