import { judgeLag, type LagChange } from '../topology/lag-fitness.js';
import type { NodeId } from '../topology/node-report.js';
import type { Topology } from '../topology/topology.js';

/** Who is unfit for reads that allow one limit. */
export interface LagWatch {
  readonly maxLagMs: number;
  /** Replaced as the topology is. */
  readonly unfit: ReadonlySet<NodeId>;
}

type Shared = { -readonly [K in keyof LagWatch]: LagWatch[K] } & { users: number };

/** The limits of all pools on one cluster: pools of the same limit share what is judged by it. */
export class LagWatches {
  readonly #shared = new Map<number, Shared>();

  /** Each use ends with {@link LagWatches.leave}. */
  join(maxLagMs: number): LagWatch {
    const watch = this.#shared.get(maxLagMs) ?? { maxLagMs, unfit: new Set<NodeId>(), users: 0 };
    this.#shared.set(maxLagMs, watch);
    watch.users++;
    return watch;
  }

  leave({ maxLagMs }: LagWatch): void {
    const watch = this.#shared.get(maxLagMs);
    if (watch && --watch.users === 0) this.#shared.delete(maxLagMs);
  }

  /** Judges anew after a change of the topology, and gives what is new. */
  judge(previous: Topology, next: Topology, now: number): readonly LagChange[] {
    const all: LagChange[] = [];
    for (const watch of this.#shared.values()) {
      const { unfit, changes } = judgeLag(watch.unfit, { previous, next, now, maxLagMs: watch.maxLagMs });
      watch.unfit = unfit;
      all.push(...changes);
    }
    return all;
  }
}
