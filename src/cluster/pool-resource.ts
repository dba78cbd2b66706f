import type { Options, Pool } from 'generic-pool';
import type { PhysicalConnection } from './physical-connection.js';

/** Sizes and times of a pool; see the options under `cluster.pool`. */
export interface NodePoolSettings {
  readonly min: number;
  readonly max: number;
  readonly reserve: number;
  readonly acquireTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly maxLifetimeMs: number;
  /** mysql2's: most who wait, 0 or none for no limit; and whether anybody waits at all. */
  readonly queueLimit?: number;
  readonly waitForConnections?: boolean;
}

/** What a failed connect leaves in the pool instead of a connection, so that generic-pool's factory never rejects. */
export interface Tombstone {
  readonly error: Error;
  readonly at: number;
}

/** What generic-pool holds. */
export type Resource = PhysicalConnection | Tombstone;

/** How generic-pool keeps what is idle: the one used last is lent first, so that the others can go. */
export function keeping({ max, idleTimeoutMs }: Pick<NodePoolSettings, 'max' | 'idleTimeoutMs'>): Options {
  return {
    autostart: false,
    fifo: false,
    // Idle ones above `min` go by the soft limit; the hard one would churn `min` itself.
    softIdleTimeoutMillis: idleTimeoutMs,
    idleTimeoutMillis: Number.MAX_SAFE_INTEGER,
    evictionRunIntervalMillis: Math.max(1000, Math.min(10_000, idleTimeoutMs / 2)),
    numTestsPerEvictionRun: max,
  };
}

/** Destroys the dead among the idle: generic-pool refills `min` only when something is destroyed. */
export async function destroyDead(pool: Pool<Resource>): Promise<void> {
  const borrowed = await Promise.all(Array.from({ length: pool.available }, () => pool.acquire()));
  for (const resource of borrowed) {
    if ('raw' in resource && !resource.dead) await pool.release(resource);
    else await pool.destroy(resource);
  }
}
