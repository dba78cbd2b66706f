// DB_NODES=db-1,db-2,db-3 DB_USER=app DB_PASSWORD=… DB_NAME=shop npm run example examples/kysely.ts
import { type Generated, Kysely, MysqlDialect, sql } from 'kysely';
import { createPool } from 'mysql2-cluster';

const { DB_USER: user = 'root', DB_PASSWORD: password = '', DB_NAME: database = 'test' } = process.env;
const nodes = (process.env.DB_NODES ?? '127.0.0.1:3306').split(',');

interface Tables {
  readonly guest: { readonly id: Generated<number>; readonly name: string };
}

const pool = createPool({ user, password, database, cluster: { nodes } });
const db = new Kysely<Tables>({ dialect: new MysqlDialect({ pool }) });

await sql`CREATE TABLE IF NOT EXISTS guest (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50))`.execute(db);
// The primary.
const { insertId } = await db.insertInto('guest').values({ name: 'Ada' }).executeTakeFirstOrThrow();
// A replica, which has that row already.
const guest = await db.selectFrom('guest').selectAll().where('id', '=', Number(insertId)).executeTakeFirstOrThrow();
console.log(`guest ${guest.id} is ${guest.name}`);
// All of a transaction is the primary's.
await db.transaction().execute(async (trx) => {
  await trx.updateTable('guest').set({ name: 'Eve' }).where('id', '=', guest.id).execute();
  const [changed] = await trx.selectFrom('guest').select('name').where('id', '=', guest.id).forUpdate().execute();
  console.log(`and now ${changed?.name}`);
});
await db.destroy();
