// A real cluster in a test: start it, write, lose the primary, go on, stop. Nothing is left when the program ends.
// MYSQL2_CLUSTER_INSTALL=1 lets it unpack a server from Debian where none is installed.
import { createConnection } from 'mysql2/promise';
import { startCluster, type TestNode } from 'mysql2-cluster/testing';

const cluster = await startCluster({ replicas: 2, semiSync: true, log: (line) => console.log(`  ${line}`) });

async function run(node: TestNode, sql: string): Promise<unknown> {
  const { user, password, database } = cluster;
  const connection = await createConnection({ host: node.host, port: node.port, user, password, database });
  const [result] = await connection.query(sql);
  await connection.end();
  return result;
}

try {
  console.log(`up: ${cluster.uri}`);
  await run(cluster.primary, 'CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(20))');
  await run(cluster.primary, "INSERT INTO orders (what) VALUES ('tea')");

  const old = cluster.primary;
  await cluster.kill(old);
  await cluster.promote();
  await run(cluster.primary, "INSERT INTO orders (what) VALUES ('coffee')");

  await cluster.rebuild(old);
  await cluster.waitForReplication();
  console.log(`${old.name} is back as a replica and has`, await run(old, 'SELECT what FROM orders ORDER BY id'));
} finally {
  await cluster.stop();
}
