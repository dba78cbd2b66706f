import { type Ejected, type EjectionPolicy, isForgiven, slowOverMs, toEject } from '../routing/ejection.js';
import type { NodeId } from '../topology/node-report.js';
import type { Topology } from '../topology/topology.js';
import type { Cluster } from './cluster.js';
import type { NodeTraffic } from './node-traffic.js';

const PAUSE_MS = 100;
/** Who comes back is out again after half as many bad answers. */
const PAROLE = 0.25;

/** Leaves replicas out that answer badly, as the traffic of one pool sees it. */
export class Ejection {
  readonly #traffic: ReadonlyMap<NodeId, NodeTraffic>;
  readonly #cluster: Pick<Cluster, 'clock' | 'tell'>;
  readonly #policy: EjectionPolicy;
  #reviewedAt = Number.NEGATIVE_INFINITY;

  constructor(
    traffic: ReadonlyMap<NodeId, NodeTraffic>,
    cluster: Pick<Cluster, 'clock' | 'tell'>,
    policy: EjectionPolicy,
  ) {
    this.#traffic = traffic;
    this.#cluster = cluster;
    this.#policy = policy;
  }

  /** Looks at all replicas, at most every so often. */
  review({ replicas }: Topology): void {
    const policy = this.#policy;
    const now = this.#cluster.clock.now();
    if (policy.ejectPercent === 0 || now - this.#reviewedAt < PAUSE_MS) return;
    this.#reviewedAt = now;
    for (const { id, health } of replicas) {
      const traffic = this.#traffic.get(id);
      if (!traffic) continue;
      // Who was down begins anew.
      if (health === 'down') traffic.badShare = 0;
      const bad = health === 'up' && traffic.badShare * 100 >= policy.ejectPercent;
      traffic.badSince = bad ? (traffic.badSince ?? now) : undefined;
      traffic.slowOverMs = slowOverMs(id, this.#traffic, { replicas, now, policy });
      if (isForgiven(traffic, now, policy)) traffic.ejections = 0;
    }
    for (const ejected of toEject(replicas, this.#traffic, { now, policy })) this.#eject(ejected, now);
  }

  #eject({ node, forMs, because }: Ejected, now: number): void {
    const traffic = this.#traffic.get(node.id);
    if (!traffic) return;
    traffic.ejectedUntil = now + forMs;
    traffic.ejections++;
    traffic.badShare = PAROLE;
    traffic.badSince = undefined;
    this.#cluster.tell('nodeEjected', { node: node.id, address: node.address, because, forMs });
  }
}
