import { DataTypes, type Model, type ModelStatic, QueryTypes, Sequelize, UniqueConstraintError } from 'sequelize';
import { SequelizeStorage, Umzug } from 'umzug';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as mysql from '../../src/index.js';
import { failureOf, TEST_MS } from '../integration/support/lab.js';
import { OrmLab } from './support/orm-lab.js';

interface Author extends Model {
  id: number;
  name: string;
  books?: Book[];
}
interface Book extends Model {
  id: number;
  title: string;
}

const lab = new OrmLab();
let db: Sequelize;
let Authors: ModelStatic<Author>;
let Books: ModelStatic<Book>;

beforeAll(() => {
  const { user, password, database, cluster } = lab.options();
  db = new Sequelize(database as string, user as string, password as string, {
    dialect: 'mysql',
    dialectModule: mysql,
    dialectOptions: { cluster },
    pool: { max: 10 },
    logging: false,
  });
  Authors = db.define<Author>(
    'author',
    { name: { type: DataTypes.STRING(50), allowNull: false, unique: true } },
    { timestamps: false },
  );
  Books = db.define<Book>('book', { title: DataTypes.STRING(50), at: DataTypes.DATE }, { timestamps: false });
  Authors.hasMany(Books, { as: 'books' });
  Books.belongsTo(Authors);
});
afterAll(() => db.close());

describe('Sequelize', { timeout: TEST_MS }, () => {
  it('connects and makes its schema', async () => {
    await db.authenticate();
    await db.sync();
    await db.sync({ alter: true });
    expect(await db.getQueryInterface().showAllTables()).toEqual(expect.arrayContaining(['authors', 'books']));
  });

  it('migrates with umzug, there and back', async () => {
    const at = db.getQueryInterface();
    const columns = async (): Promise<string[]> => Object.keys(await at.describeTable('shelves')).sort();
    const umzug = new Umzug({
      context: at,
      storage: new SequelizeStorage({ sequelize: db }),
      logger: undefined,
      migrations: [
        {
          name: 'shelves',
          async up() {
            const id = { type: DataTypes.INTEGER, primaryKey: true, autoIncrement: true };
            await at.createTable('shelves', { id, label: DataTypes.STRING(50) });
            expect(await columns()).toEqual(['id', 'label']);
          },
          down: () => at.dropTable('shelves'),
        },
        {
          name: 'heights',
          async up() {
            await at.addColumn('shelves', 'height', { type: DataTypes.INTEGER, defaultValue: 3 });
            await at.addIndex('shelves', ['label'], { name: 'by_label' });
            await at.bulkInsert('shelves', [{ label: 'a' }, { label: 'b' }]);
            expect(await at.showIndex('shelves')).toContainEqual(expect.objectContaining({ name: 'by_label' }));
          },
          async down() {
            await at.removeIndex('shelves', 'by_label');
            await at.removeColumn('shelves', 'height');
            expect(await columns()).toEqual(['id', 'label']);
          },
        },
        {
          name: 'racks',
          up: () => at.renameTable('shelves', 'racks'),
          down: () => at.renameTable('racks', 'shelves'),
        },
      ],
    });
    expect((await umzug.up()).map(({ name }) => name)).toEqual(['shelves', 'heights', 'racks']);
    expect(await umzug.pending()).toEqual([]);
    expect(await db.query('SELECT label, height FROM racks', { type: QueryTypes.SELECT })).toHaveLength(2);
    await umzug.down({ step: 2 });
    expect((await umzug.pending()).map(({ name }) => name)).toEqual(['heights', 'racks']);
    expect(await at.tableExists('racks')).toBe(false);
    await umzug.down({ to: 0 });
    expect(await umzug.executed()).toEqual([]);
    expect(await at.tableExists('shelves')).toBe(false);
  });

  it('creates, reads, updates and deletes: reads on replicas, writes on the primary', async () => {
    const served = await lab.served(async () => {
      const { id } = await Authors.create({ name: 'ada' });
      expect((await Authors.findByPk(id))?.name).toBe('ada');
      expect(await Authors.update({ name: 'eva' }, { where: { id } })).toEqual([1]);
      expect(await Authors.count({ where: { name: 'eva' } })).toBe(1);
      expect(await Authors.destroy({ where: { id } })).toBe(1);
      expect(await Authors.findAll()).toEqual([]);
    });
    expect(served).toEqual({ replicaReads: 3, primaryReads: 0, primaryWrites: 3, replicaWrites: 0 });
  });

  it('sees what another of its connections has written', async () => {
    const served = await lab.served(async () => {
      await Authors.create({ name: 'seen' });
      // As many at a time as it has connections.
      const found = await Promise.all(Array.from({ length: 10 }, () => Authors.count({ where: { name: 'seen' } })));
      expect(found).toEqual(Array(10).fill(1));
      await Authors.destroy({ where: {} });
    });
    expect(served).toEqual({ replicaReads: 10, primaryReads: 0, primaryWrites: 2, replicaWrites: 0 });
  });

  it('gives the ids of several rows', async () => {
    const made = await Authors.bulkCreate([{ name: 'a' }, { name: 'b' }]);
    const rows = await Authors.findAll({ order: ['id'] });
    expect(made.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
    await Authors.destroy({ where: {} });
  });

  it('reads relations', async () => {
    const created = await Authors.create(
      { name: 'ann', books: [{ title: 'one' }, { title: 'two' }] },
      { include: [{ model: Books, as: 'books' }] },
    );
    expect(created.books).toHaveLength(2);
    const served = await lab.served(async () => {
      const found = await Authors.findOne({ where: { name: 'ann' }, include: [{ model: Books, as: 'books' }] });
      expect(found?.books?.map(({ title }) => title).sort()).toEqual(['one', 'two']);
    });
    expect(served).toMatchObject({ replicaReads: 1, primaryReads: 0 });
  });

  it('keeps its time zone on all nodes', async () => {
    const zone = (options: object): Promise<object[]> =>
      db.query('SELECT HOUR(FROM_UNIXTIME(0)) AS h FROM whoami', { type: QueryTypes.SELECT, ...options });
    const served = await lab.served(async () => expect(await zone({})).toEqual([{ h: 0 }]));
    expect(served).toMatchObject({ replicaReads: 1 });
    await db.transaction(async (transaction) => expect(await zone({ transaction })).toEqual([{ h: 0 }]));
  });

  it('runs bound statements: prepared where they run', async () => {
    const served = await lab.served(async () => {
      const options = { bind: ['ann'], type: QueryTypes.SELECT as const };
      for (let i = 0; i < 6; i++)
        expect(await db.query('SELECT name FROM authors WHERE name = $1', options)).toEqual([{ name: 'ann' }]);
    });
    expect(served).toMatchObject({ replicaReads: 6, primaryReads: 0 });
  });

  it('commits and rolls back, managed and by hand', async () => {
    const served = await lab.served(async () => {
      const failed = db.transaction(async (transaction) => {
        await Authors.create({ name: 'bob' }, { transaction });
        expect(await Authors.count({ where: { name: 'bob' }, transaction })).toBe(1);
        throw new Error('no');
      });
      expect((await failureOf(failed)).message).toBe('no');
      const outer = await db.transaction();
      await Authors.create({ name: 'kept' }, { transaction: outer });
      const inner = await db.transaction({ transaction: outer });
      await Authors.create({ name: 'undone' }, { transaction: inner });
      await inner.rollback();
      await outer.commit();
    });
    expect(served).toEqual({ replicaReads: 0, primaryReads: 1, primaryWrites: 3, replicaWrites: 0 });
    expect((await Authors.findAll({ order: ['id'] })).map(({ name }) => name)).toEqual(['ann', 'kept']);
  });

  it('says the error of the server in its own class', async () => {
    expect(await failureOf(Authors.create({ name: 'ann' }))).toBeInstanceOf(UniqueConstraintError);
  });

  it('is cancelled by a signal, on the server too', () => lab.cancels((text) => db.query(text)));

  it('goes on when the primary dies', async () => {
    const sql = 'INSERT INTO written (id) VALUES (?)';
    await lab.survives({
      write: (id) => db.query(sql, { replacements: [id] }),
      transact: (id) => db.transaction((transaction) => db.query(sql, { replacements: [id], transaction })),
      read: () => Authors.findAll(),
    });
    lab.expectNoneMisrouted();
  });
});
