import { checkChoice, checkOption, checkType, collectOptions, shown, unknownOption } from './check-option.js';
import type { ClusterKind } from './cluster-kind.js';
import { OptionError } from './errors.js';
import { optionTable } from './option-table.js';
import { parseRules, type Rule, type RuleOption } from './rules.js';
import { type NodeOption, parseSeeds, type Seed } from './seeds.js';

/** How a read chooses among replicas that are fit for it. */
export type BalanceName = 'adaptive' | 'round-robin' | 'random' | 'least-in-flight';

/** MySQL's replication with GTIDs, MariaDB's, or whichever a node's version says. */
export type KindOption = 'auto' | ClusterKind;

/** What a read must be able to see. */
export type Consistency = 'eventual' | 'pool';

/** Options under the key `cluster` of `createPool` and `createConnection`. All times in ms. */
export interface ClusterOptions {
  /** Seeds. Default: the pool's `host` and `port`. One is enough when `discover` is on. */
  readonly nodes?: readonly NodeOption[];
  /** Add and drop nodes that the cluster itself names. Default `true`. */
  readonly discover?: boolean;
  /** Maps an address that a server names to one that the client can reach; `undefined` leaves it out. */
  readonly resolve?: (address: string) => string | undefined;
  /** The kind of cluster. Default `'auto'`: each node is asked when a connection is opened. */
  /** The kind of cluster. Default `'auto'`: each node's by the variables that it has when a connection is opened. */
  readonly kind?: KindOption;
  /** A replica whose lag may be over it serves no read. Default 2000. */
  readonly maxLagMs?: number;
  /** A table in which somebody moves a row on the primary all the time. Default none: GTIDs need none. */
  readonly heartbeat?: {
    /**
     * `'schema.table'`, in the form of pt-heartbeat's: `server_id` and the time in `ts`. Read on every node that has no GTIDs: the
     * lag is bounded by the row of the primary's server id.
     */
    readonly table?: string;
  };
  /** Default `'pool'`: every write acknowledged through this pool is seen by its later reads. */
  readonly consistency?: Consistency;
  /** How long a read may wait for a replica to have what it must see before it goes to the primary. Default 100. */
  readonly consistencyWaitMs?: number;
  /** Reads on the primary. Default `'fallback'`: when no replica is fit. */
  readonly primaryReads?: 'fallback' | 'share' | 'never';
  /** Most reads in flight on the primary as a fallback. Default 100. */
  readonly primaryReadsMax?: number;
  /** Before the primary, the least behind replica up to this lag. Default off. */
  readonly fallbackMaxLagMs?: number;
  /** Default `'adaptive'`. */
  readonly balance?: BalanceName;
  /** Prefer nodes of this zone; others when none of it is fit, or all have their connections in use. */
  readonly zone?: string;
  /** How long the share of reads grows of a replica that returns or joins. Default 0: all at once. */
  readonly slowStartMs?: number;
  /** When the primary does not replicate semi-synchronously: `'warn'` tells, `'refuse'` sends no write. Default `'off'`. */
  readonly requireSemiSync?: 'off' | 'warn' | 'refuse';
  /** A table in the cluster by which nodes are drained and weighted in all processes. Default: none. */
  readonly control?: {
    /** `schema.table`, as `mysql2-cluster control init` makes it. */
    readonly table?: string;
  };
  /**
   * Functions vouched for as free of side effects: `'name'` or `'schema.name'`. Wanted for loadable functions, and for stored ones
   * whose bodies the account may not see or that are too involved to be read.
   */
  readonly readOnlyFunctions?: readonly string[];
  /** Where statements go that match; the first match decides. A rule never sends a write or a locking read to a replica. */
  readonly rules?: readonly RuleOption[];
  /**
   * Obey `/* cluster:primary *\/`, `/* cluster:replica *\/` and `/* cluster:max_lag_ms=50 *\/`. Default `false`: a comment can
   * come from user data.
   */
  readonly commentHints?: boolean;
  /** Per node. */
  readonly pool?: {
    readonly min?: number;
    readonly max?: number;
    readonly reserve?: number;
    readonly acquireTimeoutMs?: number;
    readonly idleTimeoutMs?: number;
    readonly maxLifetimeMs?: number;
  };
  readonly monitor?: {
    readonly intervalMs?: number;
    readonly timeoutMs?: number;
    readonly failures?: number;
    readonly successes?: number;
    readonly ejectPercent?: number;
    readonly ejectSlowFactor?: number;
    readonly ejectMs?: number;
    readonly user?: string;
    readonly password?: string;
  };
  readonly failover?: {
    readonly holdMs?: number;
    readonly maxHeld?: number;
    readonly retry?: boolean;
  };
}

/** Options under the key `cluster` of one query. */
export interface StatementClusterOptions {
  /** Default `'auto'`: by what the statement does. */
  readonly route?: 'primary' | 'replica' | 'auto';
  /** Run it on this node: an address, or its id in the status (a server UUID; on MariaDB such as `'1@db-1:3306'`). */
  readonly node?: string;
  readonly maxLagMs?: number;
  /** Instead of `consistencyWaitMs`. */
  readonly waitMs?: number;
  readonly consistency?: Consistency;
  /** Ends the statement when it is aborted, on the server too; the call fails with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** {@link ClusterOptions}, checked, with defaults, frozen. */
export interface Settings {
  readonly nodes: readonly Seed[];
  readonly discover: boolean;
  readonly resolve: ((address: string) => string | undefined) | undefined;
  readonly kind: KindOption;
  readonly maxLagMs: number;
  readonly heartbeat: { readonly table: string | undefined };
  readonly consistency: Consistency;
  readonly consistencyWaitMs: number;
  readonly primaryReads: 'fallback' | 'share' | 'never';
  readonly primaryReadsMax: number;
  readonly fallbackMaxLagMs: number | undefined;
  readonly balance: BalanceName;
  readonly zone: string | undefined;
  readonly slowStartMs: number;
  readonly requireSemiSync: 'off' | 'warn' | 'refuse';
  readonly control: { readonly table: string | undefined };
  readonly readOnlyFunctions: ReadonlySet<string>;
  readonly rules: readonly Rule[];
  readonly commentHints: boolean;
  readonly pool: Required<NonNullable<ClusterOptions['pool']>>;
  readonly queue: QueueOptions;
  readonly monitor: {
    readonly intervalMs: number;
    readonly timeoutMs: number;
    readonly failures: number;
    readonly successes: number;
    readonly ejectPercent: number;
    readonly ejectSlowFactor: number;
    readonly ejectMs: number;
    readonly user: string | undefined;
    readonly password: string | undefined;
  };
  readonly failover: Required<NonNullable<ClusterOptions['failover']>>;
}

/** mysql2's options of those who wait for a connection. */
export interface QueueOptions {
  /** Most who wait, for each node; 0 for no limit. */
  readonly queueLimit: number;
  readonly waitForConnections: boolean;
}

/** What the pool's own options contribute: mysql2's `host`, `port` and `connectionLimit`. */
export interface OuterOptions {
  readonly host?: string | undefined;
  readonly port?: number | string | undefined;
  readonly connectionLimit?: number | undefined;
  readonly idleTimeout?: number | undefined;
  /** Waiters of a pool at most; 0 for no limit. */
  readonly queueLimit?: number | undefined;
  readonly waitForConnections?: boolean | undefined;
}

/**
 * Checks and completes the options.
 *
 * @throws OptionError naming the option and what would be right
 */
export function parseOptions(options: ClusterOptions, outer: OuterOptions = {}): Settings {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new OptionError('cluster', `must be an object such as { nodes: ['db-1:3306'] }, not ${shown(options)}`);
  }
  const values = new Map<string, unknown>(optionTable.map((option) => [option.name, option.value]));
  collectOptions(options as Record<string, unknown>, values);
  if (outer.connectionLimit !== undefined && options.pool?.max === undefined) {
    values.set('pool.max', checkOption('pool.max', Number(outer.connectionLimit), 'connectionLimit'));
  }
  if (outer.idleTimeout !== undefined && options.pool?.idleTimeoutMs === undefined) {
    values.set('pool.idleTimeoutMs', checkOption('pool.idleTimeoutMs', Number(outer.idleTimeout), 'idleTimeout'));
  }
  const seeds = parseSeeds(options.nodes, { host: outer.host ?? '127.0.0.1', port: Number(outer.port ?? 3306) });
  const queue = { queueLimit: Number(outer.queueLimit ?? 0), waitForConnections: outer.waitForConnections !== false };
  if (seeds.some(({ role }) => role !== undefined)) {
    if (options.discover === true)
      throw new OptionError('cluster.discover', 'must be off where nodes are given a role');
    values.set('discover', false);
  }
  const settings: Settings = Object.freeze({ ...build(values), nodes: seeds, queue: Object.freeze(queue) });
  const { table } = settings.heartbeat;
  if (table !== undefined && !/^[^.]+\.[^.]+$/.test(table)) {
    throw new OptionError(
      'cluster.heartbeat.table',
      `must be a table with its schema such as 'percona.heartbeat', not '${table}'`,
    );
  }
  checkTable(settings.control.table);
  if (settings.pool.min > settings.pool.max) {
    throw new OptionError('cluster.pool.min', `${settings.pool.min} is over pool.max, ${settings.pool.max}`);
  }
  return settings;
}

/**
 * Checks the options of one statement.
 *
 * @throws OptionError
 */
export function checkStatementOptions(options: StatementClusterOptions): StatementClusterOptions {
  if (typeof options !== 'object' || options === null) {
    throw new OptionError('cluster', `must be an object such as { route: 'primary' }, not ${shown(options)}`);
  }
  for (const [key, value] of Object.entries(options)) {
    if (value !== undefined) checkStatementOption(key, value);
  }
  return options;
}

function checkStatementOption(key: string, value: unknown): void {
  const name = `cluster.${key}`;
  if (key === 'route') checkChoice(name, value, ['primary', 'replica', 'auto']);
  else if (key === 'node') checkType(name, value, 'string');
  else if (key === 'waitMs') checkOption('consistencyWaitMs', value, name);
  else if (key === 'maxLagMs' || key === 'consistency') checkOption(key, value, name);
  else if (key === 'signal') checkSignal(name, value);
  else throw unknownOption(name, key, ['route', 'node', 'maxLagMs', 'waitMs', 'consistency', 'signal']);
}

function checkSignal(name: string, value: unknown): void {
  if (value instanceof AbortSignal) return;
  throw new OptionError(name, `must be an AbortSignal, such as a controller's signal, not ${shown(value)}`);
}

function checkTable(table: string | undefined): void {
  if (table === undefined || /^[^.`\s]+\.[^.`\s]+$/.test(table)) return;
  throw new OptionError(
    'cluster.control.table',
    `must be a schema and a table, as in 'mysql2_cluster.nodes', not '${table}'`,
  );
}

function build(values: ReadonlyMap<string, unknown>): Omit<Settings, 'nodes' | 'queue'> {
  const settings: Record<string, unknown> = {};
  for (const [name, value] of values) {
    const [head, tail] = name.split('.') as [string, string | undefined];
    if (head === 'nodes') continue;
    if (tail === undefined) settings[head] = value;
    else settings[head] = { ...(settings[head] as object | undefined), [tail]: value };
  }
  settings.readOnlyFunctions = new Set((settings.readOnlyFunctions as string[]).map((name) => name.toLowerCase()));
  settings.rules = parseRules(settings.rules);
  for (const name of ['heartbeat', 'pool', 'monitor', 'failover', 'control']) Object.freeze(settings[name]);
  return settings as unknown as Omit<Settings, 'nodes' | 'queue'>;
}
