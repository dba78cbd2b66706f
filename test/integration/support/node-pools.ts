import { afterAll, afterEach, beforeAll } from 'vitest';
import { type Clock, systemClock } from '../../../src/clock.js';
import { NodePool, type NodePoolSettings } from '../../../src/cluster/node-pool.js';
import { openConnection, type PhysicalConnection, socketOf } from '../../../src/cluster/physical-connection.js';
import { type ClusterOptions, startCluster, type TestCluster } from '../../../src/testing/index.js';
import { poolSettings } from '../../unit/cluster/receiver.js';

/** The reason that tests end pools with. */
export const ended = new Error('the test has ended');

/** A pool, and what it opened. */
export interface Opened {
  readonly pool: NodePool;
  readonly connections: PhysicalConnection[];
  readonly errors: Error[];
  /** Sockets that were open or being opened at one moment, at most. */
  peak: number;
}

export interface Overrides {
  readonly settings?: Partial<NodePoolSettings>;
  readonly clock?: Clock;
  readonly password?: string;
  readonly port?: number;
}

/** Pools of the application's account on the primary of one cluster; retired after each test. */
export class NodePools {
  readonly #pools: NodePool[] = [];
  #cluster: TestCluster | undefined;

  get cluster(): TestCluster {
    if (!this.#cluster) throw new Error('the cluster has not been started');
    return this.#cluster;
  }

  async start(options: ClusterOptions): Promise<void> {
    this.#cluster = await startCluster({ replicas: 0, install: true, ...options });
  }

  async endAll(): Promise<void> {
    for (const pool of this.#pools.splice(0)) {
      pool.retire(ended, true);
      await pool.drain(ended, 0);
    }
  }

  /** Makes a pool that keeps what it opened. */
  on({ settings, clock = systemClock, password, port }: Overrides = {}): Opened {
    const { primary, user, database } = this.cluster;
    const { address, host } = primary;
    const target = { node: 'n', address, role: 'primary' as const, host, port: port ?? primary.port };
    const account = { user, database, password: password ?? this.cluster.password };
    const seen: Omit<Opened, 'pool'> = { connections: [], errors: [], peak: 0 };
    let opening = 0;
    const open = async (): Promise<PhysicalConnection> => {
      opening++;
      seen.peak = Math.max(seen.peak, opening + seen.connections.filter(isOpen).length);
      try {
        const connection = await openConnection(account, target, () => clock.now());
        seen.connections.push(connection);
        return connection;
      } catch (error) {
        seen.errors.push(error as Error);
        throw error;
      } finally {
        opening--;
      }
    };
    const pool = new NodePool(open, { ...poolSettings, ...settings }, clock);
    this.#pools.push(pool);
    return Object.assign(seen, { pool });
  }

  /** How many of these the server has. */
  async serverHas(...leases: PhysicalConnection[]): Promise<number> {
    const ids = leases.map(({ raw }) => raw.threadId).join(',');
    const sql = `SELECT ID FROM information_schema.PROCESSLIST WHERE ID IN (${ids})`;
    return (await this.cluster.query(this.cluster.primary, sql)).length;
  }

  async kill(lease: PhysicalConnection): Promise<void> {
    await this.cluster.query(this.cluster.primary, `KILL ${lease.raw.threadId}`);
    await until('the connection knows that it was killed', () => lease.dead !== undefined);
  }
}

/** Starts the cluster of this file before its tests and ends it after them. */
export function nodePools(options: ClusterOptions = {}): NodePools {
  const made = new NodePools();
  beforeAll(() => made.start(options));
  afterEach(() => made.endAll());
  afterAll(() => made.cluster.stop());
  return made;
}

export function isOpen(connection: PhysicalConnection): boolean {
  const socket = socketOf(connection.raw) as unknown as { destroyed: boolean; writableEnded: boolean };
  return !socket.destroyed && !socket.writableEnded;
}

export function query(lease: PhysicalConnection, sql: string): Promise<Record<string, unknown>[]> {
  return new Promise((resolve, reject) => {
    lease.raw.query(sql, (error, rows) => (error ? reject(error) : resolve(rows as Record<string, unknown>[])));
  });
}

/** Waits until it is true, within a bound that only a broken machine needs. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`never came true: ${what}`);
    await new Promise<void>((resolve) => setTimeout(resolve, 10));
  }
}
