// DB_NODES=db-1,db-2,db-3 DB_USER=app DB_PASSWORD=… DB_NAME=shop npm run example examples/sequelize.ts
import * as mysql from 'mysql2-cluster';
import { DataTypes, Sequelize } from 'sequelize';

const { DB_USER: user = 'root', DB_PASSWORD: password = '', DB_NAME: database = 'test' } = process.env;
const nodes = (process.env.DB_NODES ?? '127.0.0.1:3306').split(',');

const db = new Sequelize(database, user, password, {
  dialect: 'mysql',
  dialectModule: mysql,
  dialectOptions: { cluster: { nodes } },
  logging: false,
});

const options = { timestamps: false, freezeTableName: true };
const Guest = db.define('guest', { name: DataTypes.STRING(50) }, options);
await Guest.sync();
// The primary.
const { id } = (await Guest.create({ name: 'Ada' })).get();
// A replica, which has that row already.
const guest = await Guest.findByPk(id, { rejectOnEmpty: true });
console.log(`guest ${id} is ${guest.get('name')}`);
// All of a transaction is the primary's.
await db.transaction(async (transaction) => {
  await guest.update({ name: 'Eve' }, { transaction });
  const changed = await Guest.findByPk(id, { transaction, lock: true });
  console.log(`and now ${changed?.get('name')}`);
});
await db.close();
