import { Migration, Migrator } from '@mikro-orm/migrations';
import { EntitySchema, MikroORM, type MySqlDriver, MySqlKnexDialect } from '@mikro-orm/mysql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as mysql from '../../src/index.js';
import { failureOf, TEST_MS } from '../integration/support/lab.js';
import { OrmLab } from './support/orm-lab.js';

class Author {
  id!: number;
  name!: string;
}
class Book {
  id!: number;
  title!: string;
  author!: Author;
}

const AuthorEntity = new EntitySchema<Author>({
  class: Author,
  properties: {
    id: { type: 'integer', primary: true, autoincrement: true },
    name: { type: 'string', length: 50, unique: true },
  },
});
const BookEntity = new EntitySchema<Book>({
  class: Book,
  properties: {
    id: { type: 'integer', primary: true, autoincrement: true },
    title: { type: 'string', length: 50 },
    author: { kind: 'm:1', entity: () => Author, deleteRule: 'cascade' },
  },
});

class Shelves extends Migration {
  override up(): void {
    this.addSql('CREATE TABLE shelf (id INT AUTO_INCREMENT PRIMARY KEY, label VARCHAR(50))');
    this.addSql("INSERT INTO shelf (label) VALUES ('a'), ('b')");
  }
  override down(): void {
    this.addSql('DROP TABLE shelf');
  }
}
class Heights extends Migration {
  override async up(): Promise<void> {
    this.addSql(
      `ALTER TABLE shelf ADD height INT NOT NULL DEFAULT ${(await this.execute('SELECT id FROM shelf')).length}`,
    );
  }
  override down(): void {
    this.addSql('ALTER TABLE shelf DROP COLUMN height');
  }
}

class ClusterDialect extends MySqlKnexDialect {
  _driver(): unknown {
    return mysql;
  }
}

const lab = new OrmLab();
let orm: MikroORM;

beforeAll(async () => {
  const { user, password, database, cluster } = lab.options();
  orm = await MikroORM.init({
    user: user as string,
    password: password as string,
    dbName: database as string,
    driverOptions: { client: ClusterDialect, connection: { cluster } },
    entities: [AuthorEntity, BookEntity],
    extensions: [Migrator],
    migrations: {
      migrationsList: [
        { name: 'shelves', class: Shelves },
        { name: 'heights', class: Heights },
      ],
      snapshot: false,
      silent: true,
    },
  });
});
afterAll(() => orm.close());

describe('MikroORM', { timeout: TEST_MS }, () => {
  it('makes its schema', async () => {
    await orm.schema.updateSchema({ safe: true });
    expect(await orm.schema.getUpdateSchemaSQL({ safe: true })).not.toContain('book');
  });

  it('migrates, there and back', async () => {
    const migrator = orm.getMigrator();
    const heights = () => orm.em.getConnection().execute('SELECT height FROM shelf');
    expect((await migrator.up()).map(({ name }) => name)).toEqual(['shelves', 'heights']);
    expect(await migrator.getPendingMigrations()).toEqual([]);
    expect(await heights()).toEqual([{ height: 2 }, { height: 2 }]);
    await migrator.down();
    expect((await migrator.getPendingMigrations()).map(({ name }) => name)).toEqual(['heights']);
    expect((await failureOf(heights())).message).toContain('Unknown column');
    await migrator.up();
    expect(await heights()).toHaveLength(2);
    await migrator.down({ to: 0 });
    expect(await migrator.getExecutedMigrations()).toEqual([]);
  });

  it('alters its schema by what differs, and sees it at once', async () => {
    const connection = (orm.em.getDriver() as MySqlDriver).getConnection();
    await connection.execute('ALTER TABLE book DROP COLUMN title');
    const missing = await orm.schema.getUpdateSchemaSQL({ safe: true });
    expect(missing).toContain('`title`');
    await orm.schema.updateSchema({ safe: true });
    expect(await orm.schema.getUpdateSchemaSQL({ safe: true })).not.toContain('`title`');
    expect(await connection.execute('SELECT title FROM book')).toEqual([]);
  });

  it('creates, reads, updates and deletes: reads on replicas, writes on the primary', async () => {
    const served = await lab.served(async () => {
      const em = orm.em.fork();
      const id = await em.insert(Author, { name: 'ada' });
      expect(await em.fork().findOne(Author, id)).toMatchObject({ name: 'ada' });
      expect(await em.nativeUpdate(Author, { id }, { name: 'eva' })).toBe(1);
      expect(await em.fork().count(Author, { name: 'eva' })).toBe(1);
      expect(await em.nativeDelete(Author, { id })).toBe(1);
      expect(await em.fork().find(Author, {})).toEqual([]);
    });
    expect(served).toEqual({ replicaReads: 3, primaryReads: 0, primaryWrites: 3, replicaWrites: 0 });
  });

  it('flushes what belongs together in one transaction, and reads relations', async () => {
    const em = orm.em.fork();
    const author = em.create(Author, { name: 'ann' });
    em.create(Book, { title: 'one', author });
    em.create(Book, { title: 'two', author });
    await em.flush();
    const served = await lab.served(async () => {
      const found = await orm.em.fork().find(Book, {}, { populate: ['author'], orderBy: { id: 'asc' } });
      expect(found.map(({ title, author }) => [title, author.name])).toEqual([
        ['one', 'ann'],
        ['two', 'ann'],
      ]);
    });
    expect(served).toMatchObject({ primaryReads: 0, replicaWrites: 0 });
    expect(served.replicaReads).toBeGreaterThanOrEqual(1);
  });

  it('commits and rolls back, nested too', async () => {
    const served = await lab.served(async () => {
      const failed = orm.em.fork().transactional(async (em) => {
        await em.insert(Author, { name: 'bob' });
        expect(await em.count(Author, { name: 'bob' })).toBe(1);
        throw new Error('no');
      });
      expect((await failureOf(failed)).message).toBe('no');
      await orm.em.fork().transactional(async (em) => {
        await em.insert(Author, { name: 'kept' });
        const inner = em.transactional(async (nested) => {
          await nested.insert(Author, { name: 'undone' });
          throw new Error('inner');
        });
        await failureOf(inner);
      });
    });
    expect(served).toEqual({ replicaReads: 0, primaryReads: 1, primaryWrites: 3, replicaWrites: 0 });
    const rows = await orm.em.fork().find(Author, {}, { orderBy: { id: 'asc' } });
    expect(rows.map(({ name }) => name)).toEqual(['ann', 'kept']);
  });

  it('streams, by its Knex', async () => {
    const titles: string[] = [];
    const knex = (orm.em.getDriver() as MySqlDriver).getConnection().getKnex();
    const served = await lab.served(async () => {
      for await (const row of knex('book').orderBy('id').stream()) titles.push(row.title);
    });
    expect(titles).toEqual(['one', 'two']);
    expect(served).toMatchObject({ replicaReads: 1, primaryReads: 0 });
  });

  it('locks on the primary', async () => {
    const served = await lab.served(() => orm.em.fork().transactional((em) => em.find(Author, {}, { lockMode: 4 })));
    expect(served).toMatchObject({ replicaReads: 0, primaryReads: 1 });
  });

  it('says the error of the server', async () => {
    const error = await failureOf(orm.em.fork().insert(Author, { name: 'ann' }));
    expect([error.constructor.name, error.code]).toEqual(['UniqueConstraintViolationException', 'ER_DUP_ENTRY']);
  });

  it('is cancelled by a signal, on the server too', () => lab.cancels((text) => orm.em.getConnection().execute(text)));

  it('goes on when the primary dies', async () => {
    const connection = (orm.em.getDriver() as MySqlDriver).getConnection();
    const sql = 'INSERT INTO written (id) VALUES (?)';
    await lab.survives({
      write: (id) => connection.execute(sql, [id], 'run'),
      transact: (id) =>
        orm.em.fork().transactional((em) => connection.execute(sql, [id], 'run', em.getTransactionContext())),
      read: () => orm.em.fork().find(Book, {}, { populate: ['author'] }),
    });
    lab.expectNoneMisrouted();
  });
});
