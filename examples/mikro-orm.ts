// DB_NODES=db-1,db-2,db-3 DB_USER=app DB_PASSWORD=… DB_NAME=shop npm run example examples/mikro-orm.ts
import { EntitySchema, LockMode, MikroORM, MySqlKnexDialect } from '@mikro-orm/mysql';
import * as mysql from 'mysql2-cluster';

const { DB_USER: user = 'root', DB_PASSWORD: password = '', DB_NAME: database = 'test' } = process.env;
const nodes = (process.env.DB_NODES ?? '127.0.0.1:3306').split(',');

class Guest {
  id!: number;
  name!: string;
}
const GuestSchema = new EntitySchema<Guest>({
  class: Guest,
  properties: {
    id: { type: 'integer', primary: true, autoincrement: true },
    name: { type: 'string', length: 50 },
  },
});

class ClusterDialect extends MySqlKnexDialect {
  _driver() {
    return mysql;
  }
}
const orm = await MikroORM.init({
  user,
  password,
  dbName: database,
  driverOptions: { client: ClusterDialect, connection: { cluster: { nodes } } },
  entities: [GuestSchema],
});

const em = orm.em.fork();
await em.execute('CREATE TABLE IF NOT EXISTS guest (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50))');
// The primary.
const id = await em.insert(Guest, { name: 'Ada' });
// A replica, which has that row already.
const guest = await em.findOneOrFail(Guest, id);
console.log(`guest ${guest.id} is ${guest.name}`);
// All of a transaction is the primary's.
await em.transactional(async (inner) => {
  await inner.nativeUpdate(Guest, { id }, { name: 'Eve' });
  const changed = await inner.findOne(Guest, id, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true });
  console.log(`and now ${changed?.name}`);
});
await orm.close();
