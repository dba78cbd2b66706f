import { describe, expect, it } from 'vitest';
import type { TestCluster, TestNode } from '../../src/testing/index.js';
import { clusterFolder, leftOf } from '../support/leftovers.js';
import { asApp, CLUSTER_TEST_MS, codeOf, idsOn, makeTable, replicaOf, withCluster } from '../support/with-cluster.js';

const insert = (cluster: TestCluster, node: TestNode, id: number): Promise<unknown> =>
  asApp(cluster, node, (connection) => connection.query('INSERT INTO t VALUES (?)', [id]));

describe('a test cluster of MariaDB', { timeout: CLUSTER_TEST_MS }, () => {
  it('replicates, refuses writes on replicas, and leaves nothing', async () => {
    let folder = '';
    await withCluster({ flavor: 'mariadb' }, async (cluster) => {
      folder = clusterFolder(cluster.primary.dataDir);
      expect(cluster.primary.version).toContain('MariaDB');
      await makeTable(cluster);
      await insert(cluster, cluster.primary, 1);
      await cluster.waitForReplication();
      expect(await Promise.all(cluster.nodes.map((node) => idsOn(cluster, node)))).toEqual([[1], [1], [1]]);
      expect(await codeOf(insert(cluster, replicaOf(cluster, 0), 2))).toBe('ER_OPTION_PREVENTS_STATEMENT');
    });
    expect(await leftOf(folder)).toEqual([]);
  });

  it('fails over to the replica that received the most, and rebuilds the old primary with and without errant transactions', async () => {
    await withCluster({ flavor: 'mariadb', semiSync: true }, async (cluster) => {
      await makeTable(cluster);
      const [old, behind, ahead] = [cluster.primary, replicaOf(cluster, 0), replicaOf(cluster, 1)];
      await cluster.stopReplication(behind, 'io');
      await insert(cluster, old, 1);
      await cluster.kill(old);
      expect((await cluster.promote()).name).toBe(ahead.name);
      await insert(cluster, ahead, 2);
      await cluster.rebuild(old);
      await cluster.waitForReplication();
      expect([await idsOn(cluster, old), await idsOn(cluster, behind)]).toEqual([
        [1, 2],
        [1, 2],
      ]);
      await cluster.stopReplication(old);
      await cluster.query(old, 'SET GLOBAL read_only=0');
      await cluster.query(old, 'INSERT INTO shop.t VALUES (666)');
      await cluster.rebuild(old);
      await cluster.waitForReplication();
      expect(await idsOn(cluster, old)).toEqual([1, 2]);
      expect(await codeOf(insert(cluster, old, 3))).toBe('ER_OPTION_PREVENTS_STATEMENT');
    });
  });

  it('switches over, delays, and cuts off', async () => {
    await withCluster({ flavor: 'mariadb', replicas: 1 }, async (cluster) => {
      await makeTable(cluster);
      const old = cluster.primary;
      await cluster.switchover();
      await insert(cluster, cluster.primary, 1);
      await cluster.waitForReplication();
      expect(await idsOn(cluster, old)).toEqual([1]);
      await cluster.setDelay(old, 3600);
      await insert(cluster, cluster.primary, 2);
      expect(await codeOf(cluster.waitForReplication(500))).toBe('TIMED_OUT');
      await cluster.setDelay(old, 0);
      await cluster.waitForReplication();
      await cluster.partition(old);
      await insert(cluster, cluster.primary, 3);
      expect(await codeOf(cluster.waitForReplication(1500))).toBe('TIMED_OUT');
      await cluster.heal(old);
      await cluster.waitForReplication();
      expect(await idsOn(cluster, old)).toEqual([1, 2, 3]);
    });
  });
});
