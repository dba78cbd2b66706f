import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClusterActError } from './errors.js';
import { findGalera } from './find-galera.js';
import type { Ask, Flavor, GaleraStart, ServerIdentity } from './flavor.js';
import { findFreePort } from './free-port.js';
import { TRANSFER } from './galera-transfer.js';
import { mariadbFlavor } from './mariadb-flavor.js';
import { SERVER_ID_STEP } from './network.js';
import type { Settings } from './options.js';
import type { Server } from './server.js';

/** Where a node talks to the others. */
interface Ports {
  readonly group: number;
  /** Where it receives what it missed. */
  readonly missed: number;
}

/** MariaDB with Galera. Every node takes writes; a node that starts joins the others, or begins the cluster when none is up. */
export async function galeraFlavor(settings: Settings): Promise<Flavor> {
  const provider = await findGalera(settings);
  settings.log(`galera: ${provider}`);
  const ports: Ports[] = [];
  while (ports.length <= settings.replicas) ports.push({ group: await findFreePort(), missed: await findFreePort() });
  const { accounts, ...flavor } = mariadbFlavor(settings, (identity) => args(identity, provider, ports));
  return {
    ...flavor,
    // Outside of the binary log is outside of the cluster.
    accounts: (databases) => accounts(databases).filter((sql) => !sql.includes('sql_log_bin')),
    // RESET MASTER is refused; nothing replicates from these logs.
    resetLogs: () => [],
    setReadOnly: () => [],
    galera: new Starts(flavor.args),
    replicaState: async (ask) => ((await synced(ask)) ? RUNNING : undefined),
    executed,
    applied: async (ask, position) => Number((await status(ask)).wsrep_last_committed) >= Number(position),
  };
}

const RUNNING = { ioRunning: true, ioStopped: false, sqlRunning: true, delaySeconds: 0, received: '', error: '' };

function args({ serverId, reportPort }: ServerIdentity, provider: string, ports: readonly Ports[]): string[] {
  const number = serverId % SERVER_ID_STEP;
  const { group, missed } = ports[number - 1]!;
  // A member that is killed is expelled within 2 s instead of 6.
  const options = [
    `gmcast.listen_addr=tcp://127.0.0.1:${group}`,
    `ist.recv_addr=127.0.0.1:${missed}`,
    'gcache.size=32M',
    'evs.keepalive_period=PT0.3S',
    'evs.inactive_check_period=PT0.3S',
    'evs.suspect_timeout=PT1.5S',
    'evs.inactive_timeout=PT3S',
    'gmcast.peer_timeout=PT1S',
  ];
  return [
    '--gtid-strict-mode=OFF',
    '--binlog-format=ROW',
    '--innodb-autoinc-lock-mode=2',
    '--wsrep-on=ON',
    `--wsrep-provider=${provider}`,
    '--wsrep-cluster-name=mysql2-cluster',
    `--wsrep-cluster-address=gcomm://${ports.map((one) => `127.0.0.1:${one.group}`).join(',')}`,
    `--wsrep-node-name=node-${number}`,
    `--wsrep-node-address=127.0.0.1:${group}`,
    `--wsrep-node-incoming-address=127.0.0.1:${reportPort}`,
    `--wsrep-sst-method=${TRANSFER}`,
    `--wsrep-provider-options=${options.join(';')}`,
  ];
}

/** Knows which nodes were started, so that exactly one begins the cluster when none is up. */
class Starts implements GaleraStart {
  readonly #args: Flavor['args'];
  readonly #servers = new Set<Server>();
  #beginning: Server | undefined;

  constructor(common: Flavor['args']) {
    this.#args = common;
  }

  async args(server: Server, identity: ServerIdentity): Promise<string[]> {
    this.#servers.add(server);
    const common = this.#args(identity);
    const others = [...this.#servers].filter((other) => other !== server);
    const begins = !others.some((other) => other.alive || other === this.#beginning);
    if (begins) this.#beginning = server;
    const position = await positionOf(server, common);
    if (begins) await allowBeginning(server);
    return [...common, ...(begins ? ['--wsrep-new-cluster'] : []), ...position];
  }

  async joined(ask: Ask): Promise<boolean> {
    const joined = await synced(ask);
    if (joined) this.#beginning = undefined;
    return joined;
  }

  async size(ask: Ask): Promise<number> {
    return Number((await status(ask)).wsrep_cluster_size);
  }
}

// After a crash only the storage engine knows; a node that cannot say is sent all data anew.
async function positionOf(server: Server, common: readonly string[]): Promise<string[]> {
  if (!existsSync(join(server.dataDir, 'grastate.dat'))) return [];
  const log = await server.runOnce([...common, '--wsrep-recover']);
  const position = /Recovered position:?\s*(\S+)/.exec(log)?.[1];
  if (position === undefined) throw new ClusterActError('SERVER_DIED', `no position was recovered:\n${log}`);
  return [`--wsrep-start-position=${position}`];
}

// A node that was killed is refused as the first one: another may have had more. Here whoever is started first is meant to be it.
async function allowBeginning({ dataDir }: Server): Promise<void> {
  const path = join(dataDir, 'grastate.dat');
  if (!existsSync(path)) return;
  await writeFile(path, (await readFile(path, 'utf8')).replace(/^safe_to_bootstrap:.*$/m, 'safe_to_bootstrap: 1'));
}

// Also what others committed and this node has not applied yet.
async function executed(ask: Ask): Promise<string> {
  await ask('SET STATEMENT wsrep_sync_wait = 1 FOR SELECT 1');
  return (await status(ask)).wsrep_last_committed ?? '';
}

async function synced(ask: Ask): Promise<boolean> {
  const { wsrep_ready: ready, wsrep_local_state_comment: state } = await status(ask);
  return ready === 'ON' && state === 'Synced';
}

async function status(ask: Ask): Promise<Readonly<Record<string, string | undefined>>> {
  const names = "'wsrep_ready', 'wsrep_local_state_comment', 'wsrep_last_committed', 'wsrep_cluster_size'";
  const rows = await ask(`SHOW GLOBAL STATUS WHERE variable_name IN (${names})`);
  return Object.fromEntries(rows.map((row) => [String(row.Variable_name), String(row.Value)]));
}
