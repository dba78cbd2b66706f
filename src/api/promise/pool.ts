import type { Pool as CallbackPool } from 'mysql2';
import type { PoolConnection } from 'mysql2/promise';
import type { Cluster } from '../cluster.js';
import { withCallerStack } from './caller-stack.js';
import { ClusterPromisePoolConnection } from './connection.js';
import { PromisePool } from './driver.js';

type Configured = { readonly connectionConfig: { readonly trace?: boolean } };
type Loose = (...args: unknown[]) => Promise<never>;

/** mysql2's promise pool on a cluster. */
export class ClusterPromisePool extends PromisePool {
  /** The cluster behind the pool: its state, its events, `explain`. */
  readonly cluster: Cluster;
  readonly #pool: CallbackPool;

  constructor(pool: CallbackPool & { readonly cluster: Cluster }, promise?: PromiseConstructor) {
    super(pool, promise);
    this.#pool = pool;
    this.cluster = pool.cluster;
  }

  override query(sql: unknown, values?: unknown): Promise<never> {
    return this.#traced((super.query as Loose)(sql, values));
  }

  override execute(sql: unknown, values?: unknown): Promise<never> {
    return this.#traced((super.execute as Loose)(sql, values));
  }

  override getConnection(): Promise<PoolConnection> {
    const pending = new this.Promise<PoolConnection>((resolve, reject) => {
      this.#pool.getConnection((error, connection) => {
        if (error) reject(error);
        else resolve(new ClusterPromisePoolConnection(connection, this.Promise));
      });
    });
    return this.#traced(pending);
  }

  override end(): Promise<void> {
    return this.#traced(super.end());
  }

  #traced<T>(pending: Promise<T>): Promise<T> {
    return withCallerStack(pending, (this.#pool.config as Configured).connectionConfig);
  }
}
