import mysql2 from 'mysql2';
import promiseDriver from 'mysql2/promise';
import { OptionError } from '../errors.js';
import { parseUri } from '../uri.js';
import type {
  ClusteredCall,
  ClusteredPoolConnection,
  ClusteredPromiseCall,
  ClusteredPromisePoolConnection,
} from './call-shapes.js';
import { ClusterConnection } from './callback/connection.js';
import { controlConnection } from './callback/control-connection.js';
import { ClusterPool, type PromiseFace } from './callback/pool.js';
import type { Cluster } from './cluster.js';
import type { ClusteredOptions, ClusterPoolOptions } from './driver-config.js';
import { stackAtCall } from './promise/caller-stack.js';
import { ClusterPromiseConnection, ClusterPromisePoolConnection, guestOf } from './promise/connection.js';
import { ClusterPromisePool } from './promise/pool.js';

/** A connection of a pool: what binds it counts in `cluster.explain()`, and `cluster.transaction()` runs on it. */
interface OnCluster {
  readonly cluster: Cluster;
}

/** mysql2's callback pool with the cluster behind it. `cluster` is undefined when none was asked for. */
export interface ClusteredPool extends mysql2.Pool, AsyncDisposable {
  readonly cluster: Cluster;
  query: mysql2.Pool['query'] & ClusteredCall;
  execute: mysql2.Pool['execute'] & ClusteredCall;
  getConnection(
    callback: (error: NodeJS.ErrnoException | null, connection: ClusteredPoolConnection & OnCluster) => unknown,
  ): void;
}

/** mysql2's callback connection with the cluster behind it. */
export interface ClusteredConnection extends mysql2.Connection, AsyncDisposable {
  readonly cluster: Cluster;
  query: mysql2.Connection['query'] & ClusteredCall;
  execute: mysql2.Connection['execute'] & ClusteredCall;
}

/** mysql2's promise pool with the cluster behind it. */
export interface ClusteredPromisePool extends promiseDriver.Pool {
  readonly cluster: Cluster;
  query: promiseDriver.Pool['query'] & ClusteredPromiseCall;
  execute: promiseDriver.Pool['execute'] & ClusteredPromiseCall;
  getConnection(): Promise<ClusteredPromisePoolConnection & OnCluster>;
}

/** mysql2's promise connection with the cluster behind it. */
export interface ClusteredPromiseConnection extends promiseDriver.Connection {
  readonly cluster: Cluster;
  query: promiseDriver.Connection['query'] & ClusteredPromiseCall;
  execute: promiseDriver.Connection['execute'] & ClusteredPromiseCall;
}

const promises: PromiseFace = {
  pool: (pool) => new ClusterPromisePool(pool as never),
  connection: (connection) =>
    connection instanceof ClusterConnection
      ? new ClusterPromiseConnection(connection as never)
      : new ClusterPromisePoolConnection(connection as never),
  guest: (connection) => guestOf(connection as never),
};

/**
 * Makes a callback pool. With `cluster`, or with a URI of several hosts, on a cluster; else mysql2's own.
 *
 * @param options mysql2's options and `cluster`, or a URI
 * @throws OptionError
 */
export function createPool(options: string | ClusterPoolOptions): ClusteredPool {
  const clustered = clusteredOptions(options);
  if (!clustered) return mysql2.createPool(plain(options)) as ClusteredPool;
  return new ClusterPool(clustered, promises) as unknown as ClusteredPool;
}

/**
 * Makes a callback connection, which connects by itself. With `cluster` it is a session on the cluster, with connections of
 * its own; else mysql2's own.
 *
 * @throws OptionError
 */
export function createConnection(options: string | ClusterPoolOptions): ClusteredConnection {
  const control = controlConnection(options);
  if (control) return control as ClusteredConnection;
  const clustered = clusteredOptions(options);
  if (!clustered) return mysql2.createConnection(plain(options)) as ClusteredConnection;
  return new ClusterConnection(clustered, promises) as unknown as ClusteredConnection;
}

/** {@link createPool} of the promise door. */
export function createPromisePool(options: string | ClusterPoolOptions): ClusteredPromisePool {
  const clustered = clusteredOptions(options);
  if (!clustered) return promiseDriver.createPool(plain(options)) as ClusteredPromisePool;
  const pool = new ClusterPool(clustered, promises);
  return new ClusterPromisePool(pool as never, promiseOf(clustered)) as unknown as ClusteredPromisePool;
}

/** {@link createConnection} of the promise door: resolves when a server has been reached. */
export function createPromiseConnection(options: string | ClusterPoolOptions): Promise<ClusteredPromiseConnection> {
  const control = controlConnection(options);
  if (control) return promiseOfControl(control);
  const clustered = clusteredOptions(options);
  const atCall = stackAtCall(createPromiseConnection);
  const told = (error: Error): never => {
    throw atCall(error);
  };
  if (!clustered) return (promiseDriver.createConnection(plain(options)) as Promise<never>).then(undefined, told);
  const given = promiseOf(clustered);
  return new (given ?? Promise)((resolve, reject) => {
    const connection = new ClusterConnection(clustered, promises);
    connection.once('connect', () => resolve(new ClusterPromiseConnection(connection as never, given) as never));
    connection.once('error', (error) => reject(atCall(error)));
  });
}

function promiseOfControl(connection: mysql2.Connection): Promise<ClusteredPromiseConnection> {
  return new Promise((resolve, reject) => {
    connection.once('connect', () => resolve(connection.promise() as never));
    connection.once('error', reject);
  });
}

function promiseOf(options: ClusterPoolOptions): PromiseConstructor | undefined {
  return (options as { Promise?: PromiseConstructor }).Promise;
}

// Options that ask for a cluster, with those of a URI inside; undefined when everything is mysql2's.
function clusteredOptions(options: string | ClusterPoolOptions): ClusteredOptions | undefined {
  if (typeof options === 'string') return parseUri(options) as ClusteredOptions | undefined;
  const { uri, ...rest } = withHidden(options);
  const fromUri = uri === undefined ? undefined : parseUri(uri);
  if (rest.cluster === undefined)
    return fromUri && ({ ...fromUri, ...given(rest), cluster: fromUri.cluster } as ClusteredOptions);
  // What is no object of options is for `parseOptions` to refuse.
  if (typeof rest.cluster !== 'object' || rest.cluster === null || Array.isArray(rest.cluster)) return rest as never;
  if (uri !== undefined && !fromUri) throw new OptionError('uri', "add cluster=true to it, or give 'cluster.nodes'");
  return { ...fromUri, ...given(rest), cluster: { ...fromUri?.cluster, ...rest.cluster } } as ClusteredOptions;
}

// Knex hides the password in the options from all that enumerate them; mysql2 reads it by its name.
function withHidden(options: ClusterPoolOptions): ClusterPoolOptions & { readonly uri?: string } {
  const names = Object.getOwnPropertyNames(options) as (keyof ClusterPoolOptions)[];
  return Object.fromEntries(names.map((name) => [name, options[name]]));
}

// What is not set is no wish, as in mysql2: ORMs hand over all options that they know.
function given<T extends object>(options: T): Partial<T> {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return Object.fromEntries(entries) as Partial<T>;
}

// Without a cluster the options are mysql2's to read.
function plain(options: string | ClusterPoolOptions): never {
  return options as never;
}
