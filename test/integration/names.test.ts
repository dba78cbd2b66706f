import dns from 'node:dns';
import type { RowDataPacket } from 'mysql2';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ClusteredPromisePool, createPool } from '../../src/promise.js';
import { type DnsServer, startDnsServer } from './support/dns-server.js';
import { failureOf, lab, readersOf, TEST_MS, until } from './support/lab.js';

const here = lab({}, async (made) => made.mark());
const service = '_mysql._tcp.shop.example';
const resolvers = dns.getServers();
let server: DnsServer;

beforeAll(async () => {
  server = await startDnsServer();
  dns.setServers([server.address]);
});

afterEach(async () => {
  await here.endAll();
  server.services.clear();
});

afterAll(async () => {
  dns.setServers(resolvers);
  await server.close();
});

const targets = (indexes: readonly number[]) =>
  indexes.map((index) => ({ name: 'localhost', port: here.cluster.nodes[index]!.port }));

function open(query = ''): ClusteredPromisePool {
  const { user, password, database } = here.cluster;
  const uri = `mysql+srv://${user}:${password}@${service}/${database}?discover=false${query}`;
  return here.use(createPool(uri), (pool) => pool.end());
}

const known = (pool: ClusteredPromisePool): string[] =>
  pool.cluster
    .status()
    .nodes.map(({ address }) => address)
    .sort();

describe('a DNS service', { timeout: TEST_MS }, () => {
  it('names the nodes', async () => {
    server.services.set(service, targets([0, 1, 2]));
    const pool = open();
    await pool.cluster.ready();
    const names = here.cluster.replicas.map(({ name }) => name).sort();
    expect(await readersOf(pool, names)).toEqual(names);
    await pool.query('CREATE TABLE IF NOT EXISTS named (id INT PRIMARY KEY)');
    const [rows] = await pool.query<RowDataPacket[]>('SELECT COUNT(*) AS n FROM named');
    expect(rows[0]?.n).toBe(0);
  });

  it('that is unknown is an error at once, which names it; the next statement tries again', async () => {
    const pool = open();
    const error = await failureOf(pool.query('SELECT 1'));
    expect(error).toMatchObject({ code: 'ENOTFOUND', hostname: service });
    expect(pool.cluster.status().unreachable).toHaveProperty([`srv:${service}`]);
    server.services.set(service, targets([0, 1, 2]));
    await until(async () => (await pool.query('SELECT 1').catch(() => undefined)) !== undefined);
    expect(pool.cluster.status().unreachable).toEqual({});
  });

  it('leads to other nodes when it changes, as soon as one of those before fails', async () => {
    server.services.set(service, [...targets([0]), { name: 'localhost', port: 1 }]);
    const pool = open();
    await pool.cluster.ready();
    expect(known(pool)).toEqual([here.cluster.nodes[0]!.address]);
    server.services.set(service, targets([0, 1, 2]));
    await until(() => known(pool).length === 3);
    expect(Object.keys(pool.cluster.status().unreachable)).toEqual([]);
  });
});
