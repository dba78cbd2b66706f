import type { Connection as CallbackConnection, Pool as CallbackPool } from 'mysql2';
import promise from 'mysql2/promise';

interface Classes {
  readonly PromisePool: new (
    pool: CallbackPool,
    promise?: PromiseConstructor,
  ) => promise.Pool & { Promise: PromiseConstructor };
  readonly PromiseConnection: new (connection: CallbackConnection, promise?: PromiseConstructor) => promise.Connection;
  readonly PromisePoolConnection: new (
    connection: CallbackConnection,
    promise?: PromiseConstructor,
  ) => promise.PoolConnection;
}

/** mysql2's promise classes, which its types leave out: each wraps an object of the callback door. */
export const { PromisePool, PromiseConnection, PromisePoolConnection } = promise as unknown as Classes;
