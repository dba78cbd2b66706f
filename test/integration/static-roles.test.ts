import type { RowDataPacket } from 'mysql2/promise';
import { afterEach, describe, expect, it } from 'vitest';
import { createPool } from '../../src/promise.js';
import type { TestNode } from '../../src/testing/index.js';
import { failureOf, lab, nameOf, readersOf, TEST_MS, until } from './support/lab.js';
import { MovingAddress } from './support/moving-address.js';

const here = lab({ replicas: 2 }, async (made) => {
  await made.cluster.query(made.primary, 'CREATE TABLE shop.t (id INT PRIMARY KEY)');
  await made.mark();
});

afterEach(() => here.endAll());

type Given = { readonly host: string; readonly port: number; readonly role: 'primary' | 'replica' };

function given({ host, port }: Pick<TestNode, 'host' | 'port'>, role: Given['role']): Given {
  return { host, port, role };
}

const inOrder = (): readonly Given[] =>
  here.cluster.nodes.map((node) => given(node, node === here.primary ? 'primary' : 'replica'));

function roles(pool: Awaited<ReturnType<typeof here.pool>>): Record<string, string> {
  return Object.fromEntries(pool.cluster.status().nodes.map(({ address, role }) => [address, role]));
}

describe('roles that are given', { timeout: TEST_MS }, () => {
  it('hold for an account that may see nothing of replication; lag is measured all the same', async () => {
    const { user, password } = here.cluster.credentials.plain;
    const pool = await here.pool({ nodes: inOrder() }, { user, password });
    const { primary, because, nodes } = pool.cluster.status();
    expect(primary).toBe(here.primary.address);
    expect(because).toBe('it was given the role of the primary');
    expect(nodes.filter(({ role }) => role === 'replica').map((node) => node.because)).toEqual([
      'it was given the role of a replica',
      'it was given the role of a replica',
    ]);
    expect(await readersOf(pool, [here.replica(0).name, here.replica(1).name])).toEqual(
      [here.replica(0).name, here.replica(1).name].sort(),
    );
    for (let id = 1; id <= 20; id++) {
      await pool.query('INSERT INTO t VALUES (?)', [id]);
      const [rows] = await pool.query<RowDataPacket[]>('SELECT id FROM t WHERE id = ?', [id]);
      expect(rows).toEqual([{ id }]);
    }
    await here.cluster.stopReplication(here.replica(0), 'sql');
    await pool.query('INSERT INTO t VALUES (100)');
    await until(() => pool.cluster.status().nodes.some(({ lag }) => lag !== undefined && (lag.high ?? 0) > 2000));
    expect(await readersOf(pool, [here.replica(1).name])).toEqual([here.replica(1).name]);
    await here.cluster.startReplication(here.replica(0));
  });

  it('hold whatever a node says: a read-only replica that is given as the primary is the primary', async () => {
    const odd = here.replica(0);
    const nodes = here.cluster.nodes.map((node) => given(node, node === odd ? 'primary' : 'replica'));
    const pool = await here.pool({ nodes, failover: { holdMs: 300 } });
    expect(pool.cluster.status().primary).toBe(odd.address);
    expect(roles(pool)[here.primary.address]).toBe('replica');
    expect(await nameOf(pool, { sql: 'SELECT name FROM whoami', cluster: { route: 'primary' } })).toBe(odd.name);
    const error = await failureOf(pool.query('INSERT INTO t VALUES (1000)'));
    expect(error.code).toBe('FAILOVER_TIMEOUT');
  });

  it('are not added to: nothing is discovered', async () => {
    const nodes = inOrder().slice(0, 2);
    const pool = here.use(createPool(here.options({ nodes })), (made) => made.end());
    await pool.cluster.ready(30_000);
    await until(() => pool.cluster.status().nodes.length === 2);
    await pool.query('SELECT 1');
    expect(pool.cluster.status().nodes).toHaveLength(2);
  });

  it('an address that moves with the primary makes the node behind it the primary', async () => {
    const [first, second] = [here.primary, here.replica(0)];
    const moving = here.use(await MovingAddress.to(first), (address) => address.end());
    const virtual = given({ host: '127.0.0.1', port: moving.port }, 'primary');
    const nodes = [virtual, ...here.cluster.nodes.map((node) => given(node, 'replica'))];
    const pool = await here.pool({ nodes, primaryReads: 'never' });
    await until(() => roles(pool)[`127.0.0.1:${moving.port}`] === 'primary');
    expect(pool.cluster.status().nodes).toHaveLength(3);
    expect(await readersOf(pool, [second.name, here.replica(1).name])).not.toContain(first.name);
    await here.cluster.switchover(second);
    const write = pool.query('INSERT INTO t VALUES (2000)');
    moving.move(second);
    await write;
    const [rows] = await pool.query<RowDataPacket[]>('SELECT id FROM t WHERE id = 2000');
    expect(rows).toHaveLength(1);
    const there = await here.cluster.query(second, 'SELECT id FROM shop.t WHERE id = 2000');
    expect(there).toHaveLength(1);
    const readers = here.cluster.nodes.map(({ name }) => name).filter((name) => name !== second.name);
    await until(async () => (await readersOf(pool, readers)).join() === readers.join());
  });

  it('while the primary is down, writes wait and reads go on; nobody else is taken for it', async () => {
    const pool = await here.pool({ nodes: inOrder() });
    const { primary } = here;
    await nameOf(pool);
    await here.cluster.kill(primary);
    const write = pool.query('INSERT INTO t VALUES (3000)');
    await until(() => pool.cluster.status().because.endsWith('is down'));
    const name = await nameOf(pool);
    expect(name).not.toBe(primary.name);
    expect(pool.cluster.status().primary).toBe(undefined);
    await here.cluster.start(primary);
    await write;
    expect(pool.cluster.status().primary).toBe(primary.address);
  });
});
