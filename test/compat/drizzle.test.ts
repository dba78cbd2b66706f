import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eq, relations, sql } from 'drizzle-orm';
import { int, mysqlTable, varchar } from 'drizzle-orm/mysql-core';
import { drizzle, type MySql2Database } from 'drizzle-orm/mysql2';
import { migrate } from 'drizzle-orm/mysql2/migrator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPool as createCallbackPool } from '../../src/index.js';
import { type ClusteredPromisePool, createPool } from '../../src/promise.js';
import { failureOf, TEST_MS } from '../integration/support/lab.js';
import { OrmLab } from './support/orm-lab.js';

const author = mysqlTable('author', {
  id: int('id').primaryKey().autoincrement(),
  name: varchar('name', { length: 50 }).notNull(),
});
const book = mysqlTable('book', {
  id: int('id').primaryKey().autoincrement(),
  author: int('author').notNull(),
  title: varchar('title', { length: 50 }).notNull(),
});
const written = mysqlTable('written', { id: int('id').notNull() });
const whoami = mysqlTable('whoami', { name: varchar('name', { length: 20 }).primaryKey() });
const authorRelations = relations(author, ({ many }) => ({ books: many(book) }));
const bookRelations = relations(book, ({ one }) => ({
  writer: one(author, { fields: [book.author], references: [author.id] }),
}));
const schema = { author, book, written, whoami, authorRelations, bookRelations };

const MIGRATION = `CREATE TABLE author (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50) NOT NULL UNIQUE);
--> statement-breakpoint
CREATE TABLE book (id INT AUTO_INCREMENT PRIMARY KEY, author INT NOT NULL, title VARCHAR(50) NOT NULL,
  FOREIGN KEY (author) REFERENCES author (id) ON DELETE CASCADE);`;

const lab = new OrmLab();
let pool: ClusteredPromisePool;
let db: MySql2Database<typeof schema>;

beforeAll(() => {
  pool = createPool(lab.options());
  db = drizzle(pool, { schema, mode: 'default' });
});
afterAll(() => pool.end());

/** A folder as drizzle-kit makes it. */
function migrationsFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mysql2-cluster-drizzle-'));
  mkdirSync(join(folder, 'meta'));
  writeFileSync(join(folder, '0000_first.sql'), MIGRATION);
  const entries = [{ idx: 0, version: '5', when: 1, tag: '0000_first', breakpoints: true }];
  writeFileSync(join(folder, 'meta/_journal.json'), JSON.stringify({ version: '7', dialect: 'mysql', entries }));
  return folder;
}

describe('Drizzle', { timeout: TEST_MS }, () => {
  it('migrates', async () => {
    const folder = migrationsFolder();
    try {
      await migrate(db, { migrationsFolder: folder });
      await migrate(db, { migrationsFolder: folder });
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect(await db.select().from(book)).toEqual([]);
  });

  it('creates, reads, updates and deletes: reads on replicas, writes on the primary', async () => {
    const served = await lab.served(async () => {
      const [{ insertId }] = await db.insert(author).values({ name: 'ada' });
      const ada = () => db.select().from(author).where(eq(author.id, insertId));
      expect(await ada()).toEqual([{ id: insertId, name: 'ada' }]);
      const [updated] = await db.update(author).set({ name: 'eva' }).where(eq(author.id, insertId));
      expect(updated.affectedRows).toBe(1);
      expect((await ada())[0]?.name).toBe('eva');
      const prepared = db
        .select({ name: author.name })
        .from(author)
        .where(eq(author.id, sql.placeholder('id')))
        .prepare();
      expect(await prepared.execute({ id: insertId })).toEqual([{ name: 'eva' }]);
      await db.delete(author);
      expect(await ada()).toEqual([]);
    });
    expect(served).toEqual({ replicaReads: 4, primaryReads: 0, primaryWrites: 3, replicaWrites: 0 });
  });

  it('gives the ids of several rows', async () => {
    const ids = await db
      .insert(author)
      .values([{ name: 'a' }, { name: 'b' }])
      .$returningId();
    const rows = await db.select().from(author).orderBy(author.id);
    expect(rows.map(({ id }) => ({ id }))).toEqual(ids);
    await db.delete(author);
  });

  it('reads relations in one statement', async () => {
    const [{ insertId }] = await db.insert(author).values({ name: 'ann' });
    await db.insert(book).values([
      { author: insertId, title: 'one' },
      { author: insertId, title: 'two' },
    ]);
    const served = await lab.served(async () => {
      const found = await db.query.author.findFirst({ with: { books: { columns: { title: true } } } });
      expect(found?.books.map(({ title }) => title).sort()).toEqual(['one', 'two']);
    });
    expect(served).toMatchObject({ replicaReads: 1, primaryReads: 0 });
  });

  it('commits and rolls back, nested too', async () => {
    const served = await lab.served(async () => {
      const failed = db.transaction(async (tx) => {
        await tx.insert(author).values({ name: 'bob' });
        expect(await tx.select().from(author).where(eq(author.name, 'bob'))).toHaveLength(1);
        tx.rollback();
      });
      expect((await failureOf(failed)).message).toBe('Rollback');
      await db.transaction(async (tx) => {
        await tx.insert(author).values({ name: 'kept' });
        const inner = tx.transaction(async (nested) => {
          await nested.insert(author).values({ name: 'undone' });
          nested.rollback();
        });
        await failureOf(inner);
      });
    });
    expect(served).toEqual({ replicaReads: 0, primaryReads: 1, primaryWrites: 3, replicaWrites: 0 });
    const rows = await db.select({ name: author.name }).from(author).orderBy(author.id);
    expect(rows.map(({ name }) => name)).toEqual(['ann', 'kept']);
  });

  it('iterates, and gives its connection back', async () => {
    const titles: string[] = [];
    const served = await lab.served(async () => {
      for (let round = 0; round < 12; round++)
        for await (const row of db.select().from(book).orderBy(book.id).prepare().iterator()) titles.push(row.title);
    });
    expect(titles).toHaveLength(24);
    expect(served).toMatchObject({ replicaReads: 12, primaryReads: 0 });
  });

  it('takes a callback pool as well', async () => {
    const callbacks = createCallbackPool(lab.options());
    const made = drizzle(callbacks, { schema, mode: 'default' });
    const [rows] = await made.execute(sql`SELECT name FROM whoami`);
    expect((rows as unknown as { name: string }[])[0]?.name).toMatch(/^node-[23]$/);
    await new Promise<void>((resolve) => callbacks.end(() => resolve()));
  });

  it('is cancelled by a signal, on the server too', () => lab.cancels((text) => db.execute(sql.raw(text))));

  it('goes on when the primary dies', async () => {
    await lab.survives({
      write: (id) => db.insert(written).values({ id }),
      transact: (id) => db.transaction((tx) => tx.insert(written).values({ id })),
      read: () => db.select().from(whoami),
    });
    lab.expectNoneMisrouted(pool.cluster.status());
  });
});
