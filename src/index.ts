/**
 * The callback door: everything that `mysql2` exports, with `createPool` and `createConnection` that know clusters.
 *
 * @packageDocumentation
 */
import mysql2 from 'mysql2';
import { checkDriver } from './api/callback/driver.js';
import { createPromiseConnection, createPromisePool } from './api/create.js';

export type * from 'mysql2';
export type {
  ClusteredPoolConnection,
  ClusteredPromisePoolConnection,
  ClusteredQueryOptions,
} from './api/call-shapes.js';
export { Cluster } from './api/cluster.js';
export {
  type ClusteredConnection,
  type ClusteredPool,
  createConnection,
  createConnection as connect,
  createPool,
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
export type { RefusedForm } from './session/refused-forms.js';
export type { Access, Classification, Dependency, Effect, LexicalOptions } from './sql/classification.js';
export { classify } from './sql/classify.js';
export { explainStatements, type StatementExplanation } from './sql/explain-statements.js';
export type { TableUse } from './sql/tables/table-use.js';
export type { TableOptions } from './sql/tables/tables-of.js';
export type { IsolationLevel, TransactionOptions } from './transaction-options.js';

checkDriver(mysql2);
const loose = mysql2 as unknown as Record<string, never>;

// mysql2's values, by name so that ESM and CommonJS both see them; some are classes that its types show as interfaces.
export const {
  createPoolCluster,
  createServer,
  escape,
  escapeId,
  format,
  raw,
  CharsetToEncoding,
  setMaxParserCache,
  clearParserCache,
  authPlugins,
} = mysql2 as unknown as typeof mysql2 & { authPlugins: Record<string, unknown> };
// A name that is a type as well keeps its type: a local one would hide what `export type *` brings.
export type Types = mysql2.Types;
export const Types: typeof mysql2.Types = mysql2.Types;
export type Charsets = mysql2.Charsets;
export const Charsets: typeof mysql2.Charsets = mysql2.Charsets;
export type TypedParameter = mysql2.TypedParameter;
export const TypedParameter: typeof mysql2.TypedParameter = mysql2.TypedParameter;
export type Connection = mysql2.Connection;
export const Connection: typeof mysql2.Connection = mysql2.Connection;
export type PoolConnection = mysql2.PoolConnection;
export const PoolConnection: typeof mysql2.PoolConnection = mysql2.PoolConnection;
export type Pool = mysql2.Pool;
export const Pool: unknown = loose.Pool;
export type PoolCluster = mysql2.PoolCluster;
export const PoolCluster: unknown = loose.PoolCluster;
export type ConnectionConfig = mysql2.ConnectionConfig;
export const ConnectionConfig: unknown = loose.ConnectionConfig;
export const createQuery: (typeof mysql2.Connection)['createQuery'] = loose.createQuery as never;
export const createPoolPromise: typeof createPromisePool = createPromisePool;
export const createConnectionPromise: typeof createPromiseConnection = createPromiseConnection;
export const createPoolClusterPromise: (...args: unknown[]) => unknown = loose.createPoolClusterPromise as never;

// The door itself, so that `mysql.Pool` is a type as it is with mysql2.
export * as default from './index.js';
