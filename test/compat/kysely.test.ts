import { type Generated, Kysely, type Migration, Migrator, MysqlDialect, sql } from 'kysely';
import { jsonArrayFrom } from 'kysely/helpers/mysql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClusteredPool, createPool } from '../../src/index.js';
import { failureOf, TEST_MS } from '../integration/support/lab.js';
import { OrmLab } from './support/orm-lab.js';

interface Tables {
  readonly author: { readonly id: Generated<number>; readonly name: string };
  readonly book: { readonly id: Generated<number>; readonly author: number; readonly title: string };
  readonly written: { readonly id: number };
  readonly whoami: { readonly name: string };
}

const lab = new OrmLab();
let pool: ClusteredPool;
let db: Kysely<Tables>;

beforeAll(() => {
  pool = createPool(lab.options());
  db = new Kysely<Tables>({ dialect: new MysqlDialect({ pool }) });
});
afterAll(() => db.destroy());

const migration: Migration = {
  async up(made) {
    const { schema } = made;
    const withId = (name: string) =>
      schema.createTable(name).addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement());
    await withId('author')
      .addColumn('name', 'varchar(50)', (column) => column.notNull().unique())
      .execute();
    await withId('book')
      .addColumn('author', 'integer', (column) => column.notNull().references('author.id').onDelete('cascade'))
      .addColumn('title', 'varchar(50)', (column) => column.notNull())
      .execute();
  },
};

describe('Kysely', { timeout: TEST_MS }, () => {
  it('migrates, under its lock', async () => {
    const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ first: migration }) } });
    const { error, results } = await migrator.migrateToLatest();
    expect(error).toBeUndefined();
    expect(results?.map(({ status }) => status)).toEqual(['Success']);
    expect((await migrator.migrateToLatest()).results).toEqual([]);
    const tables = await db.introspection.getTables();
    expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(['author', 'book']));
  });

  it('creates, reads, updates and deletes: reads on replicas, writes on the primary', async () => {
    const served = await lab.served(async () => {
      const { insertId } = await db.insertInto('author').values({ name: 'ada' }).executeTakeFirstOrThrow();
      const ada = db.selectFrom('author').selectAll().where('id', '=', Number(insertId));
      expect(await ada.execute()).toEqual([{ id: Number(insertId), name: 'ada' }]);
      const updated = await db.updateTable('author').set({ name: 'eva' }).where('name', '=', 'ada').executeTakeFirst();
      expect([updated.numUpdatedRows, updated.numChangedRows]).toEqual([1n, 1n]);
      expect((await ada.executeTakeFirstOrThrow()).name).toBe('eva');
      expect((await db.deleteFrom('author').executeTakeFirst()).numDeletedRows).toBe(1n);
      expect(await ada.execute()).toEqual([]);
    });
    expect(served).toEqual({ replicaReads: 3, primaryReads: 0, primaryWrites: 3, replicaWrites: 0 });
  });

  it('reads relations as one JSON', async () => {
    const { insertId } = await db.insertInto('author').values({ name: 'ann' }).executeTakeFirstOrThrow();
    const author = Number(insertId);
    await db
      .insertInto('book')
      .values([
        { author, title: 'one' },
        { author, title: 'two' },
      ])
      .execute();
    const served = await lab.served(async () => {
      const found = await db
        .selectFrom('author')
        .select((row) => [
          'name',
          jsonArrayFrom(row.selectFrom('book').select('title').whereRef('author', '=', 'author.id')).as('books'),
        ])
        .executeTakeFirstOrThrow();
      expect(found.name).toBe('ann');
      expect(found.books).toEqual(expect.arrayContaining([{ title: 'one' }, { title: 'two' }]));
    });
    expect(served).toMatchObject({ replicaReads: 1, primaryReads: 0 });
  });

  it('commits and rolls back, savepoints too', async () => {
    const served = await lab.served(async () => {
      const failed = db.transaction().execute(async (trx) => {
        await trx.insertInto('author').values({ name: 'bob' }).execute();
        expect(await trx.selectFrom('author').select('id').where('name', '=', 'bob').execute()).toHaveLength(1);
        throw new Error('no');
      });
      expect((await failureOf(failed)).message).toBe('no');
      const trx = await db.startTransaction().execute();
      await trx.insertInto('author').values({ name: 'kept' }).execute();
      const inner = await trx.savepoint('s').execute();
      await inner.insertInto('author').values({ name: 'undone' }).execute();
      await inner.rollbackToSavepoint('s').execute();
      await trx.commit().execute();
    });
    expect(served).toEqual({ replicaReads: 0, primaryReads: 1, primaryWrites: 3, replicaWrites: 0 });
    const names = await db.selectFrom('author').select('name').orderBy('id').execute();
    expect(names.map(({ name }) => name)).toEqual(['ann', 'kept']);
  });

  it('keeps what a connection was set to, wherever it reads', async () => {
    await db.connection().execute(async (one) => {
      await sql`SET time_zone = '+05:00'`.execute(one);
      const hour = sql<{ h: number }>`SELECT HOUR(FROM_UNIXTIME(0)) AS h FROM whoami`;
      expect((await hour.execute(one)).rows).toEqual([{ h: 5 }]);
      await sql`SET time_zone = DEFAULT`.execute(one);
    });
  });

  it('streams', async () => {
    const titles: string[] = [];
    const served = await lab.served(async () => {
      for await (const { title } of db.selectFrom('book').select('title').orderBy('id').stream()) titles.push(title);
    });
    expect(titles).toEqual(['one', 'two']);
    expect(served).toMatchObject({ replicaReads: 1, primaryReads: 0 });
  });

  it('is cancelled by a signal, on the server too', () => lab.cancels((text) => sql.raw(text).execute(db)));

  it('goes on when the primary dies', async () => {
    await lab.survives({
      write: (id) => db.insertInto('written').values({ id }).execute(),
      transact: (id) => db.transaction().execute((trx) => trx.insertInto('written').values({ id }).execute()),
      read: () => db.selectFrom('whoami').selectAll().executeTakeFirstOrThrow(),
    });
    lab.expectNoneMisrouted(pool.cluster.status());
  });
});
