import * as driver from 'mysql2';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as ours from '../../src/index.js';
import { lab, TEST_MS, until } from './support/lab.js';

const here = lab({ replicas: 1 }, async (made) => {
  await made.cluster.query(made.primary, 'CREATE TABLE shop.t (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(20))');
  await made.cluster.query(
    made.primary,
    'CREATE PROCEDURE shop.both_ways() BEGIN SELECT 1 AS one; SET @inside = 1; SELECT 2 AS two; END',
  );
  await made.cluster.waitForReplication();
});

afterEach(() => here.endAll());

type Options = driver.ConnectionOptions;
type Loose = { readonly sql: string; readonly values: unknown };

function closing<T extends { destroy(): void }>(connection: T): T {
  return here.use(connection, (made) => made.destroy());
}

/** mysql2's connection to the primary, and ours to the cluster. */
function both(outer: Options = {}): [driver.Connection, driver.Connection] {
  const { user, password, database, primary } = here.cluster;
  const plain = { host: primary.host, port: primary.port, user, password, database, ...outer };
  return [closing(driver.createConnection(plain)), closing(ours.createConnection(here.options({}, outer as object)))];
}

function answer(on: driver.Connection, sql: string | object, values?: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, rows: unknown): void => (error ? reject(error) : resolve(rows));
    on.query(sql as string, values as never, done as never);
  });
}

/** All that the events of a query without a callback brought. */
function streamed(on: driver.Connection, sql: string): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const told: unknown[] = [];
    const command = on.query(sql);
    command.on('result', (row) => told.push(row));
    command.on('error', reject);
    command.on('end', () => resolve(told));
  });
}

describe('a statement without a callback that fails, and nobody listens to', { timeout: TEST_MS }, () => {
  const BAD = 'UPDATE t SET no_such = 1';
  const told = (on: driver.Connection): string[] => {
    const events: string[] = [];
    on.on('error', ({ code, fatal }: driver.QueryError) => events.push(`${code} ${fatal}`));
    return events;
  };
  const pooled = (): Promise<driver.PoolConnection> => {
    const pool = here.use(ours.createPool(here.options({}, { connectionLimit: 1 })), (made) => made.end());
    return taken(pool);
  };
  const taken = (pool: driver.Pool): Promise<driver.PoolConnection> =>
    new Promise((resolve, reject) => pool.getConnection((error, one) => (error ? reject(error) : resolve(one))));

  it.each(['query', 'execute'] as const)("is an 'error' of its connection, which is lost with it: %s", async (how) => {
    const [plain, mine] = both();
    const each = how === 'query' ? [plain, mine] : [mine]; // of mysql2's execute it is uncaught, whoever listens
    for (const on of [...each, await pooled()]) {
      const events = told(on);
      on.query('BEGIN');
      on[how](BAD);
      on.query('COMMIT');
      await until(() => events.length > 0);
      await expect(answer(on, 'SELECT 1')).rejects.toThrow();
      expect(events).toEqual(['ER_BAD_FIELD_ERROR true']);
    }
  });

  it('is told also when the connection ends after it', async () => {
    const [, mine] = both();
    const events = told(mine);
    mine.query(BAD);
    mine.end();
    await until(() => events.length > 0);
    expect(events).toEqual(['ER_BAD_FIELD_ERROR true']);
  });

  it('is nothing to the next borrower of a pool', async () => {
    const pool = here.use(ours.createPool(here.options({}, { connectionLimit: 1 })), (made) => made.end());
    const first = await taken(pool);
    const events = told(first);
    first.query(BAD);
    first.release();
    const next = await taken(pool);
    await expect(answer(next, 'SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
    expect(events).toEqual([]);
    next.release();
  });

  it('is nothing of a pool, which goes on', async () => {
    const pool = here.use(ours.createPool(here.options()), (made) => made.end());
    await new Promise((resolve) => pool.query(BAD).on('end', resolve));
    await expect(answer(pool as never, 'SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
  });
});

describe('headers of results are those that mysql2 would give', { timeout: TEST_MS }, () => {
  const TEXTS = [
    "SET NAMES 'koi8r'",
    "SET time_zone = '+02:00'",
    "SET sql_mode = 'ANSI_QUOTES'",
    'USE information_schema',
    'USE shop',
    'SET autocommit = 0',
    "INSERT INTO t (v) VALUES ('a')",
    'COMMIT',
    'SET autocommit = 1',
    'START TRANSACTION',
    "INSERT INTO t (v) VALUES ('z')",
    'SAVEPOINT here',
    'ROLLBACK',
    'BEGIN',
    'COMMIT',
    'BEGIN',
    "INSERT INTO t (v) VALUES ('y')",
    ' commit',
    'SET @a = 1',
    'CREATE TEMPORARY TABLE passing (id INT)',
    "INSERT INTO t (v) VALUES ('b'), ('c')",
    "UPDATE t SET v = 'd' WHERE v = 'no such'",
    "SET time_zone = '+03:00'; SELECT 1; INSERT INTO t (v) VALUES ('e')",
    'SELECT 1; SET @b = 2',
    'CALL both_ways()',
  ];

  // Two connections insert in turn: the ids differ.
  const written = (value: unknown): string =>
    JSON.stringify(value, (name, part: unknown) => (name === 'insertId' ? Number(part) > 0 : part));

  it('by callback', async () => {
    const [plain, clustered] = both({ multipleStatements: true });
    for (const sql of TEXTS) {
      expect([sql, written(await answer(clustered, sql))]).toEqual([sql, written(await answer(plain, sql))]);
    }
  });

  it('by events', async () => {
    const [plain, clustered] = both({ multipleStatements: true });
    for (const sql of TEXTS) {
      expect([sql, written(await streamed(clustered, sql))]).toEqual([sql, written(await streamed(plain, sql))]);
    }
  });

  it('by the binary protocol', async () => {
    const [plain, clustered] = both();
    const sql = 'INSERT INTO t (v) VALUES (?)';
    const [expected, got] = await Promise.all(
      [plain, clustered].map(async (on) => (await on.promise().execute(sql, ['x']))[0]),
    );
    expect(written(got)).toBe(written(expected));
  });

  it('and the session knows what it does not show: each of several statements, also by events', async () => {
    const [, clustered] = both({ multipleStatements: true });
    await streamed(clustered, "SET time_zone = '+05:00'; SET sql_mode = 'ANSI_QUOTES'");
    const asked = 'SELECT @@session.time_zone AS zone, @@session.sql_mode AS mode';
    for (const route of ['primary', 'replica']) {
      const rows = await answer(clustered, { sql: asked, cluster: { route } });
      expect([route, rows]).toEqual([route, [{ zone: '+05:00', mode: 'ANSI_QUOTES' }]]);
    }
  });
});

describe('a call of a connection does at once what it does in mysql2', { timeout: TEST_MS }, () => {
  it.each([
    ['undefined', [undefined]],
    ['a function', [() => 1]],
    ['what is no array', { a: 1 }],
  ])('execute() throws for %s', async (_name, values) => {
    const [plain, clustered] = both();
    const messageOf = (on: driver.Connection): string => {
      try {
        on.execute('SELECT ? AS v', values as never, () => undefined);
      } catch (error) {
        return `${(error as Error).name}: ${(error as Error).message}`;
      }
      return 'nothing was thrown';
    };
    expect(messageOf(clustered)).toBe(messageOf(plain));
    expect(messageOf(clustered)).toContain('TypeError');
    expect(await answer(clustered, 'SELECT 1 AS v')).toEqual([{ v: 1 }]);
  });

  it('the handle of a prepared statement tells its callback, and works on', async () => {
    const errors: string[] = [];
    for (const on of both()) {
      const statement = await on.promise().prepare('SELECT ? AS v');
      const failed = await statement.execute([undefined] as never).catch((error: Error) => error);
      errors.push(String(failed));
      expect((await statement.execute(['x']))[0]).toEqual([{ v: 'x' }]);
    }
    expect(errors[1]).toBe(errors[0]);
    expect(errors[1]).toContain('undefined');
  });

  it("the command of an execute() with a callback emits 'end', whatever comes of it", async () => {
    for (const on of both())
      for (const sql of ['SELECT 1', 'SELECT nothing']) {
        const told = vi.fn();
        await new Promise((resolve) => (on.execute(sql, told) as unknown as NodeJS.EventEmitter).once('end', resolve));
        await until(() => told.mock.calls.length === 1);
      }
  });

  it('changeUser() and reset() take effect in their turn', async () => {
    const told: unknown[][] = [];
    for (const on of both()) {
      const { user, password } = here.cluster;
      const rows: unknown[] = [];
      const ask = (sql: string): void => void on.query(sql, (error, row) => rows.push(error?.message ?? row));
      await new Promise<void>((resolve) => {
        ask('SET @a = 1');
        on.changeUser({ user, password, database: 'information_schema' }, (error) => rows.push(error ?? 'changed'));
        ask('SELECT DATABASE() AS d, @a AS a');
        ask('SET @a = 2');
        on.reset((error) => rows.push(error ?? 'reset'));
        ask('SELECT @a AS a');
        on.ping(() => resolve());
      });
      told.push(rows.filter((row) => typeof row === 'string' || Array.isArray(row)));
    }
    expect(told[1]).toEqual(told[0]);
    expect(told[1]).toEqual(['changed', [{ d: 'information_schema', a: null }], 'reset', [{ a: null }]]);
  });

  it('its command shows the text that is sent, with its values', async () => {
    const shown: unknown[][] = [];
    const at = new Date(Date.UTC(2026, 0, 2, 3, 4, 5));
    for (const on of both({ timezone: '+03:00', stringifyObjects: true })) {
      const queued = on.query('SELECT ? AS v, ? AS at, ? AS o', ['it?s', at, { a: 1 }]) as unknown as Loose;
      const now = [queued.sql, queued.values];
      await answer(on, 'DO 0');
      const idle = on.query('SELECT ? AS v', [2]) as unknown as Loose;
      const plain = on.query('SELECT 3 AS v') as unknown as Loose;
      shown.push([...now, queued.sql, idle.sql, plain.sql]);
      expect(await answer(on, 'SELECT ? AS v', ['it?s'])).toEqual([{ v: 'it?s' }]);
    }
    expect(shown[1]).toEqual(shown[0]);
    expect(shown[1]?.[0]).toContain("'it?s'");
  });

  it('values are those of the call, whatever becomes of them while it waits; those of execute() are read when it is sent', async () => {
    const rows: unknown[][] = [];
    for (const on of both()) {
      const values = ['it?s 0'];
      const texts: Promise<unknown>[] = [];
      const bound: Promise<unknown>[] = [];
      for (const value of ['it?s 1', 'it?s 2', 'it?s 3']) {
        values[0] = value;
        texts.push(answer(on, 'SELECT ? AS v', values));
        bound.push(new Promise((resolve) => on.execute('SELECT ? AS v', values, (_, told) => resolve(told))));
        const named = { sql: "SELECT :v AS v, ':v' AS name", values: { v: value }, namedPlaceholders: true };
        texts.push(answer(on, named));
        named.values.v = 'late';
        const command = on.query('SELECT ? AS v', values);
        texts.push(new Promise((resolve) => command.on('result', resolve)));
      }
      rows.push(await Promise.all(texts), await Promise.all(bound));
    }
    expect(rows.slice(2)).toEqual(rows.slice(0, 2));
    expect(rows[2]?.slice(3)).toEqual([
      [{ v: 'it?s 2' }],
      [{ v: 'it?s 2', name: ':v' }],
      { v: 'it?s 2' },
      ...rows[2]!.slice(6),
    ]);
  });

  it('names are turned into positions, also when they are switched on later', async () => {
    const all: unknown[][] = [];
    for (const on of both()) {
      await answer(on, 'DO 0');
      on.config.namedPlaceholders = true;
      const text = 'SELECT :b AS b, :a AS a, :b AS c';
      const rows: unknown[] = [];
      const commands = await new Promise<Loose[]>((resolve, reject) => {
        const take = (error: Error | null, row: unknown): void => {
          if (error) return reject(error);
          rows.push(row);
          if (rows.length === 2) resolve(made as unknown as Loose[]);
        };
        const made = [on.execute(text, { a: 1, b: 'x' }, take), on.query(text, { a: 1, b: 'x' }, take)];
      });
      const shown = commands.map(({ sql, values }) => [sql, values]);
      all.push([rows, shown, on.format(text, { a: 1, b: 'x' } as never)]);
    }
    expect(all[1]).toEqual(all[0]);
    expect(all[1]?.[0]).toEqual([[{ b: 'x', a: 1, c: 'x' }], [{ b: 'x', a: 1, c: 'x' }]]);
  });
});

it('the socket of a closed connection is still one that can be told things', { timeout: TEST_MS }, async () => {
  for (const on of both()) {
    const loose = on as unknown as { readonly stream: NodeJS.EventEmitter & { readonly destroyed: boolean } };
    const errors: Error[] = [];
    on.on('error', (error) => errors.push(error));
    await answer(on, 'SELECT 1');
    expect(loose.stream.destroyed).toBe(false);
    on.destroy();
    const late = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    expect(() => loose.stream.emit('error', late)).not.toThrow();
    await until(() => loose.stream.destroyed);
    expect(errors).toEqual([]);
  }
});
