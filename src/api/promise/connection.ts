import type { Connection as CallbackConnection } from 'mysql2';
import type { Cluster } from '../cluster.js';
import { withCallerStack } from './caller-stack.js';
import { PromiseConnection, PromisePoolConnection } from './driver.js';

type Loose = (...args: unknown[]) => Promise<never>;

/** mysql2's promise connection on a cluster. */
export class ClusterPromiseConnection extends PromiseConnection {
  /** The cluster behind the connection. */
  readonly cluster: Cluster;

  constructor(connection: CallbackConnection & { readonly cluster: Cluster }, promise?: PromiseConstructor) {
    super(connection, promise);
    this.cluster = connection.cluster;
  }

  override query(sql: unknown, values?: unknown): Promise<never> {
    return withCallerStack((super.query as Loose)(sql, values));
  }

  override execute(sql: unknown, values?: unknown): Promise<never> {
    return withCallerStack((super.execute as Loose)(sql, values));
  }
}

/** mysql2's promise connection of a pool, on a cluster. */
export class ClusterPromisePoolConnection extends PromisePoolConnection {
  override query(sql: unknown, values?: unknown): Promise<never> {
    return withCallerStack((super.query as Loose)(sql, values));
  }

  override execute(sql: unknown, values?: unknown): Promise<never> {
    return withCallerStack((super.execute as Loose)(sql, values));
  }
}

type Forwarding = { readonly connection: Record<string, (...args: unknown[]) => unknown> };

// mysql2 runs its own connection's methods on the wrapped object; on ours, its own methods are meant.
const SYNCHRONOUS = ['close', 'destroy', 'escape', 'escapeId', 'format', 'pause', 'resume', 'unprepare'];
for (const { prototype } of [ClusterPromiseConnection, ClusterPromisePoolConnection]) {
  for (const name of SYNCHRONOUS) {
    Object.defineProperty(prototype, name, {
      configurable: true,
      writable: true,
      value(this: Forwarding, ...args: unknown[]) {
        return this.connection[name]?.(...args);
      },
    });
  }
}
