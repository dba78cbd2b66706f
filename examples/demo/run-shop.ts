import { type ClusteredPromisePool, createPool } from 'mysql2-cluster/promise';
import type { TestCluster } from 'mysql2-cluster/testing';
import { tellEvents } from './event-lines.js';
import { Ledger } from './ledger.js';
import { Meter, SAMPLE_MS } from './meter.js';
import type { Ending } from './report.js';
import { createShop } from './schema.js';
import { Shop } from './shop.js';
import { playStory, type Times } from './story.js';
import { Tally } from './tally.js';
import { openView } from './view.js';

const PATIENCE_MS = 10_000;

/** How the shop is run. */
export interface Opening {
  readonly seconds: number;
  /** Ends the view; the servers are about to be stopped. */
  readonly signal: AbortSignal;
}

/** Opens the shop on the cluster, plays the failover, closes, and looks up every write on every node. */
export async function runShop(servers: TestCluster, opening: Opening): Promise<Ending> {
  const { user, password, database } = servers;
  const nodes = servers.nodes.map(({ address }) => address);
  const pool = createPool({ user, password, database, connectionLimit: 16, cluster: { nodes } });
  try {
    process.stdout.write('making the tables\n');
    await createShop(pool);
    const [tally, ledger] = [new Tally(), new Ledger()];
    const meter = new Meter(pool.cluster, servers.nodes, tally);
    const times = await playOpen(new Shop(pool, ledger, tally), { pool, servers, meter, opening });
    process.stdout.write('closed; waiting for the replicas, then looking up every write on every node\n');
    await servers.waitForReplication();
    const findings = await Promise.all(servers.nodes.map((node) => ledger.compare(servers, node)));
    return { tally, ledger, times, nodes: meter.read().nodes, mostHeld: meter.mostHeld, findings };
  } finally {
    await pool.end();
  }
}

interface Scene {
  readonly pool: ClusteredPromisePool;
  readonly servers: TestCluster;
  readonly meter: Meter;
  readonly opening: Opening;
}

async function playOpen(shop: Shop, { pool, servers, meter, opening }: Scene): Promise<Times> {
  const view = openView(process.stdout);
  const tell = (line: string): void => view.event(line);
  tellEvents(pool.cluster, servers, tell);
  opening.signal.addEventListener('abort', () => view.end());
  const timer = setInterval(() => view.refresh(meter.read()), SAMPLE_MS);
  try {
    shop.open();
    return await playStory({ cluster: servers, seconds: opening.seconds, tell });
  } finally {
    await shop.close(PATIENCE_MS);
    clearInterval(timer);
    view.refresh(meter.read());
    view.end();
  }
}
