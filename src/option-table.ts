import { CLUSTER_KINDS } from './cluster-kind.js';

/** One option under `cluster`: what the README's table and the checks are made from. */
export interface OptionDescriptor {
  /** Dotted, such as `'monitor.intervalMs'`. */
  readonly name: string;
  readonly type: 'number' | 'boolean' | 'string' | 'function' | 'choice' | 'strings' | 'nodes' | 'rules';
  /** The default value itself. */
  readonly value: unknown;
  /** The default as documentation shows it. */
  readonly default: string;
  readonly summary: string;
  readonly choices?: readonly string[];
  /** Least number allowed; 0 without one. */
  readonly least?: number;
  /** Greatest number allowed. */
  readonly most?: number;
  /** Its value is shown in no error. */
  readonly secret?: boolean;
}

/** All options under `cluster`, in the order of the documentation. */
export const optionTable: readonly OptionDescriptor[] = [
  {
    name: 'nodes',
    type: 'nodes',
    value: undefined,
    default: "the pool's `host`, `port`",
    summary:
      "seeds: `'host:port'`, `{ host, port, weight, zone, tags, role, tlsName }`, or `{ srv }` for a DNS service; one is enough",
  },
  flag('discover', true, 'add and drop nodes that the cluster itself names'),
  {
    name: 'resolve',
    type: 'function',
    value: undefined,
    default: 'none',
    summary: 'maps an address that a server names to one that the client can reach',
  },
  choice(
    'kind',
    ['auto', ...CLUSTER_KINDS],
    "`'gtid-replication'` · `'group-replication'` · `'position-replication'`: MySQL without GTIDs · `'mariadb-replication'` · `'aurora'` · `'rds-cluster'` · `'galera'` · `'auto'`: each node is asked",
  ),
  number('maxLagMs', 2000, 'a replica whose lag may be over it serves no read'),
  {
    name: 'heartbeat.table',
    type: 'string',
    value: undefined,
    default: 'none',
    summary: "for servers without GTIDs: a table that bounds the lag, such as pt-heartbeat's `'percona.heartbeat'`",
  },
  choice(
    'consistency',
    ['pool', 'eventual'],
    "`'pool'`: reads see every write acknowledged through this pool · `'eventual'`: within `maxLagMs`",
  ),
  number(
    'consistencyWaitMs',
    100,
    'how long a read may wait for a replica to have what it must see before it goes to the primary',
  ),
  choice(
    'primaryReads',
    ['fallback', 'share', 'never'],
    "`'fallback'`: when no replica is fit · `'share'`: always, by weight · `'never'`",
  ),
  { ...number('primaryReadsMax', 100, 'most reads in flight on the primary as a fallback; the rest wait'), least: 1 },
  {
    name: 'fallbackMaxLagMs',
    type: 'number',
    value: undefined,
    default: 'off',
    summary: 'before the primary, the least behind replica up to this lag',
  },
  choice('balance', ['adaptive', 'round-robin', 'random', 'least-in-flight'], 'how a read chooses among fit replicas'),
  {
    name: 'zone',
    type: 'string',
    value: undefined,
    default: 'none',
    summary: 'prefer nodes of this zone; others when none of it is fit, or all have their connections in use',
  },
  number('slowStartMs', 0, 'how long the share of reads grows of a replica that returns or joins; 0: all at once'),
  choice(
    'requireSemiSync',
    ['off', 'warn', 'refuse'],
    "when the primary does not replicate semi-synchronously: `'warn'`: a `degraded` event · `'refuse'`: writes fail",
  ),
  {
    name: 'control.table',
    type: 'string',
    value: undefined,
    default: 'off',
    summary: '`schema.table` by which nodes are drained and weighted in all processes; see `mysql2-cluster control`',
  },
  {
    name: 'readOnlyFunctions',
    type: 'strings',
    value: [],
    default: '`[]`',
    summary: 'stored functions vouched for as free of side effects',
  },
  {
    name: 'rules',
    type: 'rules',
    value: [],
    default: '`[]`',
    summary: '`{ match, route, node, because }`: where statements go that match; the first match decides',
  },
  flag('commentHints', false, 'obey comments such as `/* cluster:primary */`; they can come from user data'),
  number('pool.min', 0, 'idle connections kept open to each node'),
  { ...number('pool.max', 10, "most connections to each node; mysql2's `connectionLimit` sets it"), least: 1 },
  number('pool.reserve', 2, "connections above `max` for a pinned session's second lease and for KILL"),
  { ...number('pool.acquireTimeoutMs', 10000, 'longest wait for a free connection'), least: 1 },
  { ...number('pool.idleTimeoutMs', 60000, 'an idle connection above `min` is closed after it'), least: 1 },
  { ...number('pool.maxLifetimeMs', 1800000, 'a connection older than this is closed when it comes back'), least: 1 },
  { ...number('monitor.intervalMs', 500, 'between two probes of a node'), least: 10 },
  { ...number('monitor.timeoutMs', 1000, 'longest wait for the answer to a probe'), least: 10 },
  {
    ...number(
      'monitor.failures',
      3,
      'unanswered probes in a row until a node is down; a refused connection is enough at once',
    ),
    least: 1,
  },
  { ...number('monitor.successes', 2, 'answered probes in a row until a node that was down serves again'), least: 1 },
  {
    ...number(
      'monitor.ejectPercent',
      50,
      'a replica is left out when so many of its last reads lost their connection or were far slower than on others; 0: never',
    ),
    most: 100,
  },
  { ...number('monitor.ejectSlowFactor', 10, 'how many times slower than on others a read counts for that'), least: 2 },
  {
    ...number('monitor.ejectMs', 5000, 'for how long at first; twice as long each further time, up to 5 minutes'),
    least: 1,
  },
  { name: 'monitor.user', type: 'string', value: undefined, default: "the pool's", summary: 'account of the probes' },
  {
    name: 'monitor.password',
    type: 'string',
    value: undefined,
    default: "the pool's",
    summary: 'password of the probes',
    secret: true,
  },
  number('failover.holdMs', 30000, 'how long a statement waits for a primary'),
  number('failover.maxHeld', 10000, 'how many statements wait at most'),
  flag(
    'failover.retry',
    true,
    'run a statement again where it belongs when nothing of it ran, and plain reads elsewhere',
  ),
];

function number(name: string, value: number, summary: string): OptionDescriptor {
  return { name, type: 'number', value, default: `\`${value}\``, summary };
}

function flag(name: string, value: boolean, summary: string): OptionDescriptor {
  return { name, type: 'boolean', value, default: `\`${value}\``, summary };
}

/** The first choice is the default. */
function choice(name: string, choices: readonly [string, ...string[]], summary: string): OptionDescriptor {
  return { name, type: 'choice', value: choices[0], default: `\`'${choices[0]}'\``, summary, choices };
}
