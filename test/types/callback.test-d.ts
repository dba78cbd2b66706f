// Compiled, never run: `npm run types`.
import { drizzle } from 'drizzle-orm/mysql2';
import { Kysely, MysqlDialect } from 'kysely';
import type mysql2 from 'mysql2';
import mysql, { createConnection, createPool } from '../../src/index.js';

const pool = createPool({
  user: 'app',
  database: 'shop',
  cluster: { nodes: ['db-1:3306', { host: 'db-2', port: 3307 }], maxLagMs: 500 },
});

// mysql2's own pool takes our options without `cluster`, a URI, and ours many hosts in it.
export const pools: mysql2.Pool[] = [
  pool,
  createPool('mysql://app@db-1,db-2/shop'),
  createPool({ uri: 'mysql://db-1/shop' }),
  mysql.createPool({}),
];
export const connections: mysql2.Connection[] = [
  createConnection({ cluster: {} }),
  mysql.createConnection('mysql://db-1/shop'),
];

export const kysely = new Kysely<{ orders: { id: number } }>({ dialect: new MysqlDialect({ pool }) });
export const lazyKysely = new MysqlDialect({ pool: async () => pool });
export const drizzled = [drizzle(pool), drizzle({ client: pool })];

// With `cluster` the pool shows its cluster.
export const ready: Promise<unknown> = pool.cluster.ready();

// Its function gets a promise connection here too.
export const rows: Promise<unknown> = pool.cluster.transaction((inside) => inside.query('SELECT 1'), {
  readOnly: true,
});

// @ts-expect-error: a name that no option has
createPool({ cluster: { maxLag: 500 } });
// @ts-expect-error: a number of milliseconds
createPool({ cluster: { maxLagMs: '500' } });

// Types under the default import, as with mysql2's own.
export const underDefault: mysql2.Pool | undefined = undefined as mysql.Pool | undefined;

pool.query({ sql: 'SELECT 1', cluster: { maxLagMs: 50 } }, (error) => error);
// @ts-expect-error: no such option
pool.query({ sql: 'SELECT 1', cluster: { maxLag: 50 } });
pool.getConnection((_error, taken) => {
  const typed: mysql2.PoolConnection = taken;
  taken.query({ sql: 'SELECT 1', cluster: { maxLagMs: 50 } }, () => typed.release());
  // @ts-expect-error: no such route
  taken.execute({ sql: 'SELECT 1', cluster: { route: 'everywhere' } });
});

// Constants are types as well.
export const types: mysql2.Types = mysql.Types;
export const charsets: mysql2.Charsets = mysql.Charsets satisfies mysql.Charsets;
export const typed: typeof mysql2.TypedParameter = mysql.TypedParameter;
