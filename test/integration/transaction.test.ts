import { once } from 'node:events';
import type { Connection as CallbackConnection } from 'mysql2';
import type { ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPool as createCallbackPool } from '../../src/index.js';
import {
  type ClusteredPromisePool,
  type ClusteredPromisePoolConnection,
  createConnection,
  OptionError,
  StatementRefusedError,
  TransactionLostError,
  WriteOutcomeUnknownError,
} from '../../src/promise.js';
import { failureOf, lab, nameOf, pause, rowsOf, TEST_MS, until } from './support/lab.js';

const here = lab({ semiSync: { timeoutMs: 10_000 } }, async (made) => {
  for (const sql of TABLES) await made.cluster.query(made.primary, sql);
  await made.cluster.waitForReplication();
});

// `refused` fails as the server does when it rolls back for another: 1213 for the value -1, 1205 for -2, 1062 for -3.
const TABLES = [
  'CREATE TABLE shop.stock (id INT PRIMARY KEY, n INT NOT NULL)',
  'CREATE TABLE shop.line (id INT AUTO_INCREMENT PRIMARY KEY, v INT)',
  'CREATE TABLE shop.refused (v INT)',
  `CREATE TRIGGER shop.refusing BEFORE INSERT ON shop.refused FOR EACH ROW BEGIN
     IF NEW.v = -1 THEN SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'deadlock'; END IF;
     IF NEW.v = -2 THEN SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1205, MESSAGE_TEXT = 'lock wait'; END IF;
     IF NEW.v = -3 THEN SIGNAL SQLSTATE '23000' SET MYSQL_ERRNO = 1062, MESSAGE_TEXT = 'duplicate'; END IF;
   END`,
  'CREATE PROCEDURE shop.commits() BEGIN INSERT INTO line (v) VALUES (7); COMMIT; START TRANSACTION; END',
];

beforeEach(async () => {
  await here.mark();
  await here.cluster.query(here.primary, 'TRUNCATE shop.line');
  await here.cluster.query(here.primary, 'REPLACE INTO shop.stock VALUES (1, 0), (2, 0)');
  await here.cluster.waitForReplication();
});

afterEach(() => here.endAll());

const DEADLOCK = 'INSERT INTO refused VALUES (-1)';

async function lines(): Promise<unknown[]> {
  const rows = (await here.cluster.query(here.primary, 'SELECT v FROM shop.line ORDER BY id')) as RowDataPacket[];
  return rows.map(({ v }) => v);
}

/** Adds a line, then runs `sql`, as a transaction that counts its attempts. */
function lineThen(sql: string, attempts: { count: number }) {
  return async (connection: ClusteredPromisePoolConnection): Promise<void> => {
    attempts.count++;
    await connection.query('INSERT INTO line (v) VALUES (?)', [attempts.count]);
    await connection.query(sql);
  };
}

describe('cluster.transaction', { timeout: TEST_MS }, () => {
  it('commits, and gives what the function returned; all of it runs on one connection of the primary', async () => {
    const pool = await here.pool();
    const made = await pool.cluster.transaction(async (connection) => {
      const [header] = await connection.execute<ResultSetHeader>('INSERT INTO line (v) VALUES (?)', [1]);
      const id = connection.threadId;
      expect(await nameOf(connection)).toBe(here.primary.name);
      expect(connection.threadId).toBe(id);
      return header.insertId;
    });
    expect(made).toBe(1);
    expect(await lines()).toEqual([1]);
    expect(await rowsOf(pool, 'SELECT v FROM line')).toEqual([{ v: 1 }]);
  });

  it('rolls back when the function throws, and throws the same', async () => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    const own = new Error('changed my mind');
    const failed = pool.cluster.transaction(async (connection) => {
      await connection.query('INSERT INTO line (v) VALUES (1)');
      throw own;
    });
    expect(await failureOf(failed)).toBe(own);
    const attempts = { count: 0 };
    expect(
      await failureOf(pool.cluster.transaction(lineThen('INSERT INTO refused VALUES (-3)', attempts))),
    ).toMatchObject({
      errno: 1062,
    });
    expect(attempts.count).toBe(1);
    await pool.query('INSERT INTO line (v) VALUES (2)');
    expect(await lines()).toEqual([2]);
  });

  it('two that meet in a deadlock both succeed, and each counts once', async () => {
    const pool = await here.pool();
    let attempts = 0;
    const move = (from: number, to: number): Promise<void> =>
      pool.cluster.transaction(async (connection) => {
        attempts++;
        await connection.query('UPDATE stock SET n = n + 1 WHERE id = ?', [from]);
        await pause(200);
        await connection.query('UPDATE stock SET n = n + 1 WHERE id = ?', [to]);
      });
    await Promise.all([move(1, 2), move(2, 1)]);
    expect(attempts).toBeGreaterThan(2);
    expect(await rowsOf(pool, 'SELECT n FROM stock')).toEqual([{ n: 2 }, { n: 2 }]);
  });

  it('a lock wait timeout: all of it is rolled back and run again', async () => {
    const pool = await here.pool();
    const holder = here.use(await pool.getConnection(), (taken) => taken.release());
    await holder.beginTransaction();
    await holder.query('UPDATE stock SET n = 5 WHERE id = 1');
    const attempts = { count: 0 };
    const done = pool.cluster.transaction(async (connection) => {
      await connection.query('SET SESSION innodb_lock_wait_timeout = 1');
      await lineThen('UPDATE stock SET n = n + 1 WHERE id = 1', attempts)(connection);
    });
    await until(() => attempts.count === 2);
    await holder.commit();
    await done;
    expect(await lines()).toEqual([attempts.count]);
    expect(await rowsOf(pool, 'SELECT n FROM stock WHERE id = 1')).toEqual([{ n: 6 }]);
  });

  it.each([DEADLOCK, 'INSERT INTO refused VALUES (-2)'])(
    "%s, each time: the server's error after so many attempts, and nothing is kept",
    async (sql) => {
      const pool = await here.pool();
      for (const [retries, expected] of [
        [undefined, 4],
        [1, 2],
        [0, 1],
      ] as const) {
        const attempts = { count: 0 };
        const options = retries === undefined ? {} : { retries };
        const error = await failureOf(pool.cluster.transaction(lineThen(sql, attempts), options));
        expect(error).toMatchObject({ sqlMessage: sql === DEADLOCK ? 'deadlock' : 'lock wait' });
        expect(attempts.count).toBe(expected);
      }
      expect(await lines()).toEqual([]);
    },
  );

  it('what the function does after a deadlock that it has caught is not run outside the transaction', async () => {
    const pool = await here.pool();
    const errors: Error[] = [];
    const failed = pool.cluster.transaction(
      async (connection) => {
        await connection.query('UPDATE stock SET n = n + 1 WHERE id = 1');
        await connection.query(DEADLOCK).catch(() => undefined);
        errors.push(await failureOf(connection.query('INSERT INTO line (v) VALUES (1)')));
      },
      { retries: 1 },
    );
    expect(await failureOf(failed)).toMatchObject({ errno: 1213 });
    expect(errors).toHaveLength(2);
    for (const error of errors) expect(error).toBeInstanceOf(TransactionLostError);
    expect(await lines()).toEqual([]);
  });

  it.each([
    ['COMMIT', 'COMMIT'],
    ['DDL', 'CREATE TABLE IF NOT EXISTS shop.line (id INT)'],
    ['DDL that fails', 'CREATE TABLE shop.line (id INT)'],
    ['a procedure that commits and begins anew', 'CALL commits()'],
    ['a ROLLBACK of its own', 'ROLLBACK'],
  ])('%s inside: it may have been committed, so it is not run again', async (_what, sql) => {
    const pool = await here.pool();
    let attempts = 0;
    const failed = pool.cluster.transaction(async (connection) => {
      attempts++;
      await connection.query('INSERT INTO line (v) VALUES (1)');
      await connection.query(sql).catch(() => undefined);
      await connection.query(DEADLOCK);
    });
    expect(await failureOf(failed)).toMatchObject({ errno: 1213 });
    expect(attempts).toBe(1);
  });

  it('what an attempt left running does not fall into the next', async () => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    const late: Promise<unknown>[] = [];
    let attempts = 0;
    await pool.cluster.transaction(async (connection) => {
      const attempt = ++attempts;
      late.push(
        pause(300).then(() => connection.query('INSERT INTO line (v) VALUES (-1)').catch((error: Error) => error)),
      );
      if (attempt === 1) await connection.query(DEADLOCK);
      await pause(600);
      await connection.query('INSERT INTO line (v) VALUES (?)', [attempt]);
    });
    const [first] = await Promise.all(late);
    expect(first).toBeInstanceOf(StatementRefusedError);
    expect(await lines()).toEqual([-1, 2]);
  });

  it('release() inside does nothing; connections come back; no warning of an open transaction', async () => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    const warnings: string[] = [];
    pool.cluster.on('warning', ({ code }) => warnings.push(code));
    for (let i = 0; i < 5; i++) {
      await pool.cluster.transaction(async (connection) => {
        connection.release();
        await connection.query('INSERT INTO line (v) VALUES (1)');
      });
      await failureOf(
        pool.cluster.transaction(async (connection) => {
          await connection.query('INSERT INTO line (v) VALUES (2)');
          throw new Error('no');
        }),
      );
    }
    expect(await lines()).toEqual([1, 1, 1, 1, 1]);
    expect(warnings).toEqual([]);
  });

  it('what the function did not wait for is part of it', async () => {
    const pool = await here.pool();
    await pool.cluster.transaction(async (connection) => {
      void connection.query('INSERT INTO line (v) SELECT 1 FROM stock WHERE SLEEP(0.1) = 0 LIMIT 1');
      void connection.query('INSERT INTO line (v) VALUES (2)');
    });
    expect(await lines()).toEqual([1, 2]);
  });

  it('a deadlock of what it did not wait for: nothing is said to be committed', async () => {
    const pool = await here.pool();
    let attempts = 0;
    const done = pool.cluster.transaction(async (connection) => {
      attempts++;
      await connection.query('INSERT INTO line (v) VALUES (1)');
      connection.query(DEADLOCK).catch(() => undefined);
    });
    expect(await failureOf(done)).toMatchObject({ errno: 1213 });
    expect([attempts, await lines()]).toEqual([4, []]);
  });

  it('a deadlock of one of several that run side by side: none of the others runs behind the ROLLBACK', async () => {
    const pool = await here.pool();
    let attempts = 0;
    const done = pool.cluster.transaction(async (connection) => {
      const first = attempts++ === 0 ? connection.query(DEADLOCK) : Promise.resolve();
      const others = [2, 3, 4].map((v) => connection.query('INSERT INTO line (v) VALUES (?)', [v]));
      await Promise.all([first, ...others]);
    });
    await done;
    expect([attempts, await lines()]).toEqual([2, [2, 3, 4]]);
  });

  it('a deadlock before others that nobody waits for ends in time', async () => {
    const pool = await here.pool();
    const done = pool.cluster.transaction(
      async (connection) => {
        for (const sql of [DEADLOCK, 'DO 1', 'DO 2']) connection.query(sql).catch(() => undefined);
      },
      { retries: 0 },
    );
    expect(await failureOf(done)).toMatchObject({ errno: 1213 });
    expect(await lines()).toEqual([]);
  });

  it('a stream that nobody reads on is ended within a bound; all else is committed, or rolled back', async () => {
    const pool = await here.pool({ failover: { holdMs: 300 } });
    const rows = 'SELECT a.v, REPEAT("x", 1000) FROM (SELECT 1 AS v UNION ALL SELECT 2) a, information_schema.columns';
    for (const thrown of [undefined, new Error('thrown by the function')]) {
      const told: Error[] = [];
      const work = pool.cluster.transaction(async (connection) => {
        await connection.query('INSERT INTO line (v) VALUES (1)');
        const stream = (connection as unknown as { connection: CallbackConnection }).connection.query(rows).stream();
        stream.on('error', (error: Error) => told.push(error));
        await once(stream, 'readable');
        if (thrown) throw thrown;
      });
      if (thrown) expect(await failureOf(work)).toBe(thrown);
      else await work;
      expect(told.map(({ message }) => message)).toEqual([expect.stringContaining('were not read')]);
      expect(await lines()).toEqual([1]);
    }
    // One that is read slowly is read to its end.
    let read = 0;
    await pool.cluster.transaction(async (connection) => {
      const { connection: inner } = connection as unknown as { connection: CallbackConnection };
      const stream = inner.query(rows).stream({ highWaterMark: 1 });
      void (async () => {
        for await (const _ of stream) if (read++ % 500 === 0) await pause(100);
      })();
      await once(stream, 'readable');
    });
    expect(read).toBeGreaterThan(4000);
  });

  it('what it sends when it has returned, or thrown, is refused, and never runs behind COMMIT', async () => {
    const pool = await here.pool();
    for (const fails of [false, true]) {
      const late: Promise<unknown>[] = [];
      const done = pool.cluster.transaction(async (connection) => {
        const chain = connection.query('INSERT INTO line (v) VALUES (1)');
        for (let ms = 0; ms < 10; ms++) {
          const sent = chain.then(() => pause(ms)).then(() => connection.query('INSERT INTO line (v) VALUES (2)'));
          late.push(sent.then(() => 'ran').catch((error: Error) => error));
        }
        await chain;
        if (fails) throw new Error('no');
      });
      await done.catch(() => undefined);
      const answers = await Promise.all(late);
      expect(answers.at(-1)).toBeInstanceOf(StatementRefusedError);
      const ran = answers.filter((answer) => answer === 'ran').length;
      expect(await lines()).toEqual(fails ? [] : [1, ...Array(ran).fill(2)]);
      await here.cluster.query(here.primary, 'TRUNCATE shop.line');
    }
  });

  it.each([
    ['release() of the connection inside', (on: { connection: { release(): void } }) => on.connection.release()],
    ['end() of it', (on: { end(): void }) => on.end()],
  ])('%s does nothing: nobody else gets it, and all is committed', async (_what, give) => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    await pool.cluster.transaction(async (connection) => {
      await connection.query('INSERT INTO line (v) VALUES (1)');
      await give(connection as never);
      await pause(50);
      await connection.query('INSERT INTO line (v) VALUES (2)');
    });
    expect(await lines()).toEqual([1, 2]);
    await pool.cluster.transaction((connection) => connection.query('INSERT INTO line (v) VALUES (3)'));
    expect(await lines()).toEqual([1, 2, 3]);
  });

  it.each([
    ['destroy()', (on: ClusteredPromisePoolConnection) => on.destroy(), 'CLUSTER_CLOSED'],
    ['reset()', (on: ClusteredPromisePoolConnection) => on.reset(), 'TRANSACTION_LOST'],
  ] as const)('%s inside: an error, and nothing is kept', async (_what, lose, code) => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    let attempts = 0;
    const done = pool.cluster.transaction(async (connection) => {
      attempts++;
      await connection.query('INSERT INTO line (v) VALUES (1)');
      await lose(connection);
    });
    expect(await failureOf(done)).toMatchObject({ code });
    expect([attempts, await lines()]).toEqual([1, []]);
    await pool.cluster.transaction((connection) => connection.query('INSERT INTO line (v) VALUES (2)'));
    expect(await lines()).toEqual([2]);
  });

  it('destroy() when it is over does nothing to whoever has the connection then', async () => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    const face = await pool.cluster.transaction((connection) => connection);
    const taken = here.use(await pool.getConnection(), (connection) => connection.release());
    face.destroy();
    await taken.query('INSERT INTO line (v) VALUES (1)');
    expect(await lines()).toEqual([1]);
  });

  it('on a connection of the pool, which is given back meanwhile: it comes back at the end', async () => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    const taken = await pool.getConnection();
    const done = taken.cluster.transaction(async (connection) => {
      await connection.query('INSERT INTO line (v) VALUES (1)');
      await connection.query('INSERT INTO line (v) VALUES (2)');
    });
    taken.release();
    const next = await pool.getConnection();
    next.release();
    await done;
    expect(await lines()).toEqual([1, 2]);
  });

  it('one inside another is another transaction, on another connection', async () => {
    const pool = await here.pool();
    const failed = pool.cluster.transaction(async (outer) => {
      await outer.query('INSERT INTO line (v) VALUES (1)');
      await pool.cluster.transaction((inner) => inner.query('INSERT INTO line (v) VALUES (2)'));
      throw new Error('only the outer one');
    });
    expect(await failureOf(failed)).toMatchObject({ message: 'only the outer one' });
    expect(await lines()).toEqual([2]);
  });

  it('an AbortSignal of the caller ends it: all is rolled back, and it is not run again', async () => {
    const pool = await here.pool();
    let attempts = 0;
    const controller = new AbortController();
    const failed = pool.cluster.with({ signal: controller.signal }, () =>
      pool.cluster.transaction(async (connection) => {
        attempts++;
        await connection.query('INSERT INTO line (v) VALUES (1)');
        setTimeout(() => controller.abort(), 100);
        await connection.query('UPDATE stock SET n = n + 1 + SLEEP(30)');
      }),
    );
    expect(await failureOf(failed)).toMatchObject({ name: 'AbortError' });
    expect([attempts, await lines()]).toEqual([1, []]);
    await pool.query('UPDATE stock SET n = 0');
  });

  it('DDL that took too long may have committed: it is not run again', async () => {
    const pool = await here.pool();
    const holder = here.use(await pool.getConnection(), (taken) => taken.release());
    await holder.beginTransaction();
    await holder.query('SELECT v FROM line');
    let attempts = 0;
    const failed = pool.cluster.transaction(async (connection) => {
      attempts++;
      await connection.query('UPDATE stock SET n = n + 1');
      await connection.query({ sql: 'ALTER TABLE line ADD COLUMN w INT', timeout: 300 }).catch(() => undefined);
      await connection.query(DEADLOCK);
    });
    expect(await failureOf(failed)).toMatchObject({ errno: 1213 });
    expect(attempts).toBe(1);
  });

  it('completion_type: nothing begins anew at its end', async () => {
    const connection = here.use(await createConnection(here.options()), (made) => made.end());
    for (const type of ['CHAIN', 'RELEASE']) {
      await connection.query(`SET completion_type = '${type}'`);
      await connection.cluster.transaction((on) => on.query('INSERT INTO line (v) VALUES (1)'));
      await failureOf(connection.cluster.transaction((on) => on.query('SELECT nothing')));
      expect((await rowsOf(connection, 'SELECT v FROM line')).length).toBeGreaterThan(0);
    }
    expect(await lines()).toEqual([1, 1]);
  });

  it('the callback door gives a promise connection too', async () => {
    const pool = here.use(createCallbackPool(here.options()), (made) => made.promise().end());
    const [rows] = await pool.cluster.transaction((connection) => connection.query<RowDataPacket[]>('SELECT 1 AS one'));
    expect(rows).toEqual([{ one: 1 }]);
    const promised = pool.promise() as unknown as ClusteredPromisePool;
    await promised.cluster.transaction((connection) => connection.query('INSERT INTO line (v) VALUES (1)'));
    expect(await lines()).toEqual([1]);
  });

  it('options that are none are refused, and the function is not called', async () => {
    const pool = await here.pool();
    const task = (): never => {
      throw new Error('called');
    };
    for (const [options, text] of [
      [{ retrys: 1 }, /transaction\.retrys: is not an option; did you mean 'retries'/],
      [{ retries: -1 }, /transaction\.retries: must be a whole number from 0 to 100, not -1/],
      [{ isolation: 'serializable' }, /transaction\.isolation: must be one of .*did you mean 'SERIALIZABLE'/],
      [{ readOnly: 1 }, /transaction\.readOnly: must be a boolean/],
      [7, /transaction: must be an object/],
    ] as const) {
      const error = await failureOf(pool.cluster.transaction(task, options as never));
      expect(error).toBeInstanceOf(OptionError);
      expect(error.message).toMatch(text);
    }
    expect((await failureOf(pool.cluster.transaction(undefined as never))).message).toMatch(
      /task: must be a function, not undefined/,
    );
  });
});

describe('isolation and readOnly', { timeout: TEST_MS }, () => {
  const LEVEL = 'SELECT @@session.transaction_isolation AS level';

  it.each(['READ UNCOMMITTED', 'READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'] as const)(
    '%s is in force, and gone after it',
    async (isolation) => {
      const pool = await here.pool({}, { connectionLimit: 1 });
      const seen = await pool.cluster.transaction(
        async (connection) => {
          await connection.query('UPDATE stock SET n = n + 1 WHERE id = 1');
          const other = here.cluster.query(here.primary, 'UPDATE shop.stock SET n = 9 WHERE id = 2');
          await other;
          const id = connection.threadId;
          const sql = `SELECT e.ISOLATION_LEVEL AS level FROM performance_schema.events_transactions_current e
            JOIN performance_schema.threads t USING (THREAD_ID) WHERE t.PROCESSLIST_ID = ${id} AND e.STATE = 'ACTIVE'`;
          const [rows] = await here.asRoot(here.primary, [sql]);
          return rows?.[0]?.level;
        },
        { isolation },
      );
      expect(seen).toBe(isolation);
      const [row] = await rowsOf(pool, { sql: LEVEL, cluster: { route: 'primary' } });
      expect(row?.level).toBe('REPEATABLE-READ');
    },
  );

  it.each([{}, { isolation: 'READ COMMITTED' } as const])(
    'readOnly, %o: on a replica that has every write before it; writes are refused',
    async (more) => {
      const pool = await here.pool();
      for (let i = 1; i <= 10; i++) {
        await pool.query('INSERT INTO line (v) VALUES (?)', [i]);
        await pool.cluster.transaction(
          async (connection) => {
            expect(await nameOf(connection)).not.toBe(here.primary.name);
            const id = connection.threadId;
            expect(await rowsOf(connection, 'SELECT COUNT(*) AS n FROM line')).toEqual([{ n: i }]);
            expect(connection.threadId).toBe(id);
          },
          { readOnly: true, ...more },
        );
      }
      const write = pool.cluster.transaction((connection) => connection.query('INSERT INTO line (v) VALUES (0)'), {
        readOnly: true,
        ...more,
      });
      // Of a read-only transaction, or of a read-only server.
      expect((await failureOf(write)).errno).toBe(1792);
      await pool.query('INSERT INTO line (v) VALUES (11)');
    },
  );

  it('readOnly at SERIALIZABLE, and where no replica is fit: on the primary', async () => {
    const pool = await here.pool();
    const where = (options: object): Promise<string> => pool.cluster.transaction((on) => nameOf(on), options);
    expect(await where({ readOnly: true, isolation: 'SERIALIZABLE' })).toBe(here.primary.name);
    const wishes = { route: 'primary' } as const;
    expect(await pool.cluster.with(wishes, () => where({ readOnly: true, isolation: 'READ COMMITTED' }))).toBe(
      here.primary.name,
    );
  });
});

describe('on a connection of its own', { timeout: TEST_MS }, () => {
  it('it runs on that connection, one at a time, and the connection goes on', async () => {
    const connection = here.use(await createConnection(here.options()), (made) => made.end());
    await connection.query("SET time_zone = '+05:00'");
    const attempts = { count: 0 };
    expect(await failureOf(connection.cluster.transaction(lineThen(DEADLOCK, attempts)))).toMatchObject({
      errno: 1213,
    });
    expect(attempts.count).toBe(4);
    await connection.cluster.transaction(async (inside) => {
      expect(
        await rowsOf(inside, 'SELECT HOUR(FROM_UNIXTIME(0)) AS h FROM line RIGHT JOIN stock ON 0 LIMIT 1'),
      ).toEqual([{ h: 5 }]);
      await inside.query('INSERT INTO line (v) VALUES (1)');
      const nested = connection.cluster.transaction(() => undefined);
      expect(await failureOf(nested)).toBeInstanceOf(StatementRefusedError);
    });
    await connection.beginTransaction();
    expect(await failureOf(connection.cluster.transaction(() => undefined))).toBeInstanceOf(StatementRefusedError);
    await connection.commit();
    expect(await lines()).toEqual([1]);
  });
});

describe('the primary is lost', { timeout: TEST_MS }, () => {
  afterEach(async () => {
    await here.endAll();
    const { cluster } = here;
    for (const node of cluster.nodes) if (node !== cluster.primary) await cluster.rebuild(node);
    await cluster.waitForReplication();
  });

  async function failOver(): Promise<void> {
    await here.cluster.kill(here.primary);
    await here.cluster.promote();
  }

  it.each(['a pool', 'a connection of its own'])('in the middle: it runs again on the new one, %s', async (what) => {
    const { cluster } =
      what === 'a pool' ? await here.pool() : here.use(await createConnection(here.options()), (made) => made.end());
    let attempts = 0;
    await cluster.transaction(async (connection) => {
      attempts++;
      await connection.query('INSERT INTO line (v) VALUES (?)', [attempts]);
      if (attempts === 1) await failOver();
      await connection.query('INSERT INTO line (v) VALUES (?)', [attempts]);
    });
    expect(attempts).toBe(2);
    expect(await lines()).toEqual([2, 2]);
  });

  it('between the level and START TRANSACTION: it runs again', async () => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    let attempts = 0;
    // Statements of a transaction are sent one behind the other: the connection is killed while the first waits for its answer.
    pool.on('connection', (raw) => {
      const { query } = raw as unknown as { query: (...args: unknown[]) => unknown };
      Object.assign(raw, {
        query: (...args: unknown[]) => {
          const sql = String(args[0]);
          if (!sql.startsWith('START TRANSACTION') || attempts++ > 0) return query.apply(raw, args);
          (raw as unknown as { stream: { destroy(): void } }).stream.destroy();
          return query.apply(raw, args);
        },
      });
    });
    const isolation = 'READ COMMITTED';
    await pool.cluster.transaction((on) => on.query('INSERT INTO line (v) VALUES (1)'), { isolation });
    expect(attempts).toBe(2);
    expect(await lines()).toEqual([1]);
  });

  it('just before COMMIT, after the last statement', async () => {
    const pool = await here.pool();
    let attempts = 0;
    await pool.cluster.transaction(async (connection) => {
      attempts++;
      await connection.query('INSERT INTO line (v) VALUES (?)', [attempts]);
      if (attempts === 1) await failOver();
    });
    expect(attempts).toBe(2);
    expect(await lines()).toEqual([2]);
  });

  it('while COMMIT waits for its answer: WriteOutcomeUnknownError, and it is not run again', async () => {
    const pool = await here.pool();
    let attempts = 0;
    const failed = failureOf(
      pool.cluster.transaction(async (connection) => {
        attempts++;
        await connection.query('INSERT INTO line (v) VALUES (1)');
        // No replica acknowledges: the commit waits for semi-sync.
        for (const node of here.cluster.replicas) await here.cluster.stopReplication(node, 'io');
      }),
    );
    await until(async () => {
      const [rows] = await here.asRoot(here.primary, ['SHOW PROCESSLIST']);
      return rows?.some(({ State }) => State === 'Waiting for semi-sync ACK from replica');
    });
    await failOver();
    expect(await failed).toBeInstanceOf(WriteOutcomeUnknownError);
    expect(attempts).toBe(1);
  });
});
