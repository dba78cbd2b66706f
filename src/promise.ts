/**
 * The promise door: everything that `mysql2/promise` exports, with `createPool` and `createConnection` that know clusters.
 *
 * @packageDocumentation
 */
import driver from 'mysql2/promise';

export type * from 'mysql2/promise';
export type { ClusteredPromisePoolConnection, ClusteredQueryOptions } from './api/call-shapes.js';
export { Cluster } from './api/cluster.js';
export {
  type ClusteredPromiseConnection,
  type ClusteredPromisePool,
  createPromiseConnection as createConnection,
  createPromisePool as createPool,
} from './api/create.js';
export type { ClusterPoolOptions } from './api/driver-config.js';
export type { Explanation } from './api/explain.js';
export type { ChannelStatus, GroupStatus, NodeStatus, SemiSyncStatus } from './api/node-status.js';
export type { ClusterStatus } from './api/status.js';
export {
  ClusterClosedError,
  ClusterError,
  type ClusterErrorCode,
  DrainIncompleteError,
  FailoverTimeoutError,
  NoNodeAvailableError,
  OptionError,
  PoolTimeoutError,
  RouteConflictError,
  RuleConflictError,
  SessionLostError,
  StatementRefusedError,
  TransactionLostError,
  WriteOutcomeUnknownError,
} from './errors.js';
export type { ClusterEventName, ClusterEvents, NodeEvent, NodeHealth } from './observe/events.js';
export type { BalanceName, ClusterOptions, Consistency, StatementClusterOptions } from './options.js';
export type { RuleOption } from './rules.js';
export type { NodeOption } from './seeds.js';
export type { IsolationLevel, TransactionOptions } from './transaction-options.js';

const loose = driver as unknown as Record<string, never>;

// mysql2's values, by name so that ESM and CommonJS both see them; some its types leave out.
export const createPoolCluster: typeof driver.createPoolCluster = driver.createPoolCluster;
export const { escape, escapeId, format, raw, CharsetToEncoding, setMaxParserCache, clearParserCache } =
  driver as unknown as typeof import('mysql2');
// A name that is a type as well keeps its type: a local one would hide what `export type *` brings.
export type Types = driver.Types;
export const Types: typeof driver.Types = driver.Types;
export type Charsets = driver.Charsets;
export const Charsets: typeof driver.Charsets = driver.Charsets;
export type TypedParameter = driver.TypedParameter;
export const TypedParameter: typeof driver.TypedParameter = driver.TypedParameter;
export type Connection = driver.Connection;
export const Connection: typeof driver.Connection = driver.Connection;
export type PoolConnection = driver.PoolConnection;
export const PoolConnection: typeof driver.PoolConnection = driver.PoolConnection;
export const PromisePool: unknown = loose.PromisePool;
export const PromiseConnection: typeof driver.Connection = loose.PromiseConnection as never;
export const PromisePoolConnection: typeof driver.PoolConnection = loose.PromisePoolConnection as never;

// The door itself, so that `mysql.Pool` is a type as it is with mysql2.
export * as default from './promise.js';
