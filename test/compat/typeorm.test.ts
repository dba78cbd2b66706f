import 'reflect-metadata';
import { DataSource, EntitySchema, type MigrationInterface, type QueryRunner } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as mysql from '../../src/index.js';
import { failureOf, TEST_MS } from '../integration/support/lab.js';
import { OrmLab } from './support/orm-lab.js';

interface Author {
  id: number;
  name: string;
  books?: Book[];
}
interface Book {
  id: number;
  title: string;
  author?: Author;
}

const AuthorEntity = new EntitySchema<Author>({
  name: 'author',
  columns: { id: { type: 'int', primary: true, generated: true }, name: { type: String, length: 50, unique: true } },
  relations: { books: { type: 'one-to-many', target: 'book', inverseSide: 'author', cascade: true } },
});
const BookEntity = new EntitySchema<Book>({
  name: 'book',
  columns: { id: { type: 'int', primary: true, generated: true }, title: { type: String, length: 50 } },
  relations: { author: { type: 'many-to-one', target: 'author', inverseSide: 'books', onDelete: 'CASCADE' } },
});

class AddYear1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE book ADD COLUMN year INT NULL');
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE book DROP COLUMN year');
  }
}

const lab = new OrmLab();
let db: DataSource;

beforeAll(() => {
  const { user, password, database, cluster } = lab.options();
  db = new DataSource({
    type: 'mysql',
    driver: mysql,
    username: user as string,
    password: password as string,
    database: database as string,
    extra: { cluster },
    entities: [AuthorEntity, BookEntity],
    migrations: [AddYear1700000000000],
  });
});
afterAll(() => db.destroy());

/** The pool that TypeORM has made by `createPool` of the driver that it was given. */
const poolOf = (source: DataSource): mysql.ClusteredPool =>
  (source.driver as unknown as { pool: mysql.ClusteredPool }).pool;

describe('TypeORM', { timeout: TEST_MS }, () => {
  it('connects, makes its schema, and migrates', async () => {
    await db.initialize();
    await db.synchronize();
    await db.synchronize();
    expect((await db.runMigrations()).map(({ name }) => name)).toEqual(['AddYear1700000000000']);
    expect(await db.runMigrations()).toEqual([]);
    expect(await db.query('SELECT id, title, year FROM book')).toEqual([]);
  });

  it('creates, reads, updates and deletes: reads on replicas, writes on the primary', async () => {
    const authors = db.getRepository(AuthorEntity);
    const served = await lab.served(async () => {
      const { identifiers } = await authors.insert({ name: 'ada' });
      const { id } = identifiers[0] as { id: number };
      expect(await authors.findOneBy({ id })).toEqual({ id, name: 'ada' });
      expect((await authors.update({ id }, { name: 'eva' })).affected).toBe(1);
      expect(await authors.countBy({ name: 'eva' })).toBe(1);
      expect((await authors.delete({ id })).affected).toBe(1);
      expect(await authors.find()).toEqual([]);
    });
    expect(served).toEqual({ replicaReads: 3, primaryReads: 0, primaryWrites: 3, replicaWrites: 0 });
  });

  it('saves with its relations, and reads them', async () => {
    const authors = db.getRepository(AuthorEntity);
    const saved = await authors.save({ name: 'ann', books: [{ title: 'one' }, { title: 'two' }] as Book[] });
    expect(saved.books?.map(({ id }) => typeof id)).toEqual(['number', 'number']);
    const served = await lab.served(async () => {
      const found = await authors.findOneOrFail({ where: { name: 'ann' }, relations: { books: true } });
      expect(found.books?.map(({ title }) => title).sort()).toEqual(['one', 'two']);
      const rows = await authors.createQueryBuilder('a').innerJoinAndSelect('a.books', 'b').orderBy('b.id').getMany();
      expect(rows[0]?.books).toHaveLength(2);
    });
    expect(served).toMatchObject({ primaryReads: 0, replicaWrites: 0 });
    expect(served.replicaReads).toBeGreaterThanOrEqual(2);
  });

  it('commits and rolls back, nested too', async () => {
    const served = await lab.served(async () => {
      const failed = db.transaction(async (manager) => {
        await manager.insert(AuthorEntity, { name: 'bob' });
        expect(await manager.countBy(AuthorEntity, { name: 'bob' })).toBe(1);
        throw new Error('no');
      });
      expect((await failureOf(failed)).message).toBe('no');
      await db.transaction(async (manager) => {
        await manager.insert(AuthorEntity, { name: 'kept' });
        const inner = manager.transaction(async (nested) => {
          await nested.insert(AuthorEntity, { name: 'undone' });
          throw new Error('inner');
        });
        await failureOf(inner);
      });
    });
    expect(served).toEqual({ replicaReads: 0, primaryReads: 1, primaryWrites: 3, replicaWrites: 0 });
    expect((await db.getRepository(AuthorEntity).find({ order: { id: 'ASC' } })).map(({ name }) => name)).toEqual([
      'ann',
      'kept',
    ]);
  });

  it('streams', async () => {
    const titles: string[] = [];
    const served = await lab.served(async () => {
      const stream = await db.getRepository(BookEntity).createQueryBuilder('b').orderBy('b.id').stream();
      for await (const row of stream) titles.push((row as { b_title: string }).b_title);
    });
    expect(titles).toEqual(['one', 'two']);
    expect(served).toMatchObject({ replicaReads: 1, primaryReads: 0 });
  });

  it('says the error of the server', async () => {
    const error = await failureOf(db.getRepository(AuthorEntity).insert({ name: 'ann' }));
    expect([error.name, error.code, error.errno]).toEqual(['QueryFailedError', 'ER_DUP_ENTRY', 1062]);
  });

  it('is cancelled by a signal, on the server too', () => lab.cancels((text) => db.query(text)));

  it('goes on when the primary dies', async () => {
    await lab.survives({
      write: (id) => db.query('INSERT INTO written (id) VALUES (?)', [id]),
      transact: (id) => db.transaction((manager) => manager.query('INSERT INTO written (id) VALUES (?)', [id])),
      read: () => db.getRepository(BookEntity).find(),
    });
    lab.expectNoneMisrouted(poolOf(db).cluster.status());
  });

  it('says at once what is wrong with the account', async () => {
    const { user, database, cluster } = lab.options();
    const wrong = new DataSource({
      type: 'mysql',
      driver: mysql,
      username: user as string,
      password: 'wrong',
      database: database as string,
      extra: { cluster },
    });
    expect((await failureOf(wrong.initialize())).code).toBe('ER_ACCESS_DENIED_ERROR');
  });
});
