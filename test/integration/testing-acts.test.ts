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

const insert = (cluster: TestCluster, node: TestNode, id: number): Promise<unknown> =>
  cluster.query(node, 'INSERT INTO shop.t VALUES (?)', [id]);

async function superReadOnly(cluster: TestCluster, node: TestNode): Promise<unknown> {
  const [row] = await cluster.query(node, 'SELECT @@super_read_only AS value');
  return row?.value;
}

async function sourcePort(cluster: TestCluster, node: TestNode): Promise<unknown> {
  const [row] = await cluster.query(node, 'SHOW REPLICA STATUS');
  return row?.Source_Port;
}

/** Waits until the replica has received, applied or not, as many transactions of the primary as there are. */
async function waitReceived(cluster: TestCluster, node: TestNode): Promise<void> {
  const [primary] = await cluster.query(cluster.primary, 'SELECT @@gtid_executed AS gtids');
  const missing = async (): Promise<unknown> => {
    const [status] = await cluster.query(node, 'SHOW REPLICA STATUS');
    const sql = 'SELECT GTID_SUBTRACT(GTID_SUBTRACT(?, @@gtid_executed), ?) AS gtids';
    const [row] = await cluster.query(node, sql, [primary?.gtids, status?.Retrieved_Gtid_Set]);
    return row?.gtids;
  };
  await expect.poll(missing, { timeout: 30_000 }).toBe('');
}

describe('the acts of a test cluster', { timeout: CLUSTER_TEST_MS }, () => {
  it('kill: connections are lost, new ones refused; start: the node is back with its data', async () => {
    await withCluster({ replicas: 1 }, async (cluster) => {
      await makeTable(cluster);
      const replica = replicaOf(cluster, 0);
      const { port, serverUuid, pid } = replica;
      const connection = await connectTo(cluster, replica);
      await cluster.kill(replica);
      expect({ state: replica.state, pid: replica.pid }).toEqual({ state: 'down', pid: undefined });
      expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
      expect(['ECONNRESET', 'PROTOCOL_CONNECTION_LOST', 'EPIPE', undefined]).toContain(
        await codeOf(connection.query('SELECT 1')),
      );
      expect(await codeOf(asApp(cluster, replica, async () => undefined))).toBe('ECONNREFUSED');
      await insert(cluster, cluster.primary, 1);
      await cluster.start(replica);
      await cluster.waitForReplication();
      expect({ port: replica.port, serverUuid: replica.serverUuid }).toEqual({ port, serverUuid });
      expect(await idsOn(cluster, replica)).toEqual([1]);
      expect(await superReadOnly(cluster, replica)).toBe(1);
    });
  });

  it('a server that dies by itself is seen as down', async () => {
    await withCluster({ replicas: 0 }, async (cluster) => {
      process.kill(Number(cluster.primary.pid), 'SIGKILL');
      await expect.poll(() => cluster.primary.state, { timeout: 20_000 }).toBe('down');
      expect(await codeOf(asApp(cluster, cluster.primary, async () => undefined))).toBe('ECONNREFUSED');
      expect(await codeOf(cluster.waitForReplication())).toBe('NODE_STATE');
    });
  });

  it('pause: the node hangs; resume: it goes on where it was', async () => {
    await withCluster({ replicas: 0 }, async (cluster) => {
      await asApp(cluster, cluster.primary, async (connection) => {
        await cluster.pause(cluster.primary);
        expect(cluster.primary.state).toBe('paused');
        const answer = connection.query('SELECT 1 AS one').then(([rows]) => JSON.stringify(rows));
        const login = connectTo(cluster, cluster.primary).then((other) => other.destroy());
        expect(await Promise.race([answer, login, sleep(500, 'silence')])).toBe('silence');
        await cluster.resume(cluster.primary);
        expect(await answer).toBe('[{"one":1}]');
        await login;
      });
    });
  });

  it('promote: takes the replica that received the most, applies its relay log, repoints the other', async () => {
    await withCluster({}, async (cluster) => {
      await makeTable(cluster);
      const [old, behind, ahead] = [cluster.primary, replicaOf(cluster, 0), replicaOf(cluster, 1)];
      await cluster.stopReplication(behind, 'io');
      await cluster.stopReplication(ahead, 'sql');
      await insert(cluster, old, 1);
      await waitReceived(cluster, ahead);
      expect(await idsOn(cluster, ahead)).toEqual([]);
      await cluster.kill(old);
      expect((await cluster.promote()).name).toBe(ahead.name);
      expect(await idsOn(cluster, ahead)).toEqual([1]);
      expect(await superReadOnly(cluster, ahead)).toBe(0);
      expect(await sourcePort(cluster, ahead)).toBeUndefined();
      expect(await sourcePort(cluster, behind)).toBe(ahead.port);
      await insert(cluster, ahead, 2);
      await cluster.waitForReplication();
      expect(await idsOn(cluster, behind)).toEqual([1, 2]);
      expect({ primary: cluster.primary.name, replicas: cluster.replicas.map(({ name }) => name) }).toEqual({
        primary: ahead.name,
        replicas: [behind.name],
      });
    });
  });

  it('promote: a delayed replica loses nothing that it received', async () => {
    await withCluster({ replicas: 1 }, async (cluster) => {
      await makeTable(cluster);
      const replica = replicaOf(cluster, 0);
      await cluster.setDelay(replica, 3600);
      await insert(cluster, cluster.primary, 1);
      await waitReceived(cluster, replica);
      expect(await idsOn(cluster, replica)).toEqual([]);
      await cluster.kill(cluster.primary);
      await cluster.promote(replica);
      expect(await idsOn(cluster, replica)).toEqual([1]);
    });
  });

  it('promote fails clearly without a living replica', async () => {
    await withCluster({ replicas: 1 }, async (cluster) => {
      await cluster.kill('node-2');
      expect(await codeOf(cluster.promote())).toBe('NO_CANDIDATE');
      expect(await codeOf(cluster.promote('node-2'))).toBe('NODE_STATE');
      expect(await codeOf(cluster.promote('node-1'))).toBe('NODE_STATE');
    });
  });

  it('setDelay: nothing is applied before its time; 0 ends that', async () => {
    await withCluster({ replicas: 1 }, async (cluster) => {
      await makeTable(cluster);
      const replica = replicaOf(cluster, 0);
      await cluster.setDelay(replica, 3600);
      await insert(cluster, cluster.primary, 1);
      await waitReceived(cluster, replica);
      expect(await idsOn(cluster, replica)).toEqual([]);
      await expect(cluster.waitForReplication(300)).rejects.toMatchObject({
        code: 'TIMED_OUT',
        message: /node-2.*\n.*error log/,
      });
      await cluster.setDelay(replica, 0);
      await cluster.waitForReplication();
      expect(await idsOn(cluster, replica)).toEqual([1]);
    });
  });

  it('stopReplication stops one thread or both; startReplication starts them', async () => {
    await withCluster({ replicas: 1 }, async (cluster) => {
      const replica = replicaOf(cluster, 0);
      const threads = async (): Promise<unknown> => {
        const [row] = await cluster.query(replica, 'SHOW REPLICA STATUS');
        return [row?.Replica_IO_Running, row?.Replica_SQL_Running];
      };
      await cluster.stopReplication(replica, 'io');
      expect(await threads()).toEqual(['No', 'Yes']);
      await cluster.startReplication(replica);
      expect(await threads()).toEqual(['Yes', 'Yes']);
      await cluster.stopReplication(replica, 'sql');
      expect(await threads()).toEqual(['Yes', 'No']);
      await cluster.stopReplication(replica);
      expect(await threads()).toEqual(['No', 'No']);
    });
  });

  it('switchover: nothing is lost while clients write, and the old primary follows', async () => {
    await withCluster({}, async (cluster) => {
      await makeTable(cluster);
      const [old, wanted] = [cluster.primary, replicaOf(cluster, 1)];
      const acknowledged: number[] = [];
      const writing = asApp(cluster, old, async (connection) => {
        for (let id = 1; ; id += 1) {
          await connection.query('INSERT INTO t VALUES (?)', [id]);
          acknowledged.push(id);
        }
      });
      const refused = codeOf(writing);
      await expect.poll(() => acknowledged.length, { timeout: 20_000 }).toBeGreaterThan(20);
      await cluster.switchover(wanted);
      expect(await refused).toBe('ER_OPTION_PREVENTS_STATEMENT');
      expect(cluster.primary.name).toBe(wanted.name);
      expect(cluster.replicas.map(({ name }) => name)).toContain(old.name);
      await insert(cluster, wanted, 1_000_000);
      await cluster.waitForReplication();
      for (const node of cluster.nodes) expect(await idsOn(cluster, node)).toEqual([...acknowledged, 1_000_000]);
      expect(await superReadOnly(cluster, old)).toBe(1);
    });
  });

  it('switchover: the old primary is writable again when the new one cannot catch up', async () => {
    await withCluster({ replicas: 1, timeoutMs: 3000 }, async (cluster) => {
      await makeTable(cluster);
      await cluster.stopReplication('node-2', 'sql');
      await insert(cluster, cluster.primary, 1);
      expect(await codeOf(cluster.switchover())).toBe('TIMED_OUT');
      expect(cluster.primary.name).toBe('node-1');
      expect(await superReadOnly(cluster, cluster.primary)).toBe(0);
    });
  });
});
