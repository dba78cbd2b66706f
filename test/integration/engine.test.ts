import type { ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { runCli } from '../../src/cli/run.js';
import { createPool, NoNodeAvailableError, RouteConflictError, raw } from '../../src/promise.js';
import { failureOf, lab, nameOf, namesOf, pause, readersOf, TEST_MS, until } from './support/lab.js';

const here = lab({}, async (made) => {
  await made.mark();
  for (const sql of TABLES) await made.cluster.query(made.primary, sql);
  await made.cluster.waitForReplication();
});

const TABLES = [
  'CREATE TABLE shop.log (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20))',
  'CREATE TABLE shop.item (id INT PRIMARY KEY, n INT)',
  'INSERT INTO shop.item VALUES (1, 10), (2, 20)',
  'SET GLOBAL log_bin_trust_function_creators = 1',
  `CREATE FUNCTION shop.who() RETURNS VARCHAR(20) READS SQL DATA RETURN (SELECT name FROM shop.whoami)`,
];

const replicas = (): string[] => here.cluster.replicas.map((node) => node.name).sort();

afterEach(() => here.endAll());

describe('where statements run', { timeout: TEST_MS }, () => {
  it('plain reads run on the replicas, on both, never on the primary', async () => {
    const pool = await here.pool();
    expect(await readersOf(pool, replicas())).toEqual(replicas());
  });

  it.each(['adaptive', 'round-robin', 'random', 'least-in-flight'] as const)(
    'balance %s uses both',
    async (balance) => {
      const pool = await here.pool({ balance });
      const names = await Promise.all(Array.from({ length: 60 }, () => nameOf(pool)));
      expect([...new Set(names)].sort()).toEqual(replicas());
    },
  );

  it('a replica that was slow once is used again', async () => {
    const pool = await here.pool();
    const { address } = here.replica(0);
    await nameOf(pool, { sql: 'SELECT name FROM whoami WHERE SLEEP(0.5) = 0', cluster: { node: address } });
    expect(await readersOf(pool, replicas())).toEqual(replicas());
  });

  it("texts are read by the servers' sql_mode", async () => {
    const sql = 'SELECT 1 AS "\\", name FROM whoami FOR UPDATE -- "';
    const set = async (mode: string): Promise<void> => {
      for (const node of here.cluster.nodes) await here.asRoot(node, [`SET GLOBAL sql_mode = ${mode}`]);
    };
    await set("CONCAT(@@GLOBAL.sql_mode, ',ANSI_QUOTES')");
    try {
      const pool = await here.pool();
      expect(await nameOf(pool, sql)).toBe(here.primary.name);
      expect(pool.cluster.explain(sql).classification.access).toBe('locking-read');
    } finally {
      await set('DEFAULT');
    }
  });

  it('reads through execute() run on the replicas too', async () => {
    const pool = await here.pool();
    const ask = async (): Promise<string> => {
      const [rows] = await pool.execute<RowDataPacket[]>('SELECT name FROM whoami WHERE name <> ?', ['x']);
      return String(rows[0]?.name);
    };
    expect(await namesOf(ask, 60, 2)).toEqual(replicas());
  });

  it.each([
    '(SELECT name FROM whoami)',
    '((SELECT name FROM whoami)) ORDER BY 1 LIMIT 1',
    'WITH w AS (SELECT name FROM whoami) SELECT name FROM w',
    'TABLE whoami',
    '/* a comment */ -- another\n SELECT name FROM whoami',
    "SELECT name FROM whoami WHERE 'for update' <> name AND name <> ';'",
    'SELECT UPPER(w.name) AS name FROM whoami w UNION SELECT name FROM whoami WHERE 1 = 0',
  ])('a read: %s', async (sql) => {
    const pool = await here.pool();
    expect(replicas()).toContain((await nameOf(pool, sql)).toLowerCase());
  });

  it('VALUES ROW() runs on a replica', async () => {
    const pool = await here.pool();
    const before = traffic(pool);
    await pool.query('VALUES ROW(1, 2), ROW(3, 4)');
    const after = traffic(pool);
    expect(after.replicaReads - before.replicaReads).toBe(1);
    expect(after.primary - before.primary).toBe(0);
  });

  it.each([
    'SELECT name FROM whoami FOR UPDATE',
    'SELECT name FROM whoami FOR SHARE',
    'SELECT name FROM whoami LOCK IN SHARE MODE',
    '(SELECT name FROM whoami FOR UPDATE)',
    'WITH w AS (SELECT name FROM whoami) SELECT name FROM w FOR UPDATE',
    'SELECT name FROM (SELECT name FROM whoami FOR UPDATE) t',
    'SELECT name FROM whoami /*!50000 FOR UPDATE */',
    'SELECT who() AS name',
    'SELECT shop.who() AS name',
    'SELECT name, @a := 1 FROM whoami',
    "SELECT name FROM whoami WHERE GET_LOCK('engine', 20) = 1",
    'SELECT name, LAST_INSERT_ID() FROM whoami',
    'SELECT name, @@transaction_read_only FROM whoami',
  ])('for the primary: %s', async (sql) => {
    const pool = await here.pool();
    expect(await namesOf(() => nameOf(pool, sql), 5)).toEqual([here.primary.name]);
  });

  it.each(['query', 'execute'] as const)('writes run on the primary: %s', async (run) => {
    const pool = await here.pool();
    for (const sql of ['INSERT INTO log', 'REPLACE INTO log']) {
      const write = `${sql} (name) SELECT name FROM whoami`;
      const { affectedRows, insertId } = (await pool[run as 'query']<ResultSetHeader>(write))[0];
      expect(affectedRows).toBe(1);
      const rows = await here.cluster.query(here.primary, 'SELECT name FROM shop.log WHERE id = ?', [insertId]);
      expect(rows).toEqual([{ name: here.primary.name }]);
    }
  });

  it('DDL, CALL, DO, SET GLOBAL run on the primary', async () => {
    const pool = await here.pool();
    await pool.query('DROP PROCEDURE IF EXISTS p');
    await pool.query('CREATE PROCEDURE p() INSERT INTO log (name) SELECT name FROM whoami');
    const [{ affectedRows }] = await pool.query<ResultSetHeader>('CALL p()');
    expect(affectedRows).toBe(1);
    await pool.query('DO SLEEP(0)');
    await pool.query('CREATE TABLE made (id INT) AS SELECT 1 AS id');
    expect((await pool.query<RowDataPacket[]>('SELECT id FROM made'))[0]).toEqual([{ id: 1 }]);
    await pool.query('DROP TABLE made');
  });

  it('a vouched function runs on a replica', async () => {
    const pool = await here.pool({ readOnlyFunctions: ['shop.who', 'who'] });
    expect(replicas()).toContain(await nameOf(pool, 'SELECT who() AS name'));
  });

  it('SHOW and reads of one server run where `node` says; the wish is honoured by address and by UUID', async () => {
    const pool = await here.pool();
    for (const node of here.cluster.nodes) {
      const cluster = { node: node.address };
      expect(await nameOf(pool, { sql: 'SELECT name FROM whoami', cluster })).toBe(node.name);
      const sql = "SHOW VARIABLES LIKE 'server_uuid'";
      const [rows] = await pool.query<RowDataPacket[]>({ sql, cluster: { node: node.serverUuid } } as never);
      expect(rows[0]?.Value).toBe(node.serverUuid);
    }
    const unknown = await failureOf(pool.query({ sql: 'SELECT 1', cluster: { node: 'nobody:1' } } as never));
    expect(unknown).toBeInstanceOf(NoNodeAvailableError);
    expect(unknown.message).toContain(here.primary.address);
  });
});

describe('options of a call', { timeout: TEST_MS }, () => {
  it("route 'primary', also through cluster.with; route 'replica' refuses a write", async () => {
    const pool = await here.pool();
    const sql = 'SELECT name FROM whoami';
    expect(await nameOf(pool, { sql, cluster: { route: 'primary' } })).toBe(here.primary.name);
    const inside = await pool.cluster.with({ route: 'primary' }, async () => {
      await pause(5);
      return nameOf(pool);
    });
    expect(inside).toBe(here.primary.name);
    expect(replicas()).toContain(await nameOf(pool));
    const refused = failureOf(pool.query({ sql: 'DELETE FROM log', cluster: { route: 'replica' } } as never));
    expect(await refused).toBeInstanceOf(RouteConflictError);
  });

  it('cluster.with reaches the queries of a connection that was taken outside', async () => {
    const pool = await here.pool({ consistency: 'eventual' });
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    const inside = () => pool.cluster.with({ route: 'primary' }, () => nameOf(connection));
    expect(await inside()).toBe(here.primary.name);
    expect(replicas()).toContain(await nameOf(connection));
    // Also when it keeps one of a replica.
    expect(await inside()).toBe(here.primary.name);
  });

  it('an unknown option of a call is an OptionError with the nearest name', async () => {
    const pool = await here.pool();
    const error = await failureOf(pool.query({ sql: 'SELECT 1', cluster: { rout: 'primary' } } as never));
    expect({ code: error.code, message: error.message }).toMatchObject({ code: 'OPTION_INVALID', message: /route/ });
    expect(() => pool.cluster.with({ rout: 'primary' } as never, () => 1)).toThrow(/route/);
  });
});

describe('the nets', { timeout: TEST_MS }, () => {
  it("a write forced onto a replica's lease is refused with 1792 by the server, even for a writable node", async () => {
    const pool = await here.pool();
    const leases: RawConnection[] = [];
    pool.pool.on('connection', (raw) => leases.push(raw as unknown as RawConnection));
    await nameOf(pool);
    const [raw] = leases;
    const node = here.cluster.replicas.find(({ port }) => port === raw?.config.port);
    if (!node || !raw) throw new Error('the lease of a replica was not seen');
    await here.asRoot(node, ['SET GLOBAL read_only = 0', 'SET GLOBAL super_read_only = 0']);
    try {
      const sent = new Promise((_resolve, reject) => raw.query('INSERT INTO log (name) VALUES (1)', reject));
      expect(await failureOf(sent)).toMatchObject({ errno: 1792 });
    } finally {
      await here.asRoot(node, ['SET GLOBAL read_only = 1', 'SET GLOBAL super_read_only = 1']);
    }
  });

  it('a misrouted statement is refused there, runs again on the primary, once, and an event says so', async () => {
    // The function is vouched for and writes: the wrong promise of a user.
    await here.cluster.query(here.primary, 'DROP VIEW IF EXISTS shop.writes');
    await here.cluster.query(here.primary, 'DROP FUNCTION IF EXISTS shop.noted');
    await here.cluster.query(
      here.primary,
      `CREATE FUNCTION shop.noted() RETURNS INT READS SQL DATA BEGIN
       INSERT INTO shop.log (name) VALUES ('noted'); RETURN 7; END`,
    );
    await here.cluster.waitForReplication();
    const pool = await here.pool({ readOnlyFunctions: ['noted'] });
    const events: string[] = [];
    pool.cluster.on('misrouted', (event) => events.push(event.sql));
    const sql = 'SELECT noted() AS n';
    const [rows] = await pool.query<RowDataPacket[]>(sql);
    expect(rows).toEqual([{ n: 7 }]);
    expect(events).toEqual([sql]);
    const [noted] = await here.cluster.query(here.primary, "SELECT COUNT(*) AS n FROM shop.log WHERE name = 'noted'");
    expect(noted?.n).toBe(1);

    // Its form is known from now on, whatever the values: it goes to the primary at once.
    const form = { digest: 'select noted ( ) as n', node: expect.stringContaining(':'), count: 1 };
    expect(pool.cluster.status()).toMatchObject({ misrouted: [form], totals: { misrouted: 1 } });
    await pool.query('select  noted() AS n');
    expect(events).toEqual([sql]);
    expect(pool.cluster.explain(sql)).toMatchObject({ access: 'write', node: here.primary.address });
    expect(pool.cluster.explain('SELECT noted() AS m').access).toBe('read');
    expect(pool.cluster.status().totals.misrouted).toBe(1);
  });
});

describe('what is known', { timeout: TEST_MS }, () => {
  it('explain() tells the way and runs nothing', async () => {
    const pool = await here.pool();
    const [before] = await here.cluster.query(here.primary, 'SELECT COUNT(*) AS n FROM shop.log');
    const write = pool.cluster.explain('INSERT INTO log (name) VALUES (1)');
    expect(write).toMatchObject({ access: 'write', decision: 'use', node: here.primary.address });
    const read = pool.cluster.explain('SELECT 1');
    expect(read).toMatchObject({ access: 'read', decision: 'use' });
    expect(here.cluster.replicas.map((node) => node.address)).toContain(read.node);
    expect(Object.keys(read.nodes).sort()).toEqual(here.cluster.nodes.map((node) => node.address).sort());
    expect(read.because).not.toBe('');
    const several = pool.cluster.explain('SELECT name FROM whoami; DELETE FROM log');
    expect(several).toMatchObject({ access: 'write', node: here.primary.address });
    expect(several.statements.map(({ tables, token }) => [tables[0]?.name, token?.text])).toEqual([
      ['whoami', undefined],
      ['log', 'DELETE'],
    ]);
    // Values are values, but for those that bring SQL of their own.
    expect(pool.cluster.explain('SELECT ?', ['; DELETE FROM log']).access).toBe('read');
    expect(pool.cluster.explain('SELECT ?', [raw('1 FOR UPDATE')])).toMatchObject({
      access: 'write',
      sql: 'SELECT 1 FOR UPDATE',
    });
    const asked = pool.cluster.explain('SELECT 1', undefined, { route: 'primary' });
    expect(asked).toMatchObject({ node: here.primary.address });
    expect(pool.cluster.with({ route: 'primary' }, () => pool.cluster.explain('SELECT 1')).node).toBe(asked.node);
    const [after] = await here.cluster.query(here.primary, 'SELECT COUNT(*) AS n FROM shop.log');
    expect(after?.n).toBe(before?.n);
  });

  it('the command line explains on a cluster, and shows its status', async () => {
    const print = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    try {
      expect(await runCli(['explain', 'DELETE FROM log', '--uri', here.cluster.uri])).toBe(0);
      expect(await runCli(['status', '--uri', here.cluster.uri])).toBe(0);
      const text = print.mock.calls.join('\n');
      expect(text).toContain(`route: use ${here.primary.address} (it writes, locks, or is about the session)`);
      expect(text).toContain(`primary: ${here.primary.address}`);
      expect(text).not.toContain(here.cluster.password);
    } finally {
      print.mockRestore();
    }
  });

  it('status() is frozen, JSON as it is, complete, and without the password', async () => {
    const pool = await here.pool();
    await pool.query('SELECT 1');
    const status = pool.cluster.status();
    expect(JSON.parse(JSON.stringify(status))).toEqual(JSON.parse(JSON.stringify(status)));
    expect(JSON.stringify(status)).not.toContain(here.cluster.password);
    expect(status).toMatchObject({ schemaVersion: 1, primary: here.primary.address, held: 0, splitBrain: [] });
    expect(status.nodes.map((node) => node.role).sort()).toEqual(['primary', 'replica', 'replica']);
    expect(isDeepFrozen(status)).toBe(true);
    for (const node of status.nodes.filter(({ role }) => role === 'replica')) {
      expect(node.lag?.high).toBeGreaterThanOrEqual(node.lag?.low ?? Number.NaN);
    }
  });

  it('status() says of each node what it is and why: kind, threads, semi-sync, missing GTIDs, pool', async () => {
    const pool = await here.pool();
    await pool.query('SELECT 1');
    const status = pool.cluster.status();
    const primary = status.nodes.find(({ role }) => role === 'primary');
    expect(primary).toMatchObject({ kind: 'gtid-replication', readOnly: false, channels: [], lag: undefined });
    for (const node of status.nodes.filter(({ role }) => role === 'replica')) {
      const channel = {
        source: here.primary.address,
        io: 'running',
        sql: 'running',
        delaySeconds: 0,
        error: undefined,
      };
      expect(node).toMatchObject({ kind: 'gtid-replication', readOnly: true, group: undefined, missingGtids: '' });
      expect(node.channels).toMatchObject([{ ...channel, sourceId: primary?.id }]);
      expect(node.version).toMatch(/^\d+\.\d+\.\d+/);
    }
    const served = status.nodes.filter(({ traffic }) => traffic.reads > 0);
    expect(served.map(({ pool: figures }) => figures)).toEqual([{ size: 1, idle: 1, lent: 0, waiting: 0 }]);
  });

  it.each(['the primary', 'a replica'])('one seed discovers the rest: %s', async (which) => {
    const seed = which === 'the primary' ? here.primary : here.replica(0);
    const pool = await here.pool({ nodes: [seed.address] });
    const found = pool.cluster.status().nodes.map((node) => node.address);
    expect(found.sort()).toEqual(here.cluster.nodes.map((node) => node.address).sort());
    expect(await readersOf(pool, replicas())).toEqual(replicas());
  });

  it('host and port of the pool are the seed without `nodes`', async () => {
    const { host, port } = here.replica(1);
    const pool = await here.pool({ nodes: undefined }, { host, port });
    expect(pool.cluster.status().primary).toBe(here.primary.address);
  });

  it('a URI of several hosts, and one with cluster=true', async () => {
    const alone = here.cluster.uri.replace(/@([^,/]+)[^/]*/, '@$1');
    for (const uri of [here.cluster.uri, `${alone}?cluster=true&maxLagMs=700`]) {
      const pool = here.use(createPool(uri), (opened) => opened.end());
      await until(() => pool.cluster.status().nodes.length === 3);
      await pool.cluster.ready();
      expect(await nameOf(pool, 'SELECT name FROM whoami FOR UPDATE')).toBe(here.primary.name);
    }
  });

  it('discover: false keeps to the seeds', async () => {
    const seeds = [here.primary.address, here.replica(0).address];
    const pool = here.use(createPool(here.options({ nodes: seeds, discover: false })), (opened) => opened.end());
    await until(() => pool.cluster.status().nodes.length === 2);
    await pause(1500);
    expect(
      pool.cluster
        .status()
        .nodes.map((node) => node.address)
        .sort(),
    ).toEqual([...seeds].sort());
  });

  it('localhost and 127.0.0.1 are one node, and so are two ports of one server', async () => {
    const nodes = here.cluster.nodes.flatMap(({ port, serverPort }) => [
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      `localhost:${serverPort}`,
    ]);
    const pool = await here.pool({ nodes });
    await until(() => pool.cluster.status().nodes.every((node) => node.addresses.length === 2));
    const status = pool.cluster.status();
    expect(status.nodes).toHaveLength(3);
    expect(status.splitBrain).toEqual([]);
    expect(await readersOf(pool, replicas())).toEqual(replicas());
    expect(await nameOf(pool, 'SELECT name FROM whoami FOR UPDATE')).toBe(here.primary.name);
  });

  it('without the grants of monitoring it still works, and says what is lost', async () => {
    const { user, password } = here.cluster.credentials.plain;
    const warnings: string[] = [];
    const pool = here.use(createPool(here.options({}, { user, password })), (opened) => opened.end());
    pool.cluster.on('warning', (event) => warnings.push(event.code));
    await pool.cluster.ready();
    const known = () => pool.cluster.status().nodes.filter(({ role, lag }) => role === 'replica' && lag?.high !== null);
    await until(() => known().length === 2);
    expect(await readersOf(pool, replicas())).toEqual(replicas());
    expect(await nameOf(pool, 'SELECT name FROM whoami FOR UPDATE')).toBe(here.primary.name);
    expect(pool.cluster.status().nodes.some((node) => node.missingGrants.length > 0)).toBe(true);
    expect(new Set(warnings)).toEqual(new Set(['MISSING_GRANT']));
  });
});

interface RawConnection {
  readonly config: { readonly port: number };
  query(sql: string, callback: (error: unknown) => void): unknown;
}

function traffic(pool: { cluster: { status(): import('../../src/promise.js').ClusterStatus } }): {
  readonly primary: number;
  readonly replicaReads: number;
} {
  const { nodes } = pool.cluster.status();
  let [primary, replicaReads] = [0, 0];
  for (const {
    role,
    traffic: { reads, writes },
  } of nodes) {
    if (role === 'primary') primary += reads + writes;
    else replicaReads += reads;
  }
  return { primary, replicaReads };
}

function isDeepFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isDeepFrozen);
}
