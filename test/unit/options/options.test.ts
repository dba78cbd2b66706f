import { describe, expect, test } from 'vitest';
import { ClusterError, OptionError } from '../../../src/errors.js';
import { optionTable } from '../../../src/option-table.js';
import { type ClusterOptions, checkStatementOptions, parseOptions } from '../../../src/options.js';

/** The error of options that are wrong on purpose. */
function refusal(options: unknown, outer = {}): OptionError {
  return refused(() => parseOptions(options as ClusterOptions, outer));
}

function refused(work: () => unknown): OptionError {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(OptionError);
    return error as OptionError;
  }
  throw new Error('it was taken');
}

/** `{ pool: { max: 5 } }` from `pool.max` and 5. */
function nested(name: string, value: unknown): Record<string, unknown> {
  const [head, tail] = name.split('.') as [string, string | undefined];
  return { [head]: tail === undefined ? value : { [tail]: value } };
}

describe('defaults', () => {
  test('are those of the design', () => {
    const settings = parseOptions({});
    expect({ ...settings, readOnlyFunctions: [...settings.readOnlyFunctions] }).toEqual({
      nodes: [
        { host: '127.0.0.1', port: 3306, address: '127.0.0.1:3306', srv: false, weight: 1, zone: undefined, tags: [] },
      ],
      discover: true,
      resolve: undefined,
      kind: 'auto',
      maxLagMs: 2000,
      consistency: 'pool',
      consistencyWaitMs: 100,
      primaryReads: 'fallback',
      primaryReadsMax: 100,
      heartbeat: { table: undefined },
      fallbackMaxLagMs: undefined,
      balance: 'adaptive',
      zone: undefined,
      slowStartMs: 0,
      requireSemiSync: 'off',
      control: { table: undefined },
      readOnlyFunctions: [],
      rules: [],
      commentHints: false,
      pool: {
        min: 0,
        max: 10,
        reserve: 2,
        acquireTimeoutMs: 10_000,
        idleTimeoutMs: 60_000,
        maxLifetimeMs: 1_800_000,
      },
      monitor: {
        intervalMs: 500,
        timeoutMs: 1000,
        failures: 3,
        successes: 2,
        ejectPercent: 50,
        ejectSlowFactor: 10,
        ejectMs: 5000,
        user: undefined,
        password: undefined,
      },
      failover: { holdMs: 30_000, maxHeld: 10_000, retry: true },
      queue: { queueLimit: 0, waitForConnections: true },
    });
  });

  test('fill in what is not given, in groups as well', () => {
    const { pool, monitor, maxLagMs } = parseOptions({ pool: { max: 3 }, monitor: { user: 'probe' }, maxLagMs: 50 });
    expect([pool.max, pool.acquireTimeoutMs, monitor.user, monitor.intervalMs, maxLagMs]).toEqual([
      3,
      10_000,
      'probe',
      500,
      50,
    ]);
  });

  test('stand for undefined', () => {
    const options = { maxLagMs: undefined, pool: undefined, nodes: undefined } as unknown as ClusterOptions;
    expect(parseOptions(options)).toEqual(parseOptions({}));
  });

  test('of one use are not changed by another', () => {
    parseOptions({ pool: { max: 77 }, readOnlyFunctions: ['f'] });
    expect(parseOptions({}).pool.max).toBe(10);
    expect(parseOptions({}).readOnlyFunctions.size).toBe(0);
  });
});

describe('settings are frozen', () => {
  test('with their groups, seeds and tags', () => {
    const settings = parseOptions({ nodes: [{ host: 'db-1', tags: ['ssd'] }, 'db-2'] });
    const parts = [settings, settings.pool, settings.monitor, settings.failover, settings.nodes, ...settings.nodes];
    expect(parts.map((part) => Object.isFrozen(part))).toEqual(parts.map(() => true));
    expect(Object.isFrozen(settings.nodes[0]?.tags)).toBe(true);
  });

  test('also when the node is the default', () => {
    expect(Object.isFrozen(parseOptions({}).nodes)).toBe(true);
  });

  test('and later changes of what was given do nothing', () => {
    const given = { nodes: ['db-1'], pool: { max: 3 }, readOnlyFunctions: ['f'] };
    const settings = parseOptions(given);
    given.nodes.push('db-2');
    given.pool.max = 99;
    given.readOnlyFunctions.push('g');
    expect([settings.nodes.length, settings.pool.max, [...settings.readOnlyFunctions]]).toEqual([1, 3, ['f']]);
  });
});

describe('the control table', () => {
  test.each(['nodes', 'a.b.c', 'a.', '.b', 'a.b`', 'a .b', ''])("'%s' is no schema and table", (table) => {
    const error = refusal({ control: { table } });
    expect(error.option).toBe('cluster.control.table');
    expect(error.message).toContain("as in 'mysql2_cluster.nodes'");
  });

  test('has its name', () => {
    expect(parseOptions({ control: { table: 'mysql2_cluster.nodes' } }).control.table).toBe('mysql2_cluster.nodes');
  });

  test('is an object', () => {
    expect(refusal({ control: 'mysql2_cluster.nodes' }).message).toContain('cluster.control: must be an object');
  });
});

test('a share is at most 100 percent', () => {
  expect(refusal({ monitor: { ejectPercent: 101 } }).message).toContain('up to 100');
  expect(refusal({ monitor: { ejectSlowFactor: 1 } }).message).toContain('from 2');
  expect(parseOptions({ monitor: { ejectPercent: 0 } }).monitor.ejectPercent).toBe(0);
});

test('requireSemiSync names its choices', () => {
  expect(refusal({ requireSemiSync: 'refused' }).message).toContain("did you mean 'refuse'?");
});

describe('bad values', () => {
  const wrong: Readonly<Record<string, readonly unknown[]>> = {
    number: ['5', null, true, {}, Number.NaN, -1],
    boolean: ['true', 1, null],
    string: [5, null, {}],
    function: ['name', {}, null],
    choice: ['no such thing', 5, null, ''],
    strings: ['f', [5], {}, null],
  };
  const cases = optionTable
    .filter(({ type }) => type !== 'nodes' && type !== 'rules')
    .flatMap(({ name, type }) => (wrong[type] as unknown[]).map((value) => ({ name, value, shown: String(value) })));

  test.each(cases)('$name: $shown', ({ name, value }) => {
    const error = refusal(nested(name, value));
    expect(error.option).toBe(`cluster.${name}`);
    expect(error.code).toBe('OPTION_INVALID');
    // It says what would be right.
    expect(error.message).toMatch(new RegExp(`^cluster\\.${name.replace('.', '\\.')}: must be `));
  });

  test.each([
    'pool.max',
    'pool.acquireTimeoutMs',
    'pool.idleTimeoutMs',
    'pool.maxLifetimeMs',
    'primaryReadsMax',
    'monitor.failures',
    'monitor.successes',
  ])('%s: 0 is too little', (name) => {
    expect(refusal(nested(name, 0)).message).toBe(`cluster.${name}: must be a number from 1, not 0`);
  });

  test.each(['monitor.intervalMs', 'monitor.timeoutMs'])('%s: 9 is too little', (name) => {
    expect(refusal(nested(name, 9)).message).toBe(`cluster.${name}: must be a number from 10, not 9`);
  });

  // A timer of more than 2^31 − 1 ms fires at once: the nodes would be probed without a pause.
  test.each(['monitor.intervalMs', 'monitor.timeoutMs'])('%s: Infinity is no time for a timer', (name) => {
    expect(refusal(nested(name, Number.POSITIVE_INFINITY)).option).toBe(`cluster.${name}`);
    expect(refusal(nested(name, 2 ** 31)).option).toBe(`cluster.${name}`);
  });

  test.each(['pool.max', 'pool.min', 'pool.reserve'])('%s: a half is no count', (name) => {
    expect(refusal(nested(name, 1.5)).option).toBe(`cluster.${name}`);
  });

  test('a choice names all choices, and the nearest', () => {
    expect(refusal({ balance: 'adaptiv' }).message).toBe(
      "cluster.balance: must be one of 'adaptive', 'round-robin', 'random', 'least-in-flight', not 'adaptiv'; did you mean 'adaptive'?",
    );
  });

  test.each(['pool', 'monitor', 'failover'])('%s must be an object', (name) => {
    for (const value of [5, 'x', null, true]) {
      const error = refusal({ [name]: value });
      expect(error.option).toBe(`cluster.${name}`);
      expect(error.message).toContain('must be an object');
    }
  });

  test.each([null, 5, 'db-1', ['db-1'], true])('cluster: %s', (value) => {
    const error = refusal(value);
    expect(error.option).toBe('cluster');
    expect(error.message).toContain("{ nodes: ['db-1:3306'] }");
  });

  test('pool.min over pool.max', () => {
    const error = refusal({ pool: { min: 5, max: 4 } });
    expect([error.option, error.message]).toEqual(['cluster.pool.min', 'cluster.pool.min: 5 is over pool.max, 4']);
  });

  test('no password is shown', () => {
    expect(refusal({ monitor: { password: 12345 } }).message).not.toContain('12345');
  });
});

describe('unknown names', () => {
  test.each([
    ['maxLag', 'maxLagMs'],
    ['maxlagms', 'maxLagMs'],
    ['node', 'nodes'],
    ['Nodes', 'nodes'],
    ['consistancy', 'consistency'],
    ['discovery', 'discover'],
    ['balancer', 'balance'],
    ['monitr', 'monitor'],
    ['pools', 'pool'],
    ['failOver', 'failover'],
  ])('%s: did you mean %s?', (name, near) => {
    const error = refusal({ [name]: 'x' });
    expect(error.option).toBe(`cluster.${name}`);
    expect(error.message).toBe(`cluster.${name}: is not an option; did you mean '${near}'?`);
  });

  test.each([
    ['pool', 'maxx', 'pool.max'],
    ['pool', 'idleTimeout', 'pool.idleTimeoutMs'],
    ['monitor', 'interval', 'monitor.intervalMs'],
    ['failover', 'hold', 'failover.holdMs'],
  ])('%s.%s: did you mean %s?', (group, name, near) => {
    const error = refusal({ [group]: { [name]: 1 } });
    expect(error.option).toBe(`cluster.${group}.${name}`);
    expect(error.message).toBe(`cluster.${group}.${name}: is not an option; did you mean '${near}'?`);
  });

  test('nothing is suggested for what is like nothing', () => {
    expect(refusal({ xyzzy: 1 }).message).toBe('cluster.xyzzy: is not an option');
  });

  test("names of the language's own objects are no options", () => {
    for (const name of ['constructor', 'toString', 'hasOwnProperty'])
      expect(refusal({ [name]: 1 }).option).toBe(`cluster.${name}`);
  });
});

describe('nodes', () => {
  test('are addresses, or objects with traits', () => {
    const { nodes } = parseOptions({
      nodes: ['db-1:3307', 'db-2', '[::1]:3308', { host: 'db-3', port: 1, weight: 0, zone: 'a', tags: ['ssd'] }],
    });
    expect(nodes).toEqual([
      { host: 'db-1', port: 3307, address: 'db-1:3307', srv: false, weight: 1, zone: undefined, tags: [] },
      { host: 'db-2', port: 3306, address: 'db-2:3306', srv: false, weight: 1, zone: undefined, tags: [] },
      { host: '::1', port: 3308, address: '[::1]:3308', srv: false, weight: 1, zone: undefined, tags: [] },
      { host: 'db-3', port: 1, address: 'db-3:1', srv: false, weight: 0, zone: 'a', tags: ['ssd'] },
    ]);
  });

  test('may be given a role, all of them: nothing is discovered then', () => {
    const roles = (...given: readonly ('primary' | 'replica' | undefined)[]) =>
      given.map((role, i) => ({ host: `db-${i + 1}`, ...(role === undefined ? {} : { role }) }));
    const settings = parseOptions({ nodes: roles('replica', 'primary', 'replica') });
    expect(settings.nodes.map(({ role }) => role)).toEqual(['replica', 'primary', 'replica']);
    expect(settings.discover).toBe(false);
    expect(parseOptions({ nodes: roles('replica', 'replica') }).discover).toBe(false);
    expect(refusal({ nodes: roles('primary', 'replica'), discover: true }).option).toBe('cluster.discover');
    const both = refusal({ nodes: roles('primary', 'replica', 'primary') });
    expect([both.option, both.message]).toEqual([
      'cluster.nodes.role',
      expect.stringContaining('db-1:3306 and db-3:3306'),
    ]);
    const one = [
      { host: 'db-1', role: 'replica' },
      { host: 'db-1', role: 'primary' },
      { host: 'db-1', role: 'primary' },
    ];
    expect(refusal({ nodes: one }).option).toBe('cluster.nodes.role');
    expect(refusal({ nodes: roles('primary', undefined) }).message).toContain('not for db-2:3306: all or none');
    expect(refusal({ nodes: [{ host: 'db-1', role: 'master' }] }).option).toBe('cluster.nodes.role');
  });

  test('may be given the name that their certificates are checked against', () => {
    expect(parseOptions({ nodes: [{ host: '10.0.0.1', tlsName: 'db-1' }] }).nodes[0]?.tlsName).toBe('db-1');
    expect(refusal({ nodes: [{ host: '10.0.0.1', tlsName: 1 }] }).option).toBe('cluster.nodes.tlsName');
  });

  test('localhost and 127.0.0.1 are one, and one is named once', () => {
    const { nodes } = parseOptions({ nodes: ['localhost', '127.0.0.1:3306', { host: 'localhost' }, 'db-2'] });
    expect(nodes.map(({ address }) => address)).toEqual(['127.0.0.1:3306', 'db-2:3306']);
  });

  test.each([
    [[], 'at least one address'],
    ['db-1', 'a list'],
    [null, 'a list'],
    [{}, 'a list'],
    [[5], "'host:port', { host, port, … } or { srv, … }, not 5"],
    [[null], "'host:port', { host, port, … } or { srv, … }, not null"],
    [[{ port: 3306 }], "'host:port', { host, port, … } or { srv, … }"],
    [[''], "'host:port'"],
    [['db-1:0'], "'host:port'"],
    [['db-1:99999'], "'host:port'"],
    [['db-1:port'], "'host:port'"],
    [[{ host: 'db-1', port: 70_000 }], "'host:port'"],
    [[{ host: '' }], "'host:port'"],
  ])('%j', (nodes, says) => {
    const error = refusal({ nodes });
    expect(error.option).toBe('cluster.nodes');
    expect(error.message).toContain(says);
  });

  test.each([
    [{ host: 'db-1', weight: -1 }, 'cluster.nodes.weight'],
    [{ host: 'db-1', weight: Number.NaN }, 'cluster.nodes.weight'],
    [{ host: 'db-1', weight: '2' }, 'cluster.nodes.weight'],
    [{ host: 'db-1', tags: 'ssd' }, 'cluster.nodes.tags'],
    [{ host: 'db-1', zone: 5 }, 'cluster.nodes.zone'],
  ])('a bad trait: %j', (node, option) => {
    expect(refusal({ nodes: [node] }).option).toBe(option);
  });

  test('an unknown trait, with the nearest', () => {
    const error = refusal({ nodes: [{ host: 'db-1', wieght: 2 }] });
    expect(error.message).toBe("cluster.nodes.wieght: is not an option; did you mean 'weight'?");
  });
});

describe("mysql2's own options", () => {
  test('host and port are the seed when no nodes are given', () => {
    expect(parseOptions({}, { host: 'db-9', port: '3310' }).nodes[0]?.address).toBe('db-9:3310');
    expect(parseOptions({}, { host: '::1' }).nodes[0]?.address).toBe('[::1]:3306');
    expect(parseOptions({ nodes: ['db-1'] }, { host: 'db-9' }).nodes.map(({ host }) => host)).toEqual(['db-1']);
  });

  test('connectionLimit sets pool.max, which wins over it', () => {
    expect(parseOptions({}, { connectionLimit: 4 }).pool.max).toBe(4);
    expect(parseOptions({ pool: { max: 7 } }, { connectionLimit: 4 }).pool.max).toBe(7);
    expect(parseOptions({ pool: { min: 1 } }, { connectionLimit: 4 }).pool.max).toBe(4);
  });

  test('connectionLimit is named when it is bad', () => {
    expect(refusal({}, { connectionLimit: 0 }).option).toBe('connectionLimit');
    expect(refusal({}, { connectionLimit: 'many' }).option).toBe('connectionLimit');
  });

  test('a port that is none', () => {
    expect(refusal({}, { port: 'x' })).toBeInstanceOf(ClusterError);
  });
});

test('functions vouched for are compared without regard to case', () => {
  const { readOnlyFunctions } = parseOptions({ readOnlyFunctions: ['Shop.Price', 'TAX'] });
  expect([...readOnlyFunctions]).toEqual(['shop.price', 'tax']);
});

describe('options of one statement', () => {
  test('good ones are given back', () => {
    const options = { route: 'replica', node: 'db-2', maxLagMs: 50, waitMs: 20, consistency: 'eventual' } as const;
    expect(checkStatementOptions(options)).toBe(options);
  });

  test.each([
    [{ route: 'primry' }, 'cluster.route', "did you mean 'primary'?"],
    [{ route: 5 }, 'cluster.route', "must be one of 'primary', 'replica', 'auto'"],
    [{ node: 5 }, 'cluster.node', 'must be a string'],
    [{ maxLagMs: '50' }, 'cluster.maxLagMs', 'must be a number'],
    [{ maxLagMs: -1 }, 'cluster.maxLagMs', 'must be a number from 0'],
    [{ waitMs: -1 }, 'cluster.waitMs', 'must be a number from 0'],
    [{ consistency: 'strict' }, 'cluster.consistency', 'must be one of'],
    [{ rout: 'primary' }, 'cluster.rout', "did you mean 'route'?"],
    [{ waitms: 5 }, 'cluster.waitms', "did you mean 'waitMs'?"],
    [{ pool: {} }, 'cluster.pool', 'is not an option'],
    ['primary', 'cluster', 'must be an object'],
    [5, 'cluster', 'must be an object'],
    [null, 'cluster', 'must be an object'],
  ])('%j', (options, option, says) => {
    const error = refused(() => checkStatementOptions(options as never));
    expect(error.option).toBe(option);
    expect(error.message).toContain(says);
  });

  test('undefined is as if it were not there', () => {
    const options = { route: undefined, maxLagMs: undefined, node: undefined } as never;
    expect(checkStatementOptions(options)).toBe(options);
  });
});
