import type mysql2 from 'mysql2';
import type promiseDriver from 'mysql2/promise';
import type { StatementClusterOptions } from '../options.js';

/** mysql2's options of a query, with the cluster's for this statement. */
export type ClusteredQueryOptions = mysql2.QueryOptions & { readonly cluster?: StatementClusterOptions };

type Callback<T> = (error: mysql2.QueryError | null, result: T, fields: mysql2.FieldPacket[]) => unknown;

/** A callback call whose options may have `cluster`. */
export interface ClusteredCall {
  <T extends mysql2.QueryResult>(options: ClusteredQueryOptions, callback?: Callback<T>): mysql2.Query;
  <T extends mysql2.QueryResult>(options: ClusteredQueryOptions, values: unknown, callback?: Callback<T>): mysql2.Query;
}

/** A promise call whose options may have `cluster`. */
export type ClusteredPromiseCall = <T extends mysql2.QueryResult>(
  options: ClusteredQueryOptions,
  values?: unknown,
) => Promise<[T, mysql2.FieldPacket[]]>;

/** mysql2's callback connection of a pool, whose calls may have `cluster`. */
export interface ClusteredPoolConnection extends mysql2.PoolConnection {
  query: mysql2.PoolConnection['query'] & ClusteredCall;
  execute: mysql2.PoolConnection['execute'] & ClusteredCall;
}

/** mysql2's promise connection of a pool, whose calls may have `cluster`. */
export interface ClusteredPromisePoolConnection extends promiseDriver.PoolConnection {
  query: promiseDriver.PoolConnection['query'] & ClusteredPromiseCall;
  execute: promiseDriver.PoolConnection['execute'] & ClusteredPromiseCall;
}
