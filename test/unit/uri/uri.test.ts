import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { OptionError } from '../../../src/errors.js';
import { parseOptions } from '../../../src/options.js';
import { parseUri } from '../../../src/uri.js';

describe("one host is mysql2's own", () => {
  test.each([
    'mysql://app:pw@db-1:3306/shop',
    'mysql://db-1',
    'mysql://db-1/shop?charset=utf8mb4',
    'mysql://db-1/shop?cluster=false',
    'mysql://[::1]:3306/shop',
    'not a uri',
    '',
  ])('%s', (uri) => {
    expect(parseUri(uri)).toBeUndefined();
  });
});

describe('several hosts switch the cluster on', () => {
  test('with user, password and schema', () => {
    expect(parseUri('mysql://app:pw@db-1,db-2:3307,db-3/shop')).toEqual({
      user: 'app',
      password: 'pw',
      database: 'shop',
      cluster: { nodes: ['db-1', 'db-2:3307', 'db-3'] },
    });
  });

  test('without any of them', () => {
    expect(parseUri('mysql://db-1,db-2')).toEqual({ cluster: { nodes: ['db-1', 'db-2'] } });
  });

  test('an empty password is one, none is none', () => {
    expect(parseUri('mysql://app:@a,b')).toMatchObject({ user: 'app', password: '' });
    expect(parseUri('mysql://app@a,b')).not.toHaveProperty('password');
  });

  test('encoded parts are decoded', () => {
    expect(parseUri('mysql://a%40b:p%3A%2F%3F%23%40%2C%25w@db-1,db-2/my%20shop')).toMatchObject({
      user: 'a@b',
      password: 'p:/?#@,%w',
      database: 'my shop',
    });
  });

  test('a colon in the password belongs to it', () => {
    expect(parseUri('mysql://app:a:b@x,y')).toMatchObject({ user: 'app', password: 'a:b' });
  });

  test('IPv6', () => {
    const options = parseUri('mysql://[::1]:3307,[2001:db8::2]/shop');
    expect(options?.cluster.nodes).toEqual(['[::1]:3307', '[2001:db8::2]']);
    expect(parseOptions(options?.cluster ?? {}).nodes.map(({ host, port }) => [host, port])).toEqual([
      ['::1', 3307],
      ['2001:db8::2', 3306],
    ]);
  });
});

describe('cluster=true', () => {
  test('switches it on for one host, and is no option itself', () => {
    expect(parseUri('mysql://app@db-1:3307/shop?cluster=true')).toEqual({
      user: 'app',
      database: 'shop',
      cluster: { nodes: ['db-1:3307'] },
    });
  });

  test('without a host, the seed is the default', () => {
    expect(parseUri('mysql:///shop?cluster=true')).toEqual({ database: 'shop', cluster: {} });
  });
});

describe('what follows the question mark', () => {
  test('our options go under `cluster`, dotted ones into their group', () => {
    const uri =
      'mysql://a,b/?maxLagMs=500&consistency=eventual&discover=false&pool.max=5&pool.min=1&monitor.intervalMs=100';
    expect(parseUri(uri)?.cluster).toEqual({
      nodes: ['a', 'b'],
      maxLagMs: 500,
      consistency: 'eventual',
      discover: false,
      pool: { max: 5, min: 1 },
      monitor: { intervalMs: 100 },
    });
  });

  test('lists and texts stay what they are, also when they look like numbers', () => {
    const uri = 'mysql://a,b/?readOnlyFunctions=tax,shop.price&zone=1&monitor.user=root&monitor.password=007';
    expect(parseUri(uri)?.cluster).toMatchObject({
      readOnlyFunctions: ['tax', 'shop.price'],
      zone: '1',
      monitor: { user: 'root', password: '007' },
    });
  });

  test("mysql2's options are beside it, read as mysql2 reads them: as JSON where they are", () => {
    const uri =
      'mysql://a,b/?charset=utf8mb4&connectionLimit=4&ssl={"rejectUnauthorized":false}&dateStrings=true&x=%2B';
    expect(parseUri(uri)).toEqual({
      charset: 'utf8mb4',
      connectionLimit: 4,
      ssl: { rejectUnauthorized: false },
      dateStrings: true,
      x: '+',
      cluster: { nodes: ['a', 'b'] },
    });
  });

  test('what is no value of an option is found by the options', () => {
    const options = parseUri('mysql://a,b/?maxLagMs=soon');
    expect(() => parseOptions(options?.cluster ?? {})).toThrow(/^cluster\.maxLagMs: must be a number, not 'soon'$/);
  });

  test('a dotted name of one of our groups that is no option is an error with the nearest', () => {
    const parse = (): unknown => parseOptions(parseUri('mysql://a,b/?pool.maxx=5')?.cluster ?? {});
    expect(parse).toThrow(/did you mean 'pool\.max'\?/);
  });

  test.each([
    ['maxlagms', 'maxLagMs'],
    ['maxLagMS', 'maxLagMs'],
    ['consistancy', 'consistency'],
    ['balanse', 'balance'],
  ])('%s, a slip of the pen, is an error: did you mean %s?', (name, near) => {
    expect(() => parseUri(`mysql://a,b/?${name}=5`)).toThrow(
      `cluster.${name}: is not an option; did you mean '${near}'?`,
    );
  });

  test("none of mysql2's options is taken for a slip", () => {
    const inside = createRequire(import.meta.url)
      .resolve('mysql2')
      .replace(/index\.js$/, 'lib/connection_config.js');
    const listed = /const validOptions = \{([^}]*)\}/.exec(readFileSync(inside, 'utf8'))?.[1] ?? '';
    const names = [...listed.matchAll(/(\w+): 1/g)].map(([, name]) => String(name));
    expect(names.length).toBeGreaterThan(40);
    for (const name of names) expect(parseUri(`mysql://a,b/?${name}=5`)).toHaveProperty(name, 5);
  });
});

describe('what is wrong', () => {
  test.each(['http://a,b/shop', 'mariadb://a,b', 'postgres://a,b?cluster=true'])('%s', (uri) => {
    expect(() => parseUri(uri)).toThrow(OptionError);
    expect(() => parseUri(uri)).toThrow("uri: must begin with 'mysql://'");
  });

  test('the scheme in capitals is one', () => {
    expect(parseUri('MySQL://a,b')).toBeDefined();
  });

  test('a per cent sign that encodes nothing: an error of ours, without the password', () => {
    const parse = (): unknown => parseUri('mysql://app:secret%zz@a,b/shop');
    expect(parse).toThrow(OptionError);
    expect(parse).not.toThrow(/secret/);
  });
});

describe('a DNS service switches the cluster on', () => {
  test('alone', () => {
    const options = parseUri('mysql+srv://app:pw@_mysql._tcp.shop.example/shop?maxLagMs=50');
    expect(options).toEqual({
      user: 'app',
      password: 'pw',
      database: 'shop',
      cluster: { nodes: [{ srv: '_mysql._tcp.shop.example' }], maxLagMs: 50 },
    });
    expect(parseOptions(options?.cluster ?? {}).nodes).toMatchObject([{ srv: true, host: '_mysql._tcp.shop.example' }]);
  });

  test.each(['_mysql._tcp.shop.example:3306', 'shop.example', '_mysql.shop.example', '_mysql._tcp.'])(
    'not %s',
    (name) => {
      const options = parseUri(`mysql+srv://${name}/shop`);
      expect(() => parseOptions(options?.cluster ?? {})).toThrow(
        /cluster\.nodes\.srv.*is not the name of a DNS service/,
      );
    },
  );

  test('another scheme is refused by name', () => {
    expect(() => parseUri('mariadb://a,b/shop')).toThrow(/must begin with 'mysql:\/\/' or 'mysql\+srv:\/\/'/);
  });
});
