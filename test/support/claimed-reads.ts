import type { RowDataPacket } from 'mysql2';
import { openCore } from '../../src/api/open-core.js';
import type { LeaseRequest } from '../../src/cluster/lease-request.js';
import type { PhysicalConnection } from '../../src/cluster/physical-connection.js';
import type { ClusterOptions } from '../../src/options.js';
import type { TestCluster } from '../../src/testing/index.js';
import { READ_STAMP } from './stamps.js';

/** A read of the newest stamp, with what the pool claimed of the data that it got. Times by `performance.now()`. */
export interface ClaimedRead {
  readonly role: 'primary' | 'replica';
  /** Address of the node. */
  readonly node: string;
  readonly begunAt: number;
  readonly sentAt: number;
  /** All that was acknowledged until then was said to be there: `now − high` at the moment when the read was sent. */
  readonly allUntil: number;
  readonly seen: number;
  /** No primary was known to answer: the age of the replicas stood still. */
  readonly frozen: boolean;
}

/** Reads stamps with the lease source of a pool, so that the very bound that let a read through is known. */
export class ClaimedReads {
  readonly #core: ReturnType<typeof openCore>;

  constructor(cluster: TestCluster, options: ClusterOptions) {
    const { user, password, database, nodes } = cluster;
    const seeds = nodes.map(({ address }) => address);
    this.#core = openCore({ user, password, database, cluster: { nodes: seeds, ...options } } as never);
  }

  get cluster(): ReturnType<typeof openCore>['source']['cluster'] {
    return this.#core.source.cluster;
  }

  /** One read; its error when it failed. `maxLagMs` instead of the option's. */
  async read(maxLagMs?: number): Promise<ClaimedRead> {
    const { source, settings } = this.#core;
    const begunAt = source.cluster.clock.now();
    const lease = await new Promise<PhysicalConnection>((resolve, reject) => {
      const request: LeaseRequest = {
        intent: source.scope.readIntent(maxLagMs, 'eventual'),
        node: undefined,
        because: '',
        held: false,
        routedOn: undefined,
        begunAt,
        holdUntil: begunAt + settings.failover.holdMs,
        freshUntil: begunAt + settings.consistencyWaitMs,
        second: false,
        kept: () => undefined,
        onLease: (found) => {
          if (source.confirms(found, request)) return resolve(found);
          source.release(found);
          source.acquire(request);
        },
        onPoolError: (error) => source.poolFailed(request, error),
        onError: reject,
      };
      source.acquire(request, begunAt);
    });
    return this.#run(lease, begunAt);
  }

  close(): Promise<void> {
    return this.#core.close();
  }

  async #run(lease: PhysicalConnection, begunAt: number): Promise<ClaimedRead> {
    const { source } = this.#core;
    const { role, node, address } = lease.target;
    const sentAt = source.cluster.clock.now();
    // The primary has everything; a replica what was acknowledged before the newest sample that it is known to contain.
    const known = source.cluster.topology.nodes.get(node)?.lag.caughtUpTo ?? Number.NEGATIVE_INFINITY;
    const allUntil = role === 'primary' ? begunAt : known;
    const frozen = source.cluster.topology.frozenAt !== undefined;
    try {
      const seen = await new Promise<number>((resolve, reject) => {
        lease.raw.query<RowDataPacket[]>(READ_STAMP, (error, rows) => {
          if (error) reject(error);
          else resolve(Number(rows[0]?.n));
        });
      });
      return { role, node: address, begunAt, sentAt, allUntil, seen, frozen };
    } catch (error) {
      lease.destroy(error as Error);
      throw error;
    } finally {
      source.release(lease);
    }
  }
}
