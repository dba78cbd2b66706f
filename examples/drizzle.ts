// DB_NODES=db-1,db-2,db-3 DB_USER=app DB_PASSWORD=… DB_NAME=shop npm run example examples/drizzle.ts
import { eq, sql } from 'drizzle-orm';
import { int, mysqlTable, varchar } from 'drizzle-orm/mysql-core';
import { drizzle } from 'drizzle-orm/mysql2';
import { createPool } from 'mysql2-cluster/promise';

const { DB_USER: user = 'root', DB_PASSWORD: password = '', DB_NAME: database = 'test' } = process.env;
const nodes = (process.env.DB_NODES ?? '127.0.0.1:3306').split(',');

const pool = createPool({ user, password, database, cluster: { nodes } });
const db = drizzle({ client: pool });

const guests = mysqlTable('guest', { id: int().primaryKey().autoincrement(), name: varchar({ length: 50 }).notNull() });
await db.execute(sql`CREATE TABLE IF NOT EXISTS guest (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50))`);
// The primary.
const [{ insertId }] = await db.insert(guests).values({ name: 'Ada' });
// A replica, which has that row already.
const [guest] = await db.select().from(guests).where(eq(guests.id, insertId));
console.log(`guest ${guest?.id} is ${guest?.name}`);
// All of a transaction is the primary's.
await db.transaction(async (tx) => {
  await tx.update(guests).set({ name: 'Eve' }).where(eq(guests.id, insertId));
  const [changed] = await tx.select().from(guests).where(eq(guests.id, insertId)).for('update');
  console.log(`and now ${changed?.name}`);
});
await pool.end();
