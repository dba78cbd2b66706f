import { describe, expect, it } from 'vitest';
import type { TestCluster, TestNode } from '../../src/testing/index.js';
import { clusterFolder, leftOf } from '../support/leftovers.js';
import { CLUSTER_TEST_MS, codeOf, idsOn, makeTable, replicaOf, withCluster } from '../support/with-cluster.js';

const insert = (cluster: TestCluster, node: TestNode, id: number): Promise<unknown> =>
  cluster.query(node, 'INSERT INTO shop.t VALUES (?)', [id]);

const everywhere = async (cluster: TestCluster): Promise<number[][]> => {
  await cluster.waitForReplication();
  return Promise.all(cluster.nodes.map((node) => idsOn(cluster, node)));
};

describe('a test cluster of Galera', { timeout: CLUSTER_TEST_MS }, () => {
  it('takes writes on all nodes; a killed node comes back with what it missed; one is built anew; all begin again', async () => {
    let folder = '';
    await withCluster({ galera: true }, async (cluster) => {
      folder = clusterFolder(cluster.primary.dataDir);
      await makeTable(cluster);
      const [second, third] = [replicaOf(cluster, 0), replicaOf(cluster, 1)];
      await insert(cluster, cluster.primary, 1);
      await insert(cluster, third, 2);
      expect(await everywhere(cluster)).toEqual([
        [1, 2],
        [1, 2],
        [1, 2],
      ]);

      await cluster.kill(second);
      await insert(cluster, third, 3);
      await cluster.start(second);
      expect(await idsOn(cluster, second)).toEqual([1, 2, 3]);

      await cluster.rebuild(third);
      expect(await everywhere(cluster)).toEqual([
        [1, 2, 3],
        [1, 2, 3],
        [1, 2, 3],
      ]);

      await Promise.all(cluster.nodes.map((node) => cluster.kill(node)));
      for (const node of cluster.nodes) await cluster.start(node);
      expect(await everywhere(cluster)).toEqual([
        [1, 2, 3],
        [1, 2, 3],
        [1, 2, 3],
      ]);
    });
    expect(await leftOf(folder)).toEqual([]);
  });

  it('refuses what only a primary and its replicas can do', async () => {
    await withCluster({ galera: true, replicas: 0 }, async (cluster) => {
      const { primary } = cluster;
      const acts = [
        async () => cluster.promote(),
        async () => cluster.switchover(),
        () => cluster.setDelay(primary, 1),
        () => cluster.stopReplication(primary),
        () => cluster.startReplication(primary),
        () => cluster.follow(primary),
        () => cluster.partition(primary),
      ];
      for (const act of acts) expect(await codeOf(act())).toBe('UNSUPPORTED');
      await cluster.partition(primary, { replication: false });
    });
  });
});
