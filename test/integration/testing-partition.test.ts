import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { TestCluster, TestNode } from '../../src/testing/index.js';
import {
  asApp,
  CLUSTER_TEST_MS,
  codeOf,
  connectTo,
  idsOn,
  makeTable,
  replicaOf,
  withCluster,
} from '../support/with-cluster.js';

const insert = (cluster: TestCluster, id: number): Promise<unknown> =>
  cluster.query(cluster.primary, 'INSERT INTO shop.t VALUES (?)', [id]);

async function catchesUp(cluster: TestCluster, node: TestNode, ids: number[]): Promise<void> {
  await expect.poll(() => idsOn(cluster, node), { timeout: 60_000, interval: 100 }).toEqual(ids);
}

describe('partition', { timeout: CLUSTER_TEST_MS }, () => {
  it('drop: connections are reset and refused, replication stands still; heal ends it', async () => {
    await withCluster({ replicas: 1 }, async (cluster) => {
      await makeTable(cluster);
      const replica = replicaOf(cluster, 0);
      const connection = await connectTo(cluster, replica);
      await cluster.partition(replica);
      expect(await codeOf(connection.query('SELECT 1'))).not.toBe('fulfilled');
      expect(await codeOf(asApp(cluster, replica, async () => undefined))).toBe('ECONNREFUSED');
      await insert(cluster, 1);
      await sleep(1500);
      expect(await idsOn(cluster, replica)).toEqual([]);
      await cluster.heal(replica);
      await catchesUp(cluster, replica, [1]);
      await asApp(cluster, replica, (other) => other.query('SELECT 1'));
    });
  });

  it('drop with replication: false cuts clients only', async () => {
    await withCluster({ replicas: 1 }, async (cluster) => {
      await makeTable(cluster);
      const replica = replicaOf(cluster, 0);
      await cluster.partition(replica, { replication: false });
      expect(await codeOf(asApp(cluster, replica, async () => undefined))).toBe('ECONNREFUSED');
      await insert(cluster, 1);
      await cluster.waitForReplication();
      expect(await idsOn(cluster, replica)).toEqual([1]);
    });
  });

  it('a dropped primary loses its replicas as well', async () => {
    await withCluster({ replicas: 1 }, async (cluster) => {
      await makeTable(cluster);
      await cluster.partition(cluster.primary);
      await insert(cluster, 1);
      await sleep(1500);
      expect(await idsOn(cluster, replicaOf(cluster, 0))).toEqual([]);
      await cluster.heal(cluster.primary);
      await catchesUp(cluster, replicaOf(cluster, 0), [1]);
    });
  });

  it('blackhole: old and new connections are silent; after heal new ones work and old ones are reset', async () => {
    await withCluster({ replicas: 0 }, async (cluster) => {
      const { primary } = cluster;
      const connection = await connectTo(cluster, primary);
      const idle = await connectTo(cluster, primary);
      await cluster.partition(primary, { mode: 'blackhole' });
      const answer = codeOf(connection.query('SELECT 1'));
      const login = codeOf(connectTo(cluster, primary));
      expect(await Promise.race([answer, login, sleep(700, 'silence')])).toBe('silence');
      await cluster.heal(primary);
      expect(await answer).not.toBe('fulfilled');
      expect(await login).not.toBe('fulfilled');
      await asApp(cluster, primary, (other) => other.query('SELECT 1'));
      await idle.query('SELECT 1');
      idle.destroy();
    });
  });

  it('blackhole fromServer: what the client sent is done, and it never hears of it', async () => {
    await withCluster({ replicas: 0 }, async (cluster) => {
      await makeTable(cluster);
      const { primary } = cluster;
      const connection = await connectTo(cluster, primary);
      await cluster.partition(primary, { mode: 'blackhole', direction: 'fromServer' });
      const answer = codeOf(connection.query('INSERT INTO t VALUES (1)'));
      await catchesUp(cluster, primary, [1]);
      expect(await Promise.race([answer, sleep(300, 'silence')])).toBe('silence');
      await cluster.heal(primary);
      expect(await answer).not.toBe('fulfilled');
    });
  });

  it('blackhole toServer: what the client sends never arrives', async () => {
    await withCluster({ replicas: 0 }, async (cluster) => {
      await makeTable(cluster);
      const { primary } = cluster;
      const connection = await connectTo(cluster, primary);
      await cluster.partition(primary, { mode: 'blackhole', direction: 'toServer' });
      const answer = codeOf(connection.query('INSERT INTO t VALUES (1)'));
      expect(await Promise.race([answer, sleep(700, 'silence')])).toBe('silence');
      await cluster.heal(primary);
      expect(await answer).not.toBe('fulfilled');
      expect(await idsOn(cluster, primary)).toEqual([]);
    });
  });

  it('a node that dies in a black hole stays silent', async () => {
    await withCluster({ replicas: 0 }, async (cluster) => {
      const { primary } = cluster;
      const connection = await connectTo(cluster, primary);
      await cluster.partition(primary, { mode: 'blackhole' });
      await cluster.kill(primary);
      const answer = codeOf(connection.query('SELECT 1'));
      const login = codeOf(connectTo(cluster, primary));
      expect(await Promise.race([answer, login, sleep(700, 'silence')])).toBe('silence');
      await cluster.heal(primary);
      expect([await answer, await login]).not.toContain('fulfilled');
      expect(await codeOf(connectTo(cluster, primary))).toBe('ECONNREFUSED');
    });
  });

  it('delay: each way takes longer, bytes stay in order, nothing is lost', async () => {
    await withCluster({ replicas: 0 }, async (cluster) => {
      const { primary } = cluster;
      await asApp(cluster, primary, async (connection) => {
        await cluster.partition(primary, { mode: 'delay', delayMs: 150 });
        const began = performance.now();
        const long = 'x'.repeat(300_000);
        const [rows] = await connection.query('SELECT ? AS text', [long]);
        expect(performance.now() - began).toBeGreaterThan(290);
        expect(JSON.stringify(rows)).toBe(JSON.stringify([{ text: long }]));
        await cluster.heal(primary);
        await connection.query('SELECT 1');
      });
    });
  });

  it('a replica behind a partition is not promoted, and does not hold up the promotion of another', async () => {
    await withCluster({}, async (cluster) => {
      await makeTable(cluster);
      const [old, cutOff, other] = [cluster.primary, replicaOf(cluster, 0), replicaOf(cluster, 1)];
      await cluster.partition(cutOff, { mode: 'blackhole' });
      await cluster.kill(old);
      expect((await cluster.promote()).name).toBe(other.name);
      await insert(cluster, 1);
      await cluster.heal(cutOff);
      await catchesUp(cluster, cutOff, [1]);
    });
  });
});
