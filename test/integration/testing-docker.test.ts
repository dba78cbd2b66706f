import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { bundle, startChild } from '../support/run-child.js';
import { asApp, CLUSTER_TEST_MS, codeOf, idsOn, makeTable, replicaOf, withCluster } from '../support/with-cluster.js';

// MYSQL2_CLUSTER_DOCKER=1, as in CI: a missing Docker is a failure, not a reason to skip.
const required = process.env.MYSQL2_CLUSTER_DOCKER === '1';
const skipped = !required && !dockerAnswers();
if (skipped) console.warn('testing-docker: SKIPPED, Docker does not answer (test/support/docker-image.sh makes it)');

function dockerAnswers(): boolean {
  try {
    execFileSync('docker', ['info'], { stdio: 'ignore', timeout: 30_000 });
    return true;
  } catch {
    return false;
  }
}

function existing(containers: readonly string[]): string[] {
  const listed = execFileSync('docker', ['ps', '-aq', '--no-trunc'], { encoding: 'utf8' });
  return containers.filter((id) => listed.includes(id));
}

const idsOf = (nodes: readonly { readonly container: string | undefined }[]): string[] =>
  nodes.map(({ container }) => String(container));

describe.skipIf(skipped)('a test cluster in containers', { timeout: 2 * CLUSTER_TEST_MS }, () => {
  it('replicates, fails over, rebuilds, and leaves nothing', async () => {
    let containers: string[] = [];
    await withCluster({ backend: 'docker' }, async (cluster) => {
      containers = idsOf(cluster.nodes);
      expect(existing(containers)).toHaveLength(3);
      await makeTable(cluster);
      const old = cluster.primary;
      await cluster.kill(old);
      expect(await codeOf(asApp(cluster, old, async () => undefined))).toBe('ECONNREFUSED');
      await cluster.promote();
      await cluster.query(cluster.primary, 'INSERT INTO shop.t VALUES (1)');
      await cluster.start(old);
      await cluster.query(old, 'INSERT INTO shop.t VALUES (666)');
      await cluster.rebuild(old);
      containers.push(...idsOf(cluster.nodes));
      await cluster.waitForReplication();
      expect(await idsOn(cluster, old)).toEqual([1]);
    });
    expect(existing(containers)).toEqual([]);
  });

  it('pauses, resumes, switches over and partitions', async () => {
    await withCluster({ backend: 'docker', replicas: 1, semiSync: true }, async (cluster) => {
      await makeTable(cluster);
      const replica = replicaOf(cluster, 0);
      await cluster.pause(replica);
      const paused = execFileSync('docker', ['inspect', '-f', '{{.State.Paused}}', String(replica.container)], {
        encoding: 'utf8',
      });
      expect(paused.trim()).toBe('true');
      await cluster.resume(replica);
      await cluster.partition(replica);
      expect(await codeOf(asApp(cluster, replica, async () => undefined))).toBe('ECONNREFUSED');
      await cluster.heal(replica);
      await cluster.switchover(replica);
      await asApp(cluster, replica, (connection) => connection.query('INSERT INTO t VALUES (1)'));
      await cluster.waitForReplication();
      expect(await idsOn(cluster, replicaOf(cluster, 0))).toEqual([1]);
    });
  });

  it('is removed when the process that started it is killed', async () => {
    const child = await bundle('cluster-child');
    let containers: string[] = [];
    let end = (): void => undefined;
    try {
      const running = await startChild(child.script, ['wait', 'docker']);
      end = () => void running.process.kill('SIGKILL');
      ({ containers } = JSON.parse(running.firstLine) as { containers: string[] });
      expect(existing(containers)).toHaveLength(2);
      end();
      await expect.poll(() => existing(containers), { timeout: 60_000, interval: 250 }).toEqual([]);
    } finally {
      end();
      child.remove();
      for (const id of existing(containers)) execFileSync('docker', ['rm', '-f', '-v', id], { stdio: 'ignore' });
    }
  });
});
