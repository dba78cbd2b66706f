import { afterEach, describe, expect, it } from 'vitest';
import { createPool as createCallbackPool } from '../../src/index.js';
import {
  ClusterClosedError,
  ClusterError,
  createConnection,
  createPool,
  FailoverTimeoutError,
  OptionError,
  PoolTimeoutError,
} from '../../src/promise.js';
import { failureOf, lab, nameOf, pause, TEST_MS, timed, until } from './support/lab.js';

const MAX_CONNECTIONS = 40;

const here = lab({ replicas: 1, mysqldArgs: [`--max-connections=${MAX_CONNECTIONS}`] }, async (made) => {
  await made.mark();
  await made.cluster.query(made.primary, 'CREATE TABLE shop.t (id INT AUTO_INCREMENT PRIMARY KEY)');
  await made.cluster.waitForReplication();
});

afterEach(() => here.endAll());

/** Ports where nothing listens. */
const NOBODY = ['127.0.0.1:1', '127.0.0.1:2'];

describe('options', { timeout: TEST_MS }, () => {
  it.each([
    [{ maxLag: 5 }, 'cluster.maxLag', /maxLagMs/],
    [{ maxLagMs: '5' }, 'cluster.maxLagMs', /number/],
    [{ maxLagMs: -1 }, 'cluster.maxLagMs', /from 0/],
    [{ balance: 'addaptive' }, 'cluster.balance', /'adaptive'/],
    [{ consistency: 'strng' }, 'cluster.consistency', /'pool'/],
    [{ nodes: [] }, 'cluster.nodes', /db-1:3306/],
    [{ nodes: 'db-1' }, 'cluster.nodes', /list/],
    [{ nodes: [{ host: 'a', wieght: 1 }] }, 'cluster.nodes.wieght', /weight/],
    [{ pool: { mx: 5 } }, 'cluster.pool.mx', /pool\.max/],
    [{ failover: { holdMS: 5 } }, 'cluster.failover.holdMS', /holdMs/],
    [{ monitor: 5 }, 'cluster.monitor', /object/],
    [{ pool: { min: 5, max: 2 } }, 'cluster.pool.min', /pool\.max/],
  ])('%j: OptionError for %s, at once, by both doors', async (cluster, option, hint) => {
    for (const make of [createPool, createCallbackPool]) {
      const error = thrownBy(() => make({ cluster: cluster as never }));
      expect(error).toBeInstanceOf(OptionError);
      expect(error).toMatchObject({ code: 'OPTION_INVALID', option, message: hint });
    }
    // A connection of its own has no sizes to compare.
    if (/min/.test(option)) return;
    expect(await failureOf(createConnection({ cluster: cluster as never }))).toBeInstanceOf(OptionError);
  });

  it.each([[true], ['yes'], [null], [[]]])('cluster: %j is told what would be right', (cluster) => {
    const error = thrownBy(() => createPool({ cluster: cluster as never }));
    expect(error).toMatchObject({ code: 'OPTION_INVALID', option: 'cluster' });
  });

  it('a port that is none', () => {
    for (const nodes of [['db-1:70000'], ['db-1:x'], ['']]) {
      expect(thrownBy(() => createPool({ cluster: { nodes } }))).toBeInstanceOf(OptionError);
    }
  });

  it('options of ours are not printed as unknown by mysql2', async () => {
    const printed: unknown[] = [];
    const original = console.error;
    console.error = (...args) => printed.push(args);
    try {
      const pool = await here.pool(
        { maxLagMs: 900 },
        { connectionLimit: 3, maxIdle: 2, idleTimeout: 1000, queueLimit: 5 },
      );
      await pool.query('SELECT 1');
    } finally {
      console.error = original;
    }
    expect(printed).toEqual([]);
  });
});

describe('nobody can be reached', { timeout: TEST_MS }, () => {
  it.each(['query', 'execute', 'getConnection'] as const)(
    "%s: mysql2's own error object, at once, each time",
    async (how) => {
      const pool = here.use(createPool({ user: 'app', password: 'secret-pw', cluster: { nodes: NOBODY } }), (made) =>
        made.end(),
      );
      for (let i = 0; i < 3; i++) {
        const { ms, value } = await timed(() =>
          failureOf(how === 'getConnection' ? pool.getConnection() : pool[how as 'query']('SELECT 1')),
        );
        expect(value).toMatchObject({ code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:1' });
        expect(value).not.toBeInstanceOf(ClusterError);
        expect(ms).toBeLessThan(5000);
      }
      expect(JSON.stringify(pool.cluster.status())).not.toContain('secret-pw');
    },
  );

  it("one host without nodes: the message is mysql2's to the letter", async () => {
    const pool = here.use(createPool({ host: '127.0.0.1', port: 1, user: 'app', cluster: {} }), (made) => made.end());
    expect((await failureOf(pool.query('SELECT 1'))).message).toBe('connect ECONNREFUSED 127.0.0.1:1');
    expect((await failureOf(pool.query('INSERT INTO t VALUES (1)'))).code).toBe('ECONNREFUSED');
  });

  it('ready() rejects; createConnection rejects; a name that does not resolve', async () => {
    const pool = here.use(createPool({ user: 'app', cluster: { nodes: NOBODY } }), (made) => made.end());
    expect((await failureOf(pool.cluster.ready())).code).toBe('ECONNREFUSED');
    expect((await failureOf(createConnection({ user: 'app', cluster: { nodes: NOBODY } }))).code).toBe('ECONNREFUSED');
    const nowhere = here.use(createPool({ user: 'app', cluster: { nodes: ['nobody.invalid:3306'] } }), (made) =>
      made.end(),
    );
    expect((await failureOf(nowhere.query('SELECT 1'))).code).toMatch(/ENOTFOUND|EAI_AGAIN/);
  });

  it('pool.end(cb) in the error path of a callback pool calls back once', async () => {
    const pool = createCallbackPool({ user: 'app', cluster: { nodes: NOBODY } });
    const calls: unknown[] = [];
    await new Promise<void>((resolve) =>
      pool.getConnection((error) => {
        calls.push((error as { code?: string } | null)?.code);
        pool.end((ended) => {
          calls.push(ended ?? undefined);
          resolve();
        });
      }),
    );
    await pause(50);
    expect(calls).toEqual(['ECONNREFUSED', undefined]);
  });

  it('one seed of two is down: everything works', async () => {
    const pool = await here.pool({ nodes: ['127.0.0.1:1', here.replica(0).address] });
    await pool.query('INSERT INTO t VALUES ()');
    expect(pool.cluster.status().unreachable).toHaveProperty(['127.0.0.1:1']);
  });
});

describe('the servers refuse', { timeout: TEST_MS }, () => {
  it.each(['query', 'getConnection'] as const)("a wrong password: mysql2's error at once (%s)", async (how) => {
    const options = here.options({}, { password: 'wrong-password' });
    const pool = here.use(createPool(options), (made) => made.end());
    const { ms, value } = await timed(() => failureOf(how === 'query' ? pool.query('SELECT 1') : pool.getConnection()));
    expect(value).toMatchObject({ code: 'ER_ACCESS_DENIED_ERROR', errno: 1045, sqlState: '28000' });
    expect(value.message).not.toContain('wrong-password');
    expect(ms).toBeLessThan(5000);
  });

  it('a wrong password, and the first seed is down: what the servers say is told, not that one is down', async () => {
    const nodes = ['127.0.0.1:1', ...here.cluster.nodes.map(({ address }) => address)];
    const pool = here.use(createPool(here.options({ nodes }, { password: 'wrong-password' })), (made) => made.end());
    expect(await failureOf(pool.query('SELECT 1'))).toMatchObject({ code: 'ER_ACCESS_DENIED_ERROR' });
  });

  it.each(['SELECT 1', 'INSERT INTO t VALUES ()', 'BEGIN'])(
    'an unknown database: error of mysql2 at once for %s',
    async (sql) => {
      const pool = here.use(createPool(here.options({}, { database: 'nothing' })), (made) => made.end());
      await pool.cluster.ready();
      const { ms, value } = await timed(() => failureOf(pool.query(sql)));
      // An account without rights on it is not told whether it exists.
      expect([1044, 1049]).toContain(value.errno);
      expect(ms).toBeLessThan(5000);
    },
  );

  it('no more connections for this account (1226): waits for one of its own, nothing fails', async () => {
    const { cluster } = here;
    await cluster.query(here.primary, "CREATE USER few@'%' IDENTIFIED BY 'few' WITH MAX_USER_CONNECTIONS 5");
    await cluster.query(here.primary, "GRANT ALL ON shop.* TO few@'%'");
    await cluster.waitForReplication();
    const pool = await here.pool({}, { user: 'few', password: 'few', connectionLimit: 10 });
    const sql = 'SELECT name, SLEEP(0.05) FROM whoami FOR UPDATE';
    const names = await Promise.all(Array.from({ length: 30 }, () => nameOf(pool, sql)));
    expect(new Set(names)).toEqual(new Set([here.primary.name]));
    expect(pool.cluster.status().nodes.every((node) => node.health === 'up')).toBe(true);
  });

  it("no connection at all for this account: mysql2's error within the time limit, and the node is not down", async () => {
    const { cluster } = here;
    await cluster.query(here.primary, "CREATE USER one@'%' IDENTIFIED BY 'one' WITH MAX_USER_CONNECTIONS 1");
    await cluster.query(here.primary, "GRANT ALL ON shop.* TO one@'%'");
    await cluster.waitForReplication();
    // The monitor has the only one that there is.
    const pool = await here.pool({ failover: { holdMs: 2000 } }, { user: 'one', password: 'one' });
    const { ms, value } = await timed(() => failureOf(pool.query('INSERT INTO t VALUES ()')));
    expect([1226, 1203]).toContain(value.errno);
    expect(ms).toBeLessThan(12_000);
    expect(pool.cluster.status().primary).toBe(here.primary.address);
  });

  it('too many connections (1040): typed, within the time limit, and all is well afterwards', async () => {
    const pool = await here.pool({ pool: { acquireTimeoutMs: 2000 }, failover: { holdMs: 2000 } });
    const hogs = [];
    for (let full = false; !full; ) {
      const { user, password } = here.cluster.credentials.plain;
      const { host, serverPort: port } = here.primary;
      const { createConnection: connect } = await import('mysql2/promise');
      const hog = await connect({ host, port, user, password }).catch((error: { errno: number }) => error.errno);
      if (typeof hog === 'number') {
        expect(hog).toBe(1040);
        full = true;
      } else hogs.push(here.use(hog, (made) => made.destroy()));
    }
    const { ms, value } = await timed(() => failureOf(pool.query('INSERT INTO t VALUES ()')));
    expect(value instanceof PoolTimeoutError || value.errno === 1040).toBe(true);
    expect(ms).toBeLessThan(12_000);
    expect(pool.cluster.status().primary).toBe(here.primary.address);
    for (const hog of hogs) hog.destroy();
    await until(() =>
      pool.query('INSERT INTO t VALUES ()').then(
        () => true,
        () => false,
      ),
    );
  });

  it('acquire timeout: PoolTimeoutError after acquireTimeoutMs, for statements that find all in use', async () => {
    const pool = await here.pool({ pool: { max: 1, reserve: 0, acquireTimeoutMs: 500 } });
    const busy = pool.query('SELECT SLEEP(2) FROM whoami FOR UPDATE');
    await pause(100);
    const { ms, value } = await timed(() => Promise.race([failureOf(pool.query('INSERT INTO t VALUES ()')), busy]));
    expect(value).toBeInstanceOf(PoolTimeoutError);
    expect(value).toMatchObject({ code: 'POOL_TIMEOUT', message: /acquireTimeoutMs \(500 ms\)/ });
    expect(ms).toBeGreaterThan(450);
    await busy;
  });

  it("queueLimit and waitForConnections of mysql2 are kept for getConnection, with mysql2's messages", async () => {
    const one = await here.pool({}, { connectionLimit: 1, waitForConnections: false });
    here.use(await one.getConnection(), (taken) => taken.release());
    expect((await failureOf(one.getConnection())).message).toBe('No connections available.');
    const queue = await here.pool({}, { connectionLimit: 1, queueLimit: 1 });
    const taken = here.use(await queue.getConnection(), (held) => held.release());
    const waiting = queue.getConnection();
    expect((await failureOf(queue.getConnection())).message).toBe('Queue limit reached.');
    taken.release();
    (await waiting).release();
  });
});

describe('no primary', { timeout: TEST_MS }, () => {
  it('only a replica is known: writes fail with FailoverTimeoutError after holdMs and say why, reads run', async () => {
    const seed = here.replica(0).address;
    const pool = here.use(
      createPool(here.options({ nodes: [seed], discover: false, failover: { holdMs: 700 } })),
      (made) => made.end(),
    );
    const { ms, value } = await timed(() => failureOf(pool.query('INSERT INTO t VALUES ()')));
    expect(value).toBeInstanceOf(FailoverTimeoutError);
    expect(value.message).toMatch(/holdMs/);
    expect(ms).toBeGreaterThan(650);
    expect(ms).toBeLessThan(5000);
    expect(await failureOf(pool.cluster.ready(300))).toBeInstanceOf(FailoverTimeoutError);
    expect(await nameOf(pool, { sql: 'SELECT name FROM whoami', cluster: { consistency: 'eventual' } })).toBe(
      here.replica(0).name,
    );
  });
});

describe('end()', { timeout: TEST_MS }, () => {
  it('finishes what is in flight and what waits for a connection', async () => {
    const pool = createPool(here.options({ pool: { max: 1 } }));
    await pool.cluster.ready();
    const running = Array.from({ length: 3 }, () => pool.query('SELECT SLEEP(0.2) FROM whoami FOR UPDATE'));
    await pause(100);
    const ended = pool.end();
    expect(await Promise.allSettled(running).then((all) => all.map(({ status }) => status))).toEqual(
      Array(3).fill('fulfilled'),
    );
    await ended;
  });

  it('a second end() resolves, also at the same time; queries and connections after it fail at once', async () => {
    const pool = createPool(here.options());
    await pool.query('SELECT 1');
    await Promise.all([pool.end(), pool.end()]);
    await pool.end();
    for (const late of [pool.query('SELECT 1'), pool.execute('SELECT 1'), pool.getConnection()]) {
      const error = await failureOf(late as Promise<unknown>);
      expect(error).toBeInstanceOf(ClusterClosedError);
      expect(error.message).toBe('Pool is closed.');
    }
  });

  it('is bounded although a statement runs for long and a connection was never released', async () => {
    const pool = createPool(here.options());
    const connection = await pool.getConnection();
    const sent = failureOf(connection.query('SELECT SLEEP(40) FROM whoami FOR UPDATE'));
    sent.catch(() => undefined);
    await pause(200);
    const { ms } = await timed(() => pool.end());
    expect(ms).toBeLessThan(20_000);
    expect(await Promise.race([sent, pause(5000)])).toBeInstanceOf(Error);
  });

  it('before anything was reached or asked; and cluster.end() is the same', async () => {
    await createPool(here.options()).end();
    const pool = createPool(here.options());
    await pool.cluster.end();
    expect(await failureOf(pool.query('SELECT 1'))).toBeInstanceOf(ClusterClosedError);
  });

  it('leaves no connection of the account on the servers', async () => {
    const own = async (): Promise<number> => {
      const counts = here.cluster.nodes.map((node) =>
        here.cluster.query(node, "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE user = 'app'"),
      );
      return (await Promise.all(counts)).reduce((sum, [row]) => sum + Number(row?.n), 0);
    };
    await until(async () => (await own()) === 0);
    const pool = createPool(here.options());
    await pool.cluster.ready();
    await Promise.all(Array.from({ length: 20 }, () => pool.query('SELECT 1')));
    await pool.query('INSERT INTO t VALUES ()');
    await pool.query('SELECT 1');
    expect(await own()).toBeGreaterThan(0);
    await pool.end();
    await until(async () => (await own()) === 0);
  });

  it('await using ends a pool', async () => {
    const pool = createPool(here.options());
    await pool.query('SELECT 1');
    await pool[Symbol.asyncDispose]();
    expect(await failureOf(pool.query('SELECT 1'))).toBeInstanceOf(ClusterClosedError);
  });
});

function thrownBy(task: () => unknown): unknown {
  try {
    return { gave: task() };
  } catch (error) {
    return error;
  }
}
