import type { PoolOptions } from 'mysql2';
import type { ClusterOptions } from '../options.js';

/** mysql2's options of a pool or a connection, with the cluster's under one key. */
export interface ClusterPoolOptions extends Omit<PoolOptions, 'password'> {
  readonly password?: string | (() => string | Promise<string>) | undefined;
  /** Switches the cluster on. Without it, everything is mysql2's own. */
  readonly cluster?: ClusterOptions;
}

/** Options with the cluster switched on. */
export type ClusteredOptions = ClusterPoolOptions & { readonly cluster: ClusterOptions };

const POOL_ONLY = new Set([
  'cluster',
  'uri',
  'host',
  'port',
  'socketPath',
  'waitForConnections',
  'connectionLimit',
  'maxIdle',
  'idleTimeout',
  'queueLimit',
  'resetOnRelease',
  'Promise',
  'pool',
]);

/** What of the options belongs to each physical connection. */
export function connectionSettings(options: ClusteredOptions): Omit<ClusterPoolOptions, 'cluster'> {
  const entries = Object.entries(options).filter(([name, value]) => !POOL_ONLY.has(name) && value !== undefined);
  return Object.fromEntries(entries);
}

/** What mysql2's own pool object is made from: its configuration, `format` and `escape` are used, its connections never. */
export function shadowOptions(options: ClusteredOptions): PoolOptions {
  const { cluster: _cluster, password, maxIdle: _maxIdle, ...rest } = options;
  return typeof password === 'string' ? { ...rest, password } : rest;
}
