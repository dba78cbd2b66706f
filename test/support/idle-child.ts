import { type ClusterPoolOptions, createConnection, createPool } from '../../src/index.js';

// A program that makes a pool, or a connection, and then has nothing more to do.
function main(): void {
  const [how = '', options = ''] = process.argv.slice(2);
  const parsed = JSON.parse(options) as ClusterPoolOptions;
  if (how === 'connection') createConnection(parsed);
  else {
    const pool = createPool(parsed);
    if (how === 'used') pool.query('SELECT 1', () => undefined);
    if (how === 'listening') pool.cluster.on('primaryChanged', () => undefined);
  }
  process.stdout.write('made\n');
}

main();
