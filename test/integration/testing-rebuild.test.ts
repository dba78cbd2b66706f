import { describe, expect, it } from 'vitest';
import type { TestCluster } from '../../src/testing/index.js';
import { CLUSTER_TEST_MS, codeOf, idsOn, makeTable, withCluster } from '../support/with-cluster.js';

async function failOver(cluster: TestCluster): Promise<void> {
  await makeTable(cluster);
  await cluster.kill('node-1');
  await cluster.promote('node-2');
  await cluster.query('node-2', 'INSERT INTO shop.t VALUES (2)');
}

async function expectFollower(cluster: TestCluster): Promise<void> {
  await cluster.waitForReplication();
  expect(cluster.replicas.map(({ name }) => name)).toEqual(['node-1']);
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error('no node');
  expect(await idsOn(cluster, node)).toEqual([2]);
  const [row] = await cluster.query(node, 'SELECT @@super_read_only AS value');
  expect(row?.value).toBe(1);
  await cluster.query('node-2', 'INSERT INTO shop.t VALUES (3)');
  await cluster.waitForReplication();
  expect(await idsOn(cluster, node)).toEqual([2, 3]);
}

describe('rebuild', { timeout: CLUSTER_TEST_MS }, () => {
  it('keeps the data of an old primary that has nothing of its own', async () => {
    await withCluster({ replicas: 1 }, async (cluster) => {
      const uuid = cluster.primary.serverUuid;
      await failOver(cluster);
      await cluster.rebuild('node-1');
      expect(cluster.nodes[0]?.serverUuid).toBe(uuid);
      await expectFollower(cluster);
    });
  });

  it('makes an old primary with errant transactions anew', async () => {
    await withCluster({ replicas: 1 }, async (cluster) => {
      const uuid = cluster.primary.serverUuid;
      await failOver(cluster);
      await cluster.start('node-1');
      await cluster.query('node-1', 'INSERT INTO shop.t VALUES (666)');
      await cluster.rebuild('node-1');
      expect(cluster.nodes[0]?.serverUuid).not.toBe(uuid);
      await expectFollower(cluster);
    });
  });

  it('clones the primary when its binary logs are gone', async () => {
    await withCluster({ replicas: 1 }, async (cluster) => {
      await failOver(cluster);
      await cluster.start('node-1');
      await cluster.query('node-1', 'INSERT INTO shop.t VALUES (666)');
      await cluster.query('node-2', 'FLUSH BINARY LOGS');
      await cluster.query('node-2', 'PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY');
      const [row] = await cluster.query('node-2', 'SELECT @@gtid_purged AS gtids');
      expect(row?.gtids).not.toBe('');
      await cluster.rebuild('node-1');
      await expectFollower(cluster);
    });
  });

  it('refuses the primary', async () => {
    await withCluster({ replicas: 0 }, async (cluster) => {
      expect(await codeOf(cluster.rebuild('node-1'))).toBe('NODE_STATE');
    });
  });
});
