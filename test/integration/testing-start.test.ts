import { existsSync } from 'node:fs';
import { createConnection } from 'mysql2/promise';
import { describe, expect, it } from 'vitest';
import { startCluster } from '../../src/testing/index.js';
import { clusterFolder, leftOf, watchdogsOf } from '../support/leftovers.js';
import { asApp, CLUSTER_TEST_MS, codeOf, idsOn, makeTable, replicaOf, withCluster } from '../support/with-cluster.js';

describe('startCluster', { timeout: CLUSTER_TEST_MS }, () => {
  it('starts one primary and two replicas that replicate, and leaves nothing after stop', async () => {
    let folder = '';
    await withCluster({}, async (cluster) => {
      folder = clusterFolder(cluster.primary.dataDir);
      expect(existsSync(folder)).toBe(true);
      expect(cluster.nodes.map(({ name, state }) => `${name} ${state}`)).toEqual([
        'node-1 running',
        'node-2 running',
        'node-3 running',
      ]);
      expect(new Set(cluster.nodes.map(({ serverUuid }) => serverUuid)).size).toBe(3);
      await makeTable(cluster);
      await asApp(cluster, cluster.primary, (connection) => connection.query('INSERT INTO t VALUES (1)'));
      await cluster.waitForReplication();
      expect(await Promise.all(cluster.nodes.map((node) => idsOn(cluster, node)))).toEqual([[1], [1], [1]]);
      const write = asApp(cluster, replicaOf(cluster, 0), (connection) => connection.query('INSERT INTO t VALUES (2)'));
      expect(await codeOf(write)).toBe('ER_OPTION_PREVENTS_STATEMENT');
      expect(watchdogsOf(process.pid)).toHaveLength(1);
    });
    expect(await leftOf(folder)).toEqual([]);
    await expect.poll(() => watchdogsOf(process.pid), { timeout: 20_000 }).toEqual([]);
  });

  it('makes the accounts, the databases and the addresses that it says', async () => {
    await withCluster({ replicas: 1, databases: ['shop', 'a_b'] }, async (cluster) => {
      const [primary, replica] = cluster.nodes;
      if (primary === undefined || replica === undefined) throw new Error('two nodes expected');
      expect(cluster.uri).toBe(`mysql://app:app-password@127.0.0.1:${primary.port},127.0.0.1:${replica.port}/shop`);
      const grants = async (user: string): Promise<string> =>
        (await cluster.query(replica, 'SHOW GRANTS FOR ?@?', [user, '%']))
          .map((row) => String(Object.values(row)[0]))
          .join('\n');
      expect(await grants('app')).toMatch(/REPLICATION SLAVE, REPLICATION CLIENT ON \*\.\*/);
      expect(await grants('app')).toMatch(/SELECT ON `performance_schema`/);
      expect(await grants('app')).toMatch(/ALL PRIVILEGES ON `a\\_b`/);
      expect(await grants('plain')).not.toMatch(/REPLICATION|performance_schema|ALL PRIVILEGES ON \*/);
      for (const account of Object.values(cluster.credentials)) {
        const connection = await createConnection({ host: replica.host, port: replica.port, ...account });
        connection.destroy();
      }
      const [row] = await cluster.query(primary, 'SELECT @@report_port AS port, @@gtid_executed AS gtids');
      expect(row).toEqual({ port: primary.port, gtids: '' });
      const sources = await cluster.query(replica, 'SHOW REPLICA STATUS');
      expect(sources.map(({ Source_Port }) => Source_Port)).toEqual([primary.port]);
    });
  });

  it('commits wait for a replica with semiSync', async () => {
    await withCluster({ replicas: 1, semiSync: { timeoutMs: 3_600_000 } }, async (cluster) => {
      await makeTable(cluster);
      await cluster.query(cluster.primary, 'INSERT INTO shop.t VALUES (1)');
      const before = await cluster.query(cluster.primary, "SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_source_yes_tx'");
      expect(Number(before[0]?.Value)).toBeGreaterThanOrEqual(2);
      await cluster.stopReplication(replicaOf(cluster, 0), 'io');
      const write = cluster.query(cluster.primary, 'INSERT INTO shop.t VALUES (2)').then(() => 'acknowledged');
      const waiting = async (): Promise<string> => {
        const rows = await cluster.query(
          cluster.primary,
          "SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_source_wait_sessions'",
        );
        return String(rows[0]?.Value);
      };
      await expect.poll(waiting, { timeout: 20_000 }).toBe('1');
      await cluster.startReplication(replicaOf(cluster, 0));
      expect(await write).toBe('acknowledged');
    });
  });

  it('says what was wrong, and leaves nothing, when a server does not start', async () => {
    const lines: string[] = [];
    const start = startCluster({
      install: true,
      replicas: 1,
      mysqldArgs: ['--no-such-option=1'],
      log: (line) => lines.push(line),
    });
    await expect(start).rejects.toMatchObject({
      name: 'ClusterStartError',
      code: 'SERVER_DIED',
      message: /no-such-option/,
    });
    await expect.poll(() => watchdogsOf(process.pid), { timeout: 20_000 }).toEqual([]);
  });

  it('advertises the servers themselves with relay: false, and cannot partition then', async () => {
    await withCluster({ replicas: 0, relay: false }, async (cluster) => {
      expect(cluster.primary.port).toBe(cluster.primary.serverPort);
      expect(await codeOf(cluster.partition(cluster.primary))).toBe('NO_RELAY');
      expect(await codeOf(cluster.kill('node-9'))).toBe('UNKNOWN_NODE');
      await cluster.kill(cluster.primary);
      expect(await codeOf(asApp(cluster, cluster.primary, async () => undefined))).toBe('ECONNREFUSED');
    });
  });
});
