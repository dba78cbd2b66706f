// Compiled, never run: `npm run types`.
import { drizzle } from 'drizzle-orm/mysql2';
import type mysql2 from 'mysql2/promise';
import { createPool as createCallbackPool } from '../../src/index.js';
import mysql, { createConnection, createPool } from '../../src/promise.js';

const pool = createPool({ user: 'app', database: 'shop', cluster: { nodes: ['db-1:3306', 'db-2:3306'] } });

export const pools: mysql2.Pool[] = [
  pool,
  createPool('mysql://app@db-1,db-2/shop'),
  mysql.createPool({}),
  createCallbackPool({}).promise(),
];
export const connection: Promise<mysql2.Connection> = createConnection({ cluster: {} });
export const drizzled = [drizzle(pool), drizzle({ client: pool })];
export const ready: Promise<unknown> = pool.cluster.ready();

export async function rows(): Promise<mysql2.RowDataPacket[]> {
  const [found] = await pool.query<mysql2.RowDataPacket[]>('SELECT id FROM orders WHERE id = ?', [1]);
  return found;
}

export const made: Promise<number> = pool.cluster.transaction(
  async (connection) => {
    const [header] = await connection.execute<mysql2.ResultSetHeader>({
      sql: 'INSERT INTO orders VALUES (1)',
      cluster: { signal: AbortSignal.timeout(500) },
    });
    return header.insertId;
  },
  { readOnly: false, isolation: 'READ COMMITTED', retries: 2 },
);
// A query builder on the transaction's connection.
export const built = pool.cluster.transaction((inside) => drizzle(inside).execute('SELECT 1'));
// @ts-expect-error: no such level
pool.cluster.transaction(() => 1, { isolation: 'STRICT' });

// @ts-expect-error: a name that no option has
createPool({ cluster: { maxLag: 500 } });

// Types under the default import, as with mysql2's own.
export const underDefault: mysql2.Pool | undefined = undefined as mysql.Pool | undefined;
export const header: mysql.ResultSetHeader | undefined = undefined;

export const routed = pool.query({ sql: 'SELECT 1', cluster: { route: 'primary' } });
export async function onConnection(): Promise<void> {
  const taken = await pool.getConnection();
  const typed: mysql2.PoolConnection = taken;
  await taken.query({ sql: 'SELECT 1', cluster: { maxLagMs: 50 } });
  await taken.execute({ sql: 'SELECT 1', cluster: { route: 'replica' } }, []);
  // @ts-expect-error: no such option
  await taken.query({ sql: 'SELECT 1', cluster: { maxLag: 50 } });
  typed.release();
}
// @ts-expect-error: no such route
pool.query({ sql: 'SELECT 1', cluster: { route: 'everywhere' } });

// Constants are types as well.
export const types: mysql2.Types = mysql.Types;
export const charsets: mysql2.Charsets = mysql.Charsets satisfies mysql.Charsets;
export const typed: typeof mysql2.TypedParameter = mysql.TypedParameter;
