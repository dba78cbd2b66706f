import { describe, expect, test } from 'vitest';
import { formatAddress, parseAddress } from '../../../src/address.js';
import { OptionError } from '../../../src/errors.js';

test.each([
  ['db-1', 'db-1', 3306],
  ['db-1:3307', 'db-1', 3307],
  ['10.0.0.1:1', '10.0.0.1', 1],
  ['db.example.com:65535', 'db.example.com', 65535],
  ['[::1]', '::1', 3306],
  ['[::1]:3307', '::1', 3307],
  ['::1', '::1', 3306],
  ['2001:db8::2', '2001:db8::2', 3306],
  ['[fe80::1%eth0]:3306', 'fe80::1%eth0', 3306],
])('%s', (text, host, port) => {
  expect(parseAddress(text)).toEqual({ host, port });
});

describe('what is no address', () => {
  test.each([
    '',
    ':3306',
    'db-1:',
    'db-1:0',
    'db-1:65536',
    'db-1:abc',
    'db-1:-1',
    '[]',
    '[::1',
    '[::1]3306',
    // Three parts are no IPv6 address because of that.
    'db-1:3306:3307',
    'mysql://db-1:3306',
    'db-1, db-2:3306',
    ' db-1',
  ])("'%s'", (text) => {
    const parse = (): unknown => parseAddress(text, 'cluster.nodes');
    expect(parse).toThrow(OptionError);
    expect(parse).toThrow("write 'host:port', such as 'db-1:3306'");
  });

  test('names the option that it came from', () => {
    expect(() => parseAddress('', 'cluster.elsewhere')).toThrow(/^cluster\.elsewhere: /);
  });
});

test.each([
  ['db-1', 3306, 'db-1:3306'],
  ['localhost', 3306, '127.0.0.1:3306'],
  ['LocalHost', 3307, '127.0.0.1:3307'],
  ['::1', 3306, '[::1]:3306'],
])('%s, %i is written as %s', (host, port, text) => {
  expect(formatAddress({ host, port })).toBe(text);
});

test('what is written is read back', () => {
  for (const text of ['db-1:3306', '[2001:db8::2]:3307', '127.0.0.1:1'])
    expect(formatAddress(parseAddress(text))).toBe(text);
});
