import { createServer } from 'node:net';
import type { RowDataPacket } from 'mysql2';
import { afterEach, describe, expect, it } from 'vitest';
import { type ClusteredConnection, type ClusterPoolOptions, createConnection, createPool } from '../../src/index.js';
import { failureOf, lab, pause, TEST_MS, until } from './support/lab.js';

const here = lab({}, async (made) => {
  await made.mark();
  await made.cluster.query(made.primary, 'CREATE TABLE shop.t (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(100))');
  await made.cluster.waitForReplication();
});

afterEach(() => here.endAll());

/** What an ORM that pools connections by itself looks at before each use. */
type Watched = ClusteredConnection & {
  readonly _fatalError: Error | null;
  readonly _protocolError: Error | null;
  readonly _closing: boolean;
  readonly stream: { readonly destroyed: boolean };
};

function create(options: ClusterPoolOptions): Watched {
  const made = createConnection(options) as Watched;
  return here.use(made, () => new Promise((resolve) => made.end(resolve)));
}

async function connected(options: ClusterPoolOptions): Promise<Watched> {
  const made = create(options);
  await new Promise<void>((resolve, reject) => made.connect((error) => (error ? reject(error) : resolve())));
  return made;
}

function rowsOf(on: Watched, sql: string | object): Promise<RowDataPacket[]> {
  return new Promise((resolve, reject) => {
    on.query(sql as string, (error, rows) => (error ? reject(error) : resolve(rows as RowDataPacket[])));
  });
}

/** As Knex's and Sequelize's pools ask it. */
function isUsable({ _fatalError, _protocolError, _closing, stream }: Watched): boolean {
  return !_fatalError && !_protocolError && !_closing && !stream.destroyed;
}

/** All known, so that reads find their replicas. */
async function surveyed(made: Watched): Promise<void> {
  await until(() => made.cluster.status().nodes.filter(({ health }) => health === 'up').length === 3);
}

/** How many connections an account has on all nodes. */
async function connectionsOf(user: string): Promise<number> {
  let sum = 0;
  for (const node of here.cluster.nodes) {
    const sql = "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE user = ? AND command <> 'Binlog Dump'";
    sum += Number((await here.cluster.query(node, sql, [user]))[0]?.n);
  }
  return sum;
}

describe('a connection connects by itself', { timeout: TEST_MS }, () => {
  it('is usable at once: what is asked before waits for it, and it tells first', async () => {
    const made = create(here.options());
    expect([isUsable(made), made.threadId]).toEqual([true, null]);
    const told: string[] = [];
    made.once('connect', () => told.push('event'));
    made.connect(() => told.push('callback'));
    const rows = rowsOf(made, 'SELECT name FROM whoami').then(() => told.push('rows'));
    await rows;
    expect(told).toEqual(['event', 'callback', 'rows']);
    expect(isUsable(made)).toBe(true);
    expect(made.threadId).toBeGreaterThan(0);
    await new Promise<void>((resolve) => made.connect(() => resolve()));
  });

  it('takes a password that is hidden in the options, as Knex hides it', async () => {
    const options = here.options();
    Object.defineProperty(options, 'password', { enumerable: false });
    expect(Object.keys(options)).not.toContain('password');
    expect(await rowsOf(await connected(options), 'SELECT name FROM whoami')).toHaveLength(1);
  });

  it('takes a URI among options that are not set, as TypeORM and Sequelize hand them over', async () => {
    const unset = { host: undefined, user: undefined, password: null, database: '' } as unknown as ClusterPoolOptions;
    const made = await connected({ ...unset, uri: here.cluster.uri });
    expect(await rowsOf(made, 'SELECT name FROM whoami')).toHaveLength(1);
  });

  it('that cannot is dead, with the error of the driver, and nobody goes on trying', async () => {
    let attempts = 0;
    const refusing = createServer((socket) => {
      attempts++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve));
    here.use(refusing, (server) => server.close());
    const { port } = refusing.address() as { port: number };
    const made = create({ user: 'app', cluster: { nodes: [`127.0.0.1:${port}`] } });
    const events: Error[] = [];
    made.on('error', (error) => events.push(error));
    const queued = failureOf(rowsOf(made, 'SELECT 1'));
    const error = await new Promise<Error | null>((resolve) => made.connect(resolve));
    expect((error as NodeJS.ErrnoException).code).toBe('PROTOCOL_CONNECTION_LOST');
    expect(events).toEqual([error]);
    expect(await queued).toBe(error);
    expect(await failureOf(rowsOf(made, 'SELECT 1'))).toBe(error);
    expect([isUsable(made), made._fatalError]).toEqual([false, error]);
    // The probe that is under way may end.
    await pause(200);
    const before = attempts;
    await pause(1500);
    expect(attempts).toBe(before);
  });

  it('says what mysql2 says of a server that is not there', async () => {
    const made = create({ cluster: { nodes: ['127.0.0.1:1'] } });
    const error = await new Promise<Error | null>((resolve) => made.connect(resolve));
    expect(error?.message).toBe('connect ECONNREFUSED 127.0.0.1:1');
  });
});

describe('the connections of one ORM', { timeout: TEST_MS }, () => {
  const COUNT = 50;

  it(`${COUNT} of them do not starve, share one monitor, and it ends with the last`, async () => {
    const monitors = await connectionsOf('root');
    const options = (): ClusterPoolOptions => here.options({ monitor: { ...here.cluster.credentials.root } });
    const first = await connected(options());
    await surveyed(first);
    const shared = await connectionsOf('root');
    expect(shared).toBeGreaterThan(monitors);
    const all = await Promise.all(Array.from({ length: COUNT }, () => connected(options())));
    await Promise.all(all.map((made) => rowsOf(made, 'START TRANSACTION')));
    await Promise.all(all.map((made, v) => rowsOf(made, `INSERT INTO t (v) VALUES ('${v}')`)));
    await Promise.all(all.map((made) => rowsOf(made, 'COMMIT')));
    const names = await Promise.all(all.map((made) => rowsOf(made, 'SELECT name FROM whoami')));
    expect(names.flat()).toHaveLength(COUNT);
    // A follower a replica may have come, a monitor not.
    expect(await connectionsOf('root')).toBeLessThanOrEqual(shared + 2);
    expect(first.cluster.status().nodes.reduce((sum, { traffic }) => sum + traffic.reads, 0)).toBeGreaterThanOrEqual(
      COUNT,
    );
    await here.endAll();
    await until(async () => (await connectionsOf('root')) === monitors && (await connectionsOf('app')) === 0);
  });

  it('see what any of them has written', async () => {
    const calm = here.options({ maxLagMs: 60_000 });
    const writer = await connected(calm);
    const reader = await connected(calm);
    await surveyed(reader);
    const stale = here.cluster.replicas;
    for (const node of stale) await here.cluster.stopReplication(node, 'sql');
    try {
      await rowsOf(writer, "INSERT INTO t (v) VALUES ('just now')");
      expect(await rowsOf(reader, "SELECT v FROM t WHERE v = 'just now'")).toHaveLength(1);
    } finally {
      for (const node of stale) await here.cluster.startReplication(node);
    }
  });

  it('see it also when their options differ, and when the writer has ended', async () => {
    const calm = { maxLagMs: 60_000 };
    const stays = await connected(here.options(calm));
    await surveyed(stays);
    const stale = here.cluster.replicas;
    for (const node of stale) await here.cluster.stopReplication(node, 'sql');
    try {
      const writer = await connected(here.options(calm, { charset: 'CP1251_GENERAL_CI' }));
      await rowsOf(writer, "INSERT INTO t (v) VALUES ('and gone')");
      await new Promise<void>((resolve) => writer.end(() => resolve()));
      const reader = await connected(here.options(calm, { charset: 'KOI8R_GENERAL_CI' }));
      expect(await rowsOf(reader, "SELECT v FROM t WHERE v = 'and gone'")).toHaveLength(1);
      const { user, password } = here.cluster.credentials.root;
      const other = await connected({ ...here.options({ ...calm, maxLagMs: 59_000 }), user, password });
      await surveyed(other);
      expect(await rowsOf(other, "SELECT v FROM t WHERE v = 'and gone'")).toHaveLength(1);
    } finally {
      for (const node of stale) await here.cluster.startReplication(node);
    }
  });

  it('whose options differ know nothing else of one another', async () => {
    const one = await connected(here.options({ maxLagMs: 60_000 }));
    const other = await connected(here.options({ maxLagMs: 59_000 }));
    await surveyed(one);
    await surveyed(other);
    await rowsOf(one, 'SELECT name FROM whoami');
    const reads = other.cluster.status().nodes.map(({ traffic }) => traffic.reads);
    expect(reads).toEqual([0, 0, 0]);
  });
});

describe('the death of a server connection', { timeout: TEST_MS }, () => {
  const killOn = async (made: Watched): Promise<void> => {
    const node = here.cluster.nodes.find(({ port }) => port === made.config.port);
    await here.cluster.query(node as never, `KILL CONNECTION ${made.threadId}`);
    await pause(200);
  };

  it('that nothing binds it to leaves it usable', async () => {
    const made = await connected(here.options({ consistency: 'eventual' }));
    await surveyed(made);
    const events: Error[] = [];
    made.on('error', (error) => events.push(error));
    await rowsOf(made, 'SELECT name FROM whoami');
    await killOn(made);
    expect(isUsable(made)).toBe(true);
    expect(await rowsOf(made, 'SELECT name FROM whoami')).toHaveLength(1);
    expect(events).toEqual([]);
  });

  it('of a transaction is an error event with a code that ORMs know, and it is dead', async () => {
    const made = await connected(here.options());
    const events: NodeJS.ErrnoException[] = [];
    made.on('error', (error) => events.push(error));
    await rowsOf(made, 'START TRANSACTION');
    await rowsOf(made, 'SELECT name FROM whoami');
    await killOn(made);
    await until(() => events.length > 0);
    expect(events.map(({ code }) => code)).toEqual(['PROTOCOL_CONNECTION_LOST']);
    expect([isUsable(made), made._fatalError?.name]).toEqual([false, 'TransactionLostError']);
  });
});

describe('without a primary', { timeout: TEST_MS }, () => {
  it('it connects to a replica and reads there; a write ends in the error of a primary that is missing', async () => {
    const options = here.options({ failover: { holdMs: 500 } });
    const first = await connected(options);
    await surveyed(first);
    const { primary } = here;
    await here.cluster.kill(primary);
    try {
      await until(() => first.cluster.status().primary === undefined);
      const made = await connected(options);
      expect(await rowsOf(made, 'SELECT name FROM whoami')).not.toEqual([{ name: primary.name }]);
      const error = await failureOf(rowsOf(made, "INSERT INTO t (v) VALUES ('nowhere')"));
      expect(error).toMatchObject({ code: 'FAILOVER_TIMEOUT' });
    } finally {
      await here.cluster.start(primary);
      await until(() => first.cluster.status().primary !== undefined);
    }
  });
});

describe('a node with another role', { timeout: TEST_MS }, () => {
  it('is read through a read-only connection, also by who still has one of the former primary', async () => {
    const made = await connected(here.options());
    const { address } = here.primary;
    await rowsOf(made, 'SELECT name FROM whoami FOR UPDATE');
    expect(made.config.port).toBe(here.primary.port);
    await here.cluster.switchover();
    await until(() => made.cluster.status().nodes.find((node) => node.address === address)?.role === 'replica');
    const sql = 'SELECT @@session.transaction_read_only AS safe';
    expect(await rowsOf(made, { sql, cluster: { node: address } })).toEqual([{ safe: 1 }]);
  });
});

describe('the configuration of a connection', { timeout: TEST_MS }, () => {
  it('leads to the very server, as Kysely wants it in order to end what runs there', async () => {
    const pool = here.use(createPool(here.options({ consistency: 'eventual' })), (made) => made.promise().end());
    await pool.cluster.ready();
    await until(() => pool.cluster.status().nodes.filter(({ role }) => role === 'replica').length === 2);
    const reader = await new Promise<Watched>((resolve, reject) =>
      pool.getConnection((error, made) => (error ? reject(error) : resolve(made as unknown as Watched))),
    );
    await rowsOf(reader, 'SELECT name FROM whoami');
    expect(here.cluster.replicas.map(({ port }) => port)).toContain(reader.config.port);
    const {
      clientFlags: _flags,
      maxPacketSize: _size,
      ...config
    } = reader.config as unknown as Record<string, unknown>;
    const control = here.use(createConnection(config as ClusterPoolOptions), (made) => made.end());
    const [row] = await rowsOf(control as Watched, 'SELECT @@port AS port');
    expect(here.cluster.nodes.find(({ serverPort }) => serverPort === row?.port)?.port).toBe(reader.config.port);
    const found = `SELECT id FROM information_schema.processlist WHERE id = ${reader.threadId}`;
    expect(await rowsOf(control as Watched, found)).toHaveLength(1);
    (reader as unknown as { release(): void }).release();
  });
});
