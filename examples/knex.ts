// DB_NODES=db-1,db-2,db-3 DB_USER=app DB_PASSWORD=… DB_NAME=shop npm run example examples/knex.ts
import knex from 'knex';
import { createPool } from 'mysql2-cluster';

const { DB_USER: user = 'root', DB_PASSWORD: password = '', DB_NAME: database = 'test' } = process.env;
const nodes = (process.env.DB_NODES ?? '127.0.0.1:3306').split(',');

const pool = createPool({ user, password, database, cluster: { nodes } });
// Knex's type of pools takes none of mysql2 either.
const db = knex({ client: 'mysql2', connectionPool: pool as never });

await db.raw('CREATE TABLE IF NOT EXISTS guest (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50))');
// The primary.
const [id] = await db('guest').insert({ name: 'Ada' });
// A replica, which has that row already.
const guest = await db('guest').where({ id }).first();
console.log(`guest ${guest.id} is ${guest.name}`);
// All of a transaction is the primary's.
await db.transaction(async (trx) => {
  await trx('guest').where({ id }).update({ name: 'Eve' });
  const changed = await trx('guest').where({ id }).forUpdate().first();
  console.log(`and now ${changed.name}`);
});
// Knex does not own the pool.
await db.destroy();
await pool.promise().end();
