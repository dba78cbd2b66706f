import type { Cluster } from 'mysql2-cluster/promise';
import type { TestCluster } from 'mysql2-cluster/testing';

/** Tells of the package's own events in one line each, with the names that the nodes have here. */
export function tellEvents(cluster: Cluster, servers: TestCluster, tell: (line: string) => void): void {
  const named = (text: string): string =>
    servers.nodes.reduce((line, { name, address, serverUuid }) => {
      const renamed = line.replaceAll(address, name);
      return serverUuid === undefined ? renamed : renamed.replaceAll(serverUuid, name);
    }, text);
  const say = (line: string): void => tell(named(line));
  cluster.on('primaryChanged', ({ next, because }) => say(`primaryChanged: ${next ?? 'none'} (${because})`));
  cluster.on('noPrimary', ({ because }) => say(`noPrimary: ${because}`));
  cluster.on('splitBrain', ({ because }) => say(`splitBrain: ${because}`));
  cluster.on('misrouted', ({ sql, node }) => say(`misrouted on ${node}: ${sql}`));
  cluster.on('warning', ({ code, message }) => say(`warning ${code}: ${message}`));
  for (const name of ['nodeAdded', 'nodeRemoved', 'nodeUp', 'nodeDown'] as const) {
    cluster.on(name, ({ address, because }) => say(`${name}: ${address} (${because})`));
  }
}
