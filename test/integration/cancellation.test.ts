import { createConnection as createPlain, type RowDataPacket } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type ClusteredPoolConnection,
  createConnection as createCallbackConnection,
  createPool as createCallbackPool,
} from '../../src/index.js';
import { createConnection, OptionError, StatementRefusedError, WriteOutcomeUnknownError } from '../../src/promise.js';
import type { TestNode } from '../../src/testing/index.js';
import { failureOf, lab, nameOf, pause, rowsOf, TEST_MS, timed, until } from './support/lab.js';

const here = lab({}, async (made) => {
  await made.mark();
  await made.cluster.query(made.primary, 'CREATE TABLE shop.t (id INT PRIMARY KEY, v INT)');
  await made.cluster.query(made.primary, 'INSERT INTO shop.t VALUES (1, 0), (2, 0)');
  await made.cluster.waitForReplication();
});

beforeEach(() => here.cluster.query(here.primary, 'UPDATE shop.t SET v = 0 WHERE id = 1'));

afterEach(() => here.endAll());

const INTERRUPTED = { errno: 1317 };
const SLOW_READ = 'SELECT name, SLEEP(60) AS s FROM whoami';
const SLOW_WRITE = 'UPDATE t SET v = v + 1 + SLEEP(60) WHERE id = 1';

/** The nodes on which a statement with this text runs. */
async function runningOn(text: string): Promise<string[]> {
  const sql =
    "SELECT INFO AS info FROM performance_schema.processlist WHERE COMMAND <> 'Sleep' AND ID <> CONNECTION_ID()";
  const found = await Promise.all(
    here.cluster.nodes.map(async (node) => {
      const [rows] = await here.asRoot(node, [sql]);
      return rows?.some(({ info }) => String(info).includes(text)) ? [node.name] : [];
    }),
  );
  return found.flat();
}

const untilRuns = (text: string): Promise<void> => until(async () => (await runningOn(text)).length > 0);
const untilGone = (text: string): Promise<void> => until(async () => (await runningOn(text)).length === 0, 5000);

/** Kills through a connection of its own, made from the configuration of the one that is meant. */
async function killByConfig(sql: string, config: object): Promise<void> {
  const killer = createCallbackConnection(config);
  try {
    await new Promise<void>((resolve, reject) => killer.query(sql, (error) => (error ? reject(error) : resolve())));
  } finally {
    killer.destroy();
  }
}

async function killByExecute(sql: string, values: number[], config: object): Promise<void> {
  const killer = createCallbackConnection(config);
  try {
    await new Promise<void>((resolve, reject) =>
      killer.execute(sql, values, (error: Error | null) => (error ? reject(error) : resolve())),
    );
  } finally {
    killer.destroy();
  }
}

/** Brings the counters of threads of all nodes to the same number. */
async function alignThreads(): Promise<void> {
  const { user, password } = here.cluster;
  const next = async ({ host, serverPort }: TestNode): Promise<number> => {
    const connection = await createPlain({ host, port: serverPort, user, password });
    const { threadId } = connection;
    await connection.end();
    return threadId;
  };
  const ids = await Promise.all(here.cluster.nodes.map(next));
  const goal = Math.max(...ids) + 5;
  for (const [at, node] of here.cluster.nodes.entries()) for (let id = ids[at] ?? 0; id < goal; ) id = await next(node);
}

describe('ids of threads', { timeout: TEST_MS }, () => {
  it('name one connection of the process, also where the servers count alike', async () => {
    const raws: { threadId: number; end: boolean }[] = [];
    for (let round = 0; round < 3; round++) {
      await alignThreads();
      const pool = await here.pool({ consistency: 'eventual' }, { connectionLimit: 4 });
      pool.on('connection', (raw) => raws.push(raw as never));
      const nodes = here.cluster.nodes.map(({ address }) => address);
      const busy = nodes.flatMap((node) => [1, 2, 3, 4].map(() => ({ sql: 'SELECT SLEEP(0.3)', cluster: { node } })));
      await Promise.all(busy.map((read) => pool.query(read)));
    }
    expect(raws.length).toBeGreaterThanOrEqual(36);
    const ids = raws.map(({ threadId }) => threadId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('KILL', { timeout: TEST_MS }, () => {
  const forms: [string, (id: number) => [string, unknown[]?]][] = [
    ['a literal', (id) => [`KILL QUERY ${id}`]],
    ['a value', (id) => ['KILL QUERY ?', [id]]],
  ];

  it.each(forms)(
    'QUERY by the pool, the id as %s: the statement ends on its node, the connection goes on',
    async (_form, kill) => {
      const pool = await here.pool({ consistency: 'eventual' });
      const connection = here.use(await pool.getConnection(), (taken) => taken.release());
      for (const [sql, onPrimary] of [
        [SLOW_READ, false],
        [SLOW_WRITE, true],
      ] as const) {
        const sent = failureOf(connection.query(sql));
        await untilRuns(sql);
        expect(((await runningOn(sql))[0] === here.primary.name) === onPrimary).toBe(true);
        await pool.query(...kill(connection.threadId));
        expect(await sent).toMatchObject(INTERRUPTED);
        expect(await runningOn(sql)).toEqual([]);
        await nameOf(connection);
      }
      expect(await rowsOf(connection, 'SELECT v FROM t WHERE id = 1 FOR UPDATE')).toEqual([{ v: 0 }]);
    },
  );

  it('QUERY by a fresh createConnection, and by execute()', async () => {
    const pool = await here.pool({ consistency: 'eventual' });
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    const sent = failureOf(connection.query(SLOW_READ));
    await untilRuns(SLOW_READ);
    const killer = here.use(await createConnection(here.options()), (made) => made.end());
    await killer
      .execute('KILL QUERY ?', [connection.threadId])
      .catch(() => killer.query(`KILL QUERY ${connection.threadId}`));
    expect(await sent).toMatchObject(INTERRUPTED);
  });

  it('by a connection made from its configuration: is sent by that one, and none is opened for it', async () => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    const opened = () => pool.cluster.status().nodes.map(({ address, pool: about }) => [address, about?.size]);
    await connection.beginTransaction();
    // Whoever adds `cluster` to all options has added it here too.
    const { cluster } = here.options();
    for (const [execute, more] of [
      [false, {}],
      [true, {}],
      [false, { cluster }],
    ] as const) {
      const sent = failureOf(connection.query(SLOW_WRITE));
      await untilRuns(SLOW_WRITE);
      const before = opened();
      const { threadId, config } = connection;
      if (execute) await killByExecute('KILL QUERY ?', [threadId], { ...config, ...more });
      else await killByConfig(`KILL QUERY ${threadId}`, { ...config, ...more });
      expect(await sent).toMatchObject(INTERRUPTED);
      expect(opened()).toEqual(before);
    }
    await connection.query('UPDATE t SET v = 8 WHERE id = 2');
    await connection.commit();
    expect(await rowsOf(pool, 'SELECT v FROM t WHERE id = 2')).toEqual([{ v: 8 }]);
  });

  it('by a connection made from a configuration that leads out of the cluster by now: is sent there, to its own threads', async () => {
    const pool = await here.pool({ consistency: 'eventual' });
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    await connection.query('UPDATE t SET v = 1 WHERE id = 2');
    const { threadId, config } = connection;
    const sent = connection.query(`UPDATE t SET v = SLEEP(1) WHERE id = 2`);
    await untilRuns('SLEEP(1)');
    // The same server, by an address that the cluster does not know.
    const { host, serverPort: port } = here.replica(0);
    // Nobody has that id there, or by chance somebody else, or the killer: ER_NO_SUCH_THREAD, ER_KILL_DENIED_ERROR, ER_QUERY_INTERRUPTED.
    await killByConfig(`KILL QUERY ${threadId}`, { ...config, host, port }).catch(({ errno }) =>
      expect([1094, 1095, 1317]).toContain(errno),
    );
    await sent;
  });

  it('when all connections of the pool are in use', async () => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    await connection.beginTransaction();
    const sent = failureOf(connection.query(SLOW_WRITE));
    await untilRuns(SLOW_WRITE);
    await pool.query(`KILL QUERY ${connection.threadId}`);
    expect(await sent).toMatchObject(INTERRUPTED);
    await connection.query('UPDATE t SET v = 7 WHERE id = 2');
    await connection.commit();
    expect(await rowsOf(pool, 'SELECT v FROM t WHERE id = 2')).toEqual([{ v: 7 }]);
  });

  it('by an id that a connection has shown: ends what that runs, wherever it does by now, and no stranger', async () => {
    const pool = await here.pool({ consistency: 'eventual' }, { connectionLimit: 4 });
    const take = () => Promise.all([1, 2, 3, 4].map(() => pool.getConnection()));
    const [first] = await take().then((all) => {
      const ids = all.map(({ connection, threadId }) => ({ connection, threadId }));
      for (const one of all) one.release();
      return ids.slice(0, 1);
    });
    expect(first?.threadId).toBeGreaterThan(0);
    for (const [sql, kill] of [
      [SLOW_READ, (text: string) => pool.query(text)],
      [SLOW_WRITE, (text: string) => pool.query(text)],
      [SLOW_READ, killByConfig],
      [SLOW_WRITE, killByConfig],
    ] as const) {
      // What the connections had last is mixed up before.
      await Promise.all([1, 2, 3, 4].map((v) => pool.query('UPDATE t SET v = ? WHERE id = 2', [v])));
      const all = await take();
      const victim = all.find(({ connection }) => connection === first?.connection);
      const others = all.filter((one) => one !== victim);
      const strangers = [...others, pool].map((one) => one.query('SELECT SLEEP(1) FROM t WHERE id = 2 FOR UPDATE'));
      await untilRuns('SELECT SLEEP(1)');
      const sent = failureOf(victim?.query(sql) as Promise<unknown>);
      await untilRuns(sql);
      await kill(`KILL QUERY ${first?.threadId}`, { ...victim?.config });
      expect(await sent).toMatchObject(INTERRUPTED);
      await Promise.all(strangers);
      for (const one of all) one.release();
    }
  });

  it('is not what connections that show their ids have in common', async () => {
    const pool = await here.pool({}, { connectionLimit: 4 });
    const all = [];
    for (let i = 0; i < 4; i++) all.push(here.use(await pool.getConnection(), (taken) => taken.release()));
    expect(new Set(all.map(({ threadId }) => threadId)).size).toBe(4);
    await Promise.all(all.map((one) => one.query('SELECT name FROM whoami FOR UPDATE')));
    for (const one of all) {
      const [found] = await rowsOf(one, 'SELECT CONNECTION_ID() AS id');
      expect(one.threadId).toBe(found?.id);
    }
  });

  it('in a session of its own that is in a transaction: another connection of the server is meant', async () => {
    const pool = await here.pool();
    const [killer, victim] = [await pool.getConnection(), await pool.getConnection()];
    for (const one of [killer, victim]) here.use(one, (taken) => taken.release());
    await killer.beginTransaction();
    await killer.query('UPDATE t SET v = 8 WHERE id = 2');
    const sent = failureOf(victim.query(SLOW_READ));
    await untilRuns(SLOW_READ);
    await killer.query(`KILL QUERY ${victim.threadId}`);
    expect(await sent).toMatchObject(INTERRUPTED);
    await killer.commit();
    expect(await rowsOf(pool, 'SELECT v FROM t WHERE id = 2')).toEqual([{ v: 8 }]);
  });

  it.each(['KILL', 'KILL CONNECTION'])('%s: the statement fails, the pool goes on', async (kill) => {
    const pool = await here.pool({ consistency: 'eventual' }, { connectionLimit: 1 });
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    await connection.beginTransaction();
    const sent = failureOf(connection.query(SLOW_WRITE));
    await untilRuns(SLOW_WRITE);
    await pool.query(`${kill} ${connection.threadId}`);
    expect(await sent).toBeInstanceOf(Error);
    connection.release();
    await pool.query('UPDATE t SET v = 1 WHERE id = 2');
    await nameOf(pool);
  });

  it.each(['KILL', 'KILL CONNECTION'])('%s of a read: it is not begun anew on another server', async (kill) => {
    const pool = await here.pool({ consistency: 'eventual' });
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    const sent = failureOf(connection.query(SLOW_READ));
    await untilRuns(SLOW_READ);
    await pool.query(`${kill} ${connection.threadId}`);
    expect(await sent).toMatchObject({ code: 'PROTOCOL_CONNECTION_LOST' });
    expect(await runningOn(SLOW_READ)).toEqual([]);
    await nameOf(connection);
  });

  it('of an idle connection: it is not lent while it is killed, and nobody else meets the KILL', async () => {
    const pool = await here.pool({ consistency: 'eventual' }, { connectionLimit: 1 });
    const connection = await pool.getConnection();
    await connection.query('UPDATE t SET v = 1 WHERE id = 2');
    const id = connection.threadId;
    connection.release();
    for (let i = 0; i < 50; i++) {
      const killed = pool.query(`KILL QUERY ${id}`);
      await Promise.all([
        killed,
        pool.query('UPDATE t SET v = 1 WHERE id = 2'),
        pool.query('SELECT 1 FROM t FOR UPDATE'),
      ]);
    }
  });

  it('one that comes too late for its statement does not end the next', async () => {
    const pool = await here.pool({ consistency: 'eventual' }, { connectionLimit: 2 });
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    await connection.query('DO 1');
    let interrupted = 0;
    for (let i = 0; i < 300; i++) {
      const sent = connection.query('UPDATE t SET v = v + 1 WHERE id = 2').catch((error) => {
        expect(error).toMatchObject(INTERRUPTED);
        interrupted++;
      });
      const { threadId } = connection;
      if (i % 3 > 0) await pause(i % 3);
      const killed = pool.query(`KILL QUERY ${threadId}`);
      await sent;
      await connection.query('UPDATE t SET v = v + 1 WHERE id = 2');
      await killed;
    }
    expect(interrupted).toBeLessThan(300);
  });

  it('one whose answer is lost may still arrive: the next statement of its victim is not what it ends', async () => {
    const pool = await here.pool({ consistency: 'eventual' });
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    await connection.query('UPDATE t SET v = 1 WHERE id = 2');
    const { threadId } = connection;
    // It is carried out a moment after its connection is gone.
    const lost = Object.assign(new Error('Connection lost'), { code: 'PROTOCOL_CONNECTION_LOST', fatal: true });
    pool.pool.on('connection', (raw) => {
      const { query } = raw;
      raw.query = function (this: unknown, ...args: unknown[]) {
        const [command] = args as [{ sql?: string; onResult?: (error: Error) => void }];
        if (!command.sql?.startsWith('KILL')) return Reflect.apply(query, this, args);
        setTimeout(() => void here.asRoot(here.primary, [String(command.sql)]), 300);
        raw.destroy();
        command.onResult?.(lost);
        return command;
      } as never;
    });
    expect(await failureOf(pool.query(`KILL QUERY ${threadId}`))).toMatchObject({ code: 'PROTOCOL_CONNECTION_LOST' });
    await connection.query('UPDATE t SET v = SLEEP(0.6) WHERE id = 2');
    await connection.query('UPDATE t SET v = 2 WHERE id = 2');
    expect(connection.threadId).toBe(threadId);
  });

  it('of an id that is nobody’s here is refused, unless the node is named', async () => {
    const pool = await here.pool();
    const stranger = here.use(
      await createPlain({
        host: here.primary.host,
        port: here.primary.port,
        user: here.cluster.user,
        password: here.cluster.password,
      }),
      (made) => made.destroy(),
    );
    const sql = `KILL ${stranger.threadId}`;
    for (const text of [sql, 'KILL 4000000000', 'KILL CONNECTION_ID()', `DO 1; ${sql}`]) {
      expect(await failureOf(pool.query(text)), text).toBeInstanceOf(StatementRefusedError);
    }
    await stranger.query('SELECT 1');
    expect(pool.cluster.explain(sql)).toMatchObject({ decision: 'fail' });
    await pool.query({ sql, cluster: { node: here.primary.address } });
    expect(await failureOf(stranger.query('SELECT 1'))).toBeInstanceOf(Error);
  });

  it('explain says which node it would go to', async () => {
    const pool = await here.pool({ consistency: 'eventual' });
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    const name = await nameOf(connection);
    const node = here.cluster.nodes.find((one) => one.name === name);
    expect(pool.cluster.explain(`KILL ${connection.threadId}`)).toMatchObject({ decision: 'use', node: node?.address });
  });
});

describe('destroy()', { timeout: TEST_MS }, () => {
  it.each([
    ['a read', SLOW_READ],
    ['a write', SLOW_WRITE],
  ])('ends %s on the server too', async (_what, sql) => {
    const pool = await here.pool({ consistency: 'eventual' }, { connectionLimit: 1 });
    const connection = await pool.getConnection();
    const sent = failureOf(connection.query(sql));
    await untilRuns(sql);
    connection.destroy();
    expect(await sent).toBeInstanceOf(Error);
    await untilGone(sql);
    expect(await rowsOf(pool, 'SELECT v FROM t WHERE id = 1 FOR UPDATE')).toEqual([{ v: 0 }]);
  });
});

describe('an AbortSignal', { timeout: TEST_MS }, () => {
  it.each([
    ['a read', SLOW_READ],
    ['a write', SLOW_WRITE],
  ])('ends %s that runs, on the server too; the call fails with its reason', async (_what, sql) => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    for (const call of ['query', 'execute'] as const) {
      const controller = new AbortController();
      const sent = failureOf(pool[call]({ sql, cluster: { signal: controller.signal } }));
      await untilRuns(sql);
      const reason = new Error('nobody waits any more');
      controller.abort(reason);
      expect(await sent).toBe(reason);
      await untilGone(sql);
    }
    expect(await rowsOf(pool, 'SELECT v FROM t WHERE id = 1 FOR UPDATE')).toEqual([{ v: 0 }]);
  });

  it('leaves the transaction that the statement is in open, on the same connection', async () => {
    const pool = await here.pool();
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    await connection.beginTransaction();
    await connection.query('UPDATE t SET v = 30 WHERE id = 2');
    const id = connection.threadId;
    const signal = AbortSignal.timeout(300);
    const error = await failureOf(connection.query({ sql: SLOW_WRITE, cluster: { signal } }));
    expect(error).toMatchObject({ name: 'TimeoutError' });
    await connection.query('UPDATE t SET v = v + 1 WHERE id = 2');
    expect(connection.threadId).toBe(id);
    await connection.commit();
    expect(await rowsOf(pool, 'SELECT v FROM t WHERE id = 2')).toEqual([{ v: 31 }]);
  });

  it('ends what waits for a connection at once, and its connection is lost to nobody', async () => {
    const pool = await here.pool({ pool: { max: 1, reserve: 1, acquireTimeoutMs: 30_000 } });
    const busy = failureOf(pool.query({ sql: SLOW_WRITE, timeout: 1500 }));
    await untilRuns(SLOW_WRITE);
    const controller = new AbortController();
    const waiting = failureOf(
      pool.query({ sql: 'UPDATE t SET v = 99 WHERE id = 2', cluster: { signal: controller.signal } }),
    );
    await pause(100);
    controller.abort();
    const first = await Promise.race([waiting, busy]);
    expect(first).toBe(await waiting);
    expect(first).toMatchObject({ name: 'AbortError' });
    await busy;
    await pool.query('UPDATE t SET v = 1 WHERE id = 2');
    expect(await rowsOf(pool, 'SELECT v FROM t WHERE id = 2')).toEqual([{ v: 1 }]);
  });

  it('ends what waits for its turn in a connection, at once', async () => {
    const pool = await here.pool();
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    const first = failureOf(connection.query({ sql: SLOW_WRITE, timeout: 1500 }));
    const signal = AbortSignal.timeout(100);
    const sql = 'UPDATE t SET v = 99 WHERE id = 2';
    const waiting = failureOf(connection.query({ sql, cluster: { signal } }));
    expect(await Promise.race([waiting, first])).toMatchObject({ name: 'TimeoutError' });
    await first;
    expect(await rowsOf(connection, 'SELECT v FROM t WHERE id = 2 FOR UPDATE')).not.toEqual([{ v: 99 }]);
  });

  it('ends the wait for a connection of the pool, which is lost to nobody', async () => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    const taken = await pool.getConnection();
    const wait = (signal: AbortSignal): Promise<unknown> =>
      failureOf(pool.cluster.with({ signal }, () => pool.getConnection()));
    expect(await wait(AbortSignal.timeout(100))).toMatchObject({ name: 'TimeoutError' });
    expect(await wait(AbortSignal.abort())).toMatchObject({ name: 'AbortError' });
    const controller = new AbortController();
    const late = pool.cluster.with({ signal: controller.signal }, () => pool.getConnection());
    const behind = pool.getConnection();
    taken.release();
    controller.abort(); // its turn had come
    (await late).release();
    (await behind).release();
  });

  it('the answer of a read that nobody wants any more is not given: SLEEP() ends with a row', async () => {
    const pool = await here.pool();
    const signal = AbortSignal.timeout(100);
    const error = await failureOf(pool.query({ sql: 'SELECT SLEEP(60)', cluster: { signal } }));
    expect(error).toMatchObject({ name: 'TimeoutError' });
    await untilGone('SELECT SLEEP(60)');
  });

  it('in a transaction, while a KILL of the statement before is on its way: one answer, and the next in its turn', async () => {
    const pool = here.use(createCallbackPool(here.options()), (made) => made.promise().end());
    const connection = await new Promise<ClusteredPoolConnection>((resolve, reject) => {
      pool.getConnection((error, taken) => (error ? reject(error) : resolve(taken)));
    });
    here.use(connection, (taken) => taken.release());
    const told: string[] = [];
    const run = (sql: string | object): Promise<void> =>
      new Promise((resolve) => {
        connection.query(sql as never, (error: Error | null) => {
          told.push(error?.message ?? 'done');
          resolve();
        });
      });
    await run('START TRANSACTION');
    for (let i = 0; i < 5; i++) {
      await run({ sql: SLOW_WRITE, timeout: 50 });
      const controller = new AbortController();
      const unwanted = run({ sql: 'UPDATE t SET v = 98 WHERE id = 2', cluster: { signal: controller.signal } });
      const next = run('SELECT 1');
      controller.abort(new Error('unwanted'));
      await Promise.all([unwanted, next]);
    }
    await run('COMMIT');
    const each = ['Query inactivity timeout', 'unwanted', 'done'];
    expect(told).toEqual(['done', ...each, ...each, ...each, ...each, ...each, 'done']);
    expect(await here.cluster.query(here.primary, 'SELECT v FROM shop.t WHERE id = 2')).not.toEqual([{ v: 98 }]);
  });

  it('ends a stream that its reader holds back, and its connection goes on', async () => {
    const pool = await here.pool();
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    await connection.beginTransaction();
    await connection.query('UPDATE t SET v = 40 WHERE id = 2');
    const { threadId } = connection;
    const controller = new AbortController();
    const sql = `SELECT 'held' AS h, REPEAT('x', 1000) AS pad FROM ${Array.from('abcdefghijklmnopqr', (n) => `t ${n}`).join(', ')}`;
    const { connection: callback } = connection as unknown as { connection: ClusteredPoolConnection };
    const stream = callback.query({ sql, cluster: { signal: controller.signal } }).stream({ highWaterMark: 1 });
    await new Promise((resolve) => stream.once('data', resolve));
    stream.pause();
    await pause(200);
    const failed = new Promise<Error>((resolve) => stream.once('error', resolve));
    const { ms, value } = await timed(() => {
      controller.abort(new Error('enough'));
      return failed;
    });
    expect(value).toMatchObject({ message: 'enough' });
    expect(ms).toBeLessThan(5000);
    await connection.query('UPDATE t SET v = v + 1 WHERE id = 2');
    expect(connection.threadId).toBe(threadId);
    await connection.commit();
    expect(await rowsOf(pool, 'SELECT v FROM t WHERE id = 2')).toEqual([{ v: 41 }]);
  });

  it('that is aborted already: nothing is sent; with(): for all inside; anything else is refused', async () => {
    const pool = await here.pool();
    const signal = AbortSignal.abort();
    const sql = 'UPDATE t SET v = 99 WHERE id = 2';
    expect(await failureOf(pool.query({ sql, cluster: { signal } }))).toMatchObject({ name: 'AbortError' });
    const inside = pool.cluster.with({ signal }, () => failureOf(pool.query(sql)));
    expect(await inside).toMatchObject({ name: 'AbortError' });
    expect(await rowsOf(pool, 'SELECT v FROM t WHERE id = 2')).not.toEqual([{ v: 99 }]);
    const wrong = { sql: 'SELECT 1', cluster: { signal: 'now' } } as never;
    expect(await failureOf(pool.query(wrong))).toBeInstanceOf(OptionError);
  });

  it('rows that KILL cut short are not given as if they were all: of a locking read, of session state', async () => {
    const pool = await here.pool();
    for (const sql of [
      'SELECT SLEEP(60) AS s, v FROM t WHERE id = 2 FOR UPDATE',
      'SELECT SLEEP(60) AS s, @nothing AS v',
    ]) {
      const controller = new AbortController();
      const sent = failureOf(pool.query({ sql, cluster: { signal: controller.signal } }));
      await untilRuns(sql);
      controller.abort();
      expect(await sent).toMatchObject({ name: 'AbortError' });
    }
  });

  it('aborted after the answer changes nothing', async () => {
    const pool = await here.pool();
    const controller = new AbortController();
    await pool.query({ sql: 'SELECT 1', cluster: { signal: controller.signal } });
    controller.abort();
    for (let i = 0; i < 20; i++) await nameOf(pool);
  });

  it('ends a stream', async () => {
    const pool = here.use(createCallbackPool(here.options()), (made) => made.promise().end());
    await pool.cluster.ready();
    const controller = new AbortController();
    const stream = pool.query({ sql: SLOW_READ, cluster: { signal: controller.signal } }).stream();
    const failed = new Promise<Error>((resolve) => stream.on('error', resolve));
    stream.resume();
    await untilRuns(SLOW_READ);
    controller.abort(new Error('enough'));
    expect(await failed).toMatchObject({ message: 'enough' });
    await untilGone(SLOW_READ);
  });

  it('of a write whose server cannot be reached any more: WriteOutcomeUnknownError', async () => {
    const pool = await here.pool();
    const controller = new AbortController();
    const sent = failureOf(pool.query({ sql: SLOW_WRITE, cluster: { signal: controller.signal } }));
    await untilRuns(SLOW_WRITE);
    const idle = [await pool.getConnection(), await pool.getConnection()];
    for (const one of idle) await one.query('DELETE FROM t WHERE id = -1');
    const threadId = idle[0]?.threadId;
    for (const one of idle) one.release();
    await here.cluster.pause(here.primary);
    try {
      controller.abort();
      // A KILL by a connection that is open has an end, too.
      expect(await failureOf(pool.query(`KILL QUERY ${threadId}`))).toBeInstanceOf(Error);
      expect(await sent).toBeInstanceOf(WriteOutcomeUnknownError);
    } finally {
      await here.cluster.resume(here.primary);
    }
  });
});

describe("mysql2's timeout", { timeout: TEST_MS }, () => {
  it.each(['query', 'execute'] as const)(
    'of %s ends the statement on the server too, and the connection goes on',
    async (call) => {
      const pool = await here.pool({ consistency: 'eventual' });
      const connection = here.use(await pool.getConnection(), (taken) => taken.release());
      for (const sql of [SLOW_READ, SLOW_WRITE]) {
        const { value } = await timed(() => failureOf(connection[call]({ sql, timeout: 300 })));
        expect(value).toMatchObject({ code: 'PROTOCOL_SEQUENCE_TIMEOUT', message: 'Query inactivity timeout' });
        await untilGone(sql);
        const id = connection.threadId;
        const same = sql === SLOW_READ ? 'SELECT name FROM whoami' : 'SELECT name FROM whoami FOR UPDATE';
        await connection.query(same);
        if (sql === SLOW_READ) expect(connection.threadId).toBe(id);
      }
      expect(await rowsOf(pool, 'SELECT v FROM t WHERE id = 1 FOR UPDATE')).toEqual([{ v: 0 }]);
    },
  );

  it('inside a transaction: what came before is kept', async () => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    await connection.beginTransaction();
    await connection.query('UPDATE t SET v = 50 WHERE id = 2');
    await failureOf(connection.query({ sql: SLOW_WRITE, timeout: 200 }));
    await connection.query('UPDATE t SET v = v + 1 WHERE id = 2');
    await connection.commit();
    expect(await here.cluster.query(here.primary, 'SELECT v FROM shop.t ORDER BY id')).toEqual([{ v: 0 }, { v: 51 }]);
  });

  it('of the pool: the connection is lent again when the statement has ended', async () => {
    const pool = await here.pool({}, { connectionLimit: 1 });
    for (let i = 0; i < 5; i++) {
      await failureOf(pool.query({ sql: SLOW_READ, timeout: 100 }));
      const [rows] = await pool.query<RowDataPacket[]>('SELECT name FROM whoami');
      expect(rows).toHaveLength(1);
    }
    expect(await runningOn(SLOW_READ)).toEqual([]);
  });
});
