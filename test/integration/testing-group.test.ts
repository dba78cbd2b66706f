import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster, type TestNode } from '../../src/testing/index.js';
import { CLUSTER_TEST_MS, codeOf, idsOn, makeTable, replicaOf, withCluster } from '../support/with-cluster.js';

const insert = (cluster: TestCluster, node: TestNode, id: number): Promise<unknown> =>
  cluster.query(node, 'INSERT INTO shop.t VALUES (?)', [id]);

/** `node-1 ONLINE PRIMARY, …`, as that node sees its group. */
async function viewOf(cluster: TestCluster, node: TestNode): Promise<string> {
  const columns = 'MEMBER_PORT AS port, MEMBER_STATE AS state, MEMBER_ROLE AS role';
  const rows = await cluster.query(node, `SELECT ${columns} FROM performance_schema.replication_group_members`);
  const nameOf = (port: unknown): string => cluster.nodes.find((other) => other.port === port)?.name ?? '?';
  const told = rows.map(({ port, state, role }) => `${nameOf(port)} ${state} ${role}`.trim());
  return told.sort().join(', ');
}

describe('a group', { timeout: CLUSTER_TEST_MS }, () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster({ install: true, groupReplication: true });
    await makeTable(cluster);
  });
  afterAll(() => cluster?.stop());

  it('replicates, and switches its primary', async () => {
    const other = replicaOf(cluster, 1);
    expect(await viewOf(cluster, other)).toBe(
      'node-1 ONLINE PRIMARY, node-2 ONLINE SECONDARY, node-3 ONLINE SECONDARY',
    );
    expect(await codeOf(insert(cluster, other, 1))).toBe('ER_OPTION_PREVENTS_STATEMENT');
    expect((await cluster.switchover(other)).name).toBe(other.name);
    expect([cluster.primary.name, cluster.replicas.length]).toEqual([other.name, 2]);
    await insert(cluster, other, 1);
  });

  it('a member leaves and joins, and lags', async () => {
    const [node, primary] = [replicaOf(cluster, 0), cluster.primary];
    await cluster.stopReplication(node);
    expect(await viewOf(cluster, primary)).toBe('node-2 ONLINE SECONDARY, node-3 ONLINE PRIMARY');
    await insert(cluster, primary, 2);
    await cluster.startReplication(node);
    await cluster.waitForReplication();
    expect(await idsOn(cluster, node)).toEqual([1, 2]);
    await cluster.stopReplication(node, 'sql');
    await insert(cluster, primary, 3);
    expect(await codeOf(cluster.waitForReplication(700))).toBe('TIMED_OUT');
    await cluster.startReplication(node);
    await cluster.waitForReplication();
    expect(await idsOn(cluster, node)).toEqual([1, 2, 3]);
    for (const act of [cluster.setDelay(node, 1), cluster.stopReplication(node, 'io')]) {
      expect(await codeOf(act)).toBe('UNSUPPORTED');
    }
  });

  it('elects another primary after a kill; the old one returns writable, and is built anew when it was written to', async () => {
    const old = cluster.primary;
    await cluster.kill(old);
    const elected = await cluster.promote();
    expect(elected.name).not.toBe(old.name);
    await insert(cluster, elected, 4);
    await cluster.start(old);
    expect(await viewOf(cluster, old)).toBe(`${old.name} OFFLINE`);
    await insert(cluster, old, 666);
    await cluster.rebuild(old);
    await cluster.waitForReplication();
    expect(await idsOn(cluster, old)).toEqual([1, 2, 3, 4]);
    expect(cluster.replicas.map((node) => node.state)).toEqual(['running', 'running']);
  });

  it('a member that is cut off keeps its view, and the others go on without it', async () => {
    const old = cluster.primary;
    await cluster.partition(old, { replication: false });
    await insert(cluster, old, 5);
    await cluster.waitForReplication();
    await cluster.partition(old);
    await insert(cluster, await cluster.promote(), 6);
    const unreachable = cluster.nodes.map((node) =>
      node === old ? `${node.name} ONLINE PRIMARY` : `${node.name} UNREACHABLE SECONDARY`,
    );
    expect(await viewOf(cluster, old)).toBe(unreachable.join(', '));
    await cluster.heal(old);
    await cluster.rebuild(old);
    await cluster.waitForReplication();
    expect(await idsOn(cluster, old)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('is begun anew when all are gone', async () => {
    for (const node of cluster.nodes) await cluster.kill(node);
    for (const node of cluster.nodes) await cluster.start(node);
    const [first, ...others] = cluster.nodes as [TestNode, ...TestNode[]];
    await cluster.bootstrap(first);
    for (const node of others) await cluster.rebuild(node);
    await insert(cluster, first, 7);
    await cluster.waitForReplication();
    expect(await idsOn(cluster, replicaOf(cluster, 1))).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });
});

describe('groups', { timeout: CLUSTER_TEST_MS }, () => {
  it('with many primaries every member is written to', async () => {
    await withCluster({ groupReplication: { multiPrimary: true } }, async (cluster) => {
      await makeTable(cluster);
      for (const [index, node] of cluster.nodes.entries()) await insert(cluster, node, index);
      await cluster.waitForReplication();
      expect(await idsOn(cluster, cluster.primary)).toEqual([0, 1, 2]);
      expect(await codeOf(cluster.switchover())).toBe('UNSUPPORTED');
    });
  });

  it('refuse what does not go together', async () => {
    for (const options of [{ flavor: 'mariadb' }, { semiSync: true }, { replicas: 9 }] as const) {
      expect(await codeOf(startCluster({ groupReplication: true, ...options }))).toBe('INVALID_OPTION');
    }
    await withCluster({ replicas: 0, relay: false }, async (cluster) => {
      expect(await codeOf(cluster.bootstrap(cluster.primary))).toBe('UNSUPPORTED');
    });
  });
});
