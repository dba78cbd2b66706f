// DB_NODES=db-1,db-2,db-3 DB_USER=app DB_PASSWORD=… DB_NAME=shop npm run example examples/typeorm.ts
import * as mysql from 'mysql2-cluster';
import { DataSource, EntitySchema } from 'typeorm';

const { DB_USER: user = 'root', DB_PASSWORD: password = '', DB_NAME: database = 'test' } = process.env;
const nodes = (process.env.DB_NODES ?? '127.0.0.1:3306').split(',');

const Guest = new EntitySchema<{ id: number; name: string }>({
  name: 'guest',
  columns: { id: { type: 'int', primary: true, generated: true }, name: { type: String, length: 50 } },
});

const db = new DataSource({
  type: 'mysql',
  driver: mysql,
  username: user,
  password,
  database,
  extra: { cluster: { nodes } },
  entities: [Guest],
});
await db.initialize();

await db.query('CREATE TABLE IF NOT EXISTS guest (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50))');
const guests = db.getRepository(Guest);
// The primary.
const { id } = await guests.save({ name: 'Ada' });
// A replica, which has that row already.
const guest = await guests.findOneByOrFail({ id });
console.log(`guest ${guest.id} is ${guest.name}`);
// All of a transaction is the primary's.
await db.transaction(async (manager) => {
  await manager.update(Guest, { id }, { name: 'Eve' });
  const changed = await manager.findOne(Guest, { where: { id }, lock: { mode: 'pessimistic_write' } });
  console.log(`and now ${changed?.name}`);
});
await db.destroy();
