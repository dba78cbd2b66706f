import knex, { type Knex } from 'knex';
import Mysql2Client from 'knex/lib/dialects/mysql2/index.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as mysql from '../../src/index.js';
import { failureOf, TEST_MS, until } from '../integration/support/lab.js';
import { OrmLab } from './support/orm-lab.js';

class ClusterClient extends Mysql2Client {
  override _driver(): unknown {
    return mysql;
  }
}

const lab = new OrmLab();
let pool: mysql.ClusteredPool;
const dbs: Record<string, Knex> = {};

beforeAll(() => {
  pool = mysql.createPool(lab.options());
  dbs.connectionPool = knex({ client: 'mysql2', connectionPool: pool as never });
  dbs.createConnection = knex({ client: ClusterClient as never, connection: lab.options() as never });
});
afterAll(async () => {
  for (const db of Object.values(dbs)) await db.destroy();
  await new Promise<void>((resolve) => pool.end(() => resolve()));
});

describe.each(['connectionPool', 'createConnection'])('Knex by its %s', { timeout: TEST_MS }, (door) => {
  const db = (): Knex => dbs[door] as Knex;
  const author = `author_${door}`;
  const book = `book_${door}`;

  it('migrates, under its lock', async () => {
    const migrationSource = {
      getMigrations: async () => [`first_${door}`],
      getMigrationName: (name: string) => name,
      getMigration: async () => ({
        up: async (made: Knex) => {
          await made.schema.createTable(author, (table) => {
            table.increments('id');
            table.string('name', 50).notNullable().unique();
          });
          await made.schema.createTable(book, (table) => {
            table.increments('id');
            table.integer('author').unsigned().notNullable().references(`${author}.id`).onDelete('CASCADE');
            table.string('title', 50).notNullable();
          });
        },
        down: async () => undefined,
      }),
    };
    const config = { migrationSource, tableName: `migrations_${door}` };
    expect((await db().migrate.latest(config))[1]).toEqual([`first_${door}`]);
    expect((await db().migrate.latest(config))[1]).toEqual([]);
    expect(await db().schema.hasTable(book)).toBe(true);
  });

  it('creates, reads, updates and deletes: reads on replicas, writes on the primary', async () => {
    const served = await lab.served(async () => {
      const [id] = await db()(author).insert({ name: 'ada' });
      expect(await db()(author).where({ id })).toEqual([{ id, name: 'ada' }]);
      expect(await db()(author).where({ id }).update({ name: 'eva' })).toBe(1);
      expect((await db()(author).where({ id }).first()).name).toBe('eva');
      expect(await db()(author).del()).toBe(1);
      expect(await db()(author).pluck('name')).toEqual([]);
    });
    expect(served).toEqual({ replicaReads: 3, primaryReads: 0, primaryWrites: 3, replicaWrites: 0 });
  });

  it('sees what another of its connections has written', async () => {
    const served = await lab.served(async () => {
      await db()(author).insert({ name: 'seen' });
      // As many at a time as it has connections.
      const found = await Promise.all(Array.from({ length: 10 }, () => db()(author).where({ name: 'seen' })));
      expect(found.map((rows) => rows.length)).toEqual(Array(10).fill(1));
      await db()(author).del();
    });
    expect(served).toEqual({ replicaReads: 10, primaryReads: 0, primaryWrites: 2, replicaWrites: 0 });
  });

  it('joins', async () => {
    const [id] = await db()(author).insert({ name: 'ann' });
    await db()(book).insert([
      { author: id, title: 'one' },
      { author: id, title: 'two' },
    ]);
    const served = await lab.served(async () => {
      const rows = await db()(author).join(book, `${book}.author`, `${author}.id`).select('name', 'title');
      expect(rows).toHaveLength(2);
    });
    expect(served).toMatchObject({ replicaReads: 1, primaryReads: 0 });
  });

  it('commits and rolls back, nested too', async () => {
    const served = await lab.served(async () => {
      const failed = db().transaction(async (trx) => {
        await trx(author).insert({ name: 'bob' });
        expect(await trx(author).where({ name: 'bob' })).toHaveLength(1);
        throw new Error('no');
      });
      expect((await failureOf(failed)).message).toBe('no');
      await db().transaction(async (trx) => {
        await trx(author).insert({ name: 'kept' });
        const inner = trx.transaction(async (nested) => {
          await nested(author).insert({ name: 'undone' });
          throw new Error('inner');
        });
        await failureOf(inner);
      });
    });
    expect(served).toEqual({ replicaReads: 0, primaryReads: 1, primaryWrites: 3, replicaWrites: 0 });
    expect(await db()(author).orderBy('id').pluck('name')).toEqual(['ann', 'kept']);
  });

  it('streams', async () => {
    const titles: string[] = [];
    const served = await lab.served(async () => {
      for await (const row of db()(book).orderBy('id').stream()) titles.push(row.title);
    });
    expect(titles).toEqual(['one', 'two']);
    expect(served).toMatchObject({ replicaReads: 1, primaryReads: 0 });
  });

  it('goes on after an error', async () => {
    const error = await failureOf(db()(author).insert({ name: 'ann' }) as unknown as Promise<unknown>);
    expect([error.code, error.errno]).toEqual(['ER_DUP_ENTRY', 1062]);
    expect(await db()(author).where({ name: 'ann' })).toHaveLength(1);
  });
});

describe('Knex', { timeout: TEST_MS }, () => {
  it('cancels what takes too long, on the server', async () => {
    const db = dbs.createConnection as Knex;
    const sleeping = db.raw('SELECT SLEEP(30) AS cancelled_by_knex FROM whoami FOR UPDATE');
    const error = await failureOf(sleeping.timeout(300, { cancel: true }) as unknown as Promise<unknown>);
    expect(error.message).toContain('timeout');
    const { here } = lab;
    const running =
      "SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(30) AS cancelled_by_knex%'";
    await until(async () => (await here.cluster.query(here.primary, running)).length === 0, 5_000);
  });

  it('goes on when the primary dies', async () => {
    const actsOf = (db: Knex) => ({
      write: (id: number) => Promise.resolve(db('written').insert({ id })),
      transact: (id: number) => db.transaction((trx) => trx('written').insert({ id })),
      read: () => Promise.resolve(db('whoami').first()),
    });
    await lab.survives(...Object.values(dbs).map(actsOf));
    lab.expectNoneMisrouted(pool.cluster.status());
    lab.expectNoneMisrouted();
  });
});
