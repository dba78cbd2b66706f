import { startCluster } from '../../src/testing/index.js';

// A program that starts a cluster, tells about it on standard output, and then ends as its first argument says.
async function main(): Promise<void> {
  const [how = '', backend = 'native'] = process.argv.slice(2);
  const cluster = await startCluster({
    replicas: 1,
    install: true,
    backend: backend === 'docker' ? 'docker' : 'native',
  });
  const { nodes, primary } = cluster;
  const facts = {
    dataDir: primary.dataDir,
    pids: nodes.map(({ pid }) => pid),
    containers: nodes.map(({ container }) => container),
  };
  process.stdout.write(`${JSON.stringify(facts)}\n`);
  if (how === 'throw') throw new Error('an uncaught error of the test');
  if (how === 'exit') process.exit(7);
  if (how === 'wait') await new Promise((resolve) => setTimeout(resolve, 600_000));
  // 'end': the program has nothing more to do, and forgets to stop the cluster.
}

void main();
