import { expect, test, vi } from 'vitest';
import { type NameService, SeedNames } from '../../../src/cluster/seed-names.js';
import { type NodeOption, parseSeeds } from '../../../src/seeds.js';
import { HandClock } from '../../support/hand-clock.js';

type Found = readonly string[] | Error | Promise<never>;

/** Seeds on a DNS whose answers are set by hand: host → addresses, service → `name:port`. */
function namesOf(nodes: readonly NodeOption[], dns: Record<string, Found>) {
  const asked: string[] = [];
  const answer = async (name: string): Promise<readonly string[]> => {
    asked.push(name);
    const found = await (dns[name] ?? new Error(`ENOTFOUND ${name}`));
    if (found instanceof Error) throw found;
    return found;
  };
  const names: NameService = {
    lookup: async (host) => (await answer(host)).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    service: async (name) =>
      (await answer(name)).map((target) => ({ name: target.split(':')[0]!, port: Number(target.split(':')[1]) })),
  };
  const clock = new HandClock();
  const onChange = vi.fn();
  const seeds = new SeedNames(parseSeeds(nodes, { host: 'none', port: 1 }), {
    clock,
    timeoutMs: 1000,
    onChange,
    names,
  });
  return { seeds, clock, onChange, asked, addresses: () => [...seeds.byAddress.keys()] };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('addresses need no DNS', () => {
  const { seeds, onChange, asked, addresses, clock } = namesOf(['10.0.0.1', '[::1]:3307', 'localhost'], {});
  seeds.start();
  expect(onChange).toHaveBeenCalledOnce();
  expect(addresses()).toEqual(['10.0.0.1:3306', '[::1]:3307', '127.0.0.1:3306']);
  seeds.refresh();
  expect(asked).toEqual([]);
  expect(clock.timers).toBe(0);
});

test('a host with one address, or one of each family, stands for itself', async () => {
  const { seeds, addresses, onChange } = namesOf(['db-1', 'db-2:3307'], {
    'db-1': ['10.0.0.1'],
    'db-2': ['10.0.0.2', 'fd00::2'],
  });
  seeds.start();
  expect(onChange).not.toHaveBeenCalled();
  await settle();
  expect(onChange).toHaveBeenCalledOnce();
  expect(addresses()).toEqual(['db-1:3306', 'db-2:3307']);
});

test('a host with several addresses stands for each of them, with what the user says of it', async () => {
  const { seeds, addresses } = namesOf([{ host: 'headless', port: 3307, zone: 'a' }], {
    headless: ['10.0.0.1', '10.0.0.2', 'fd00::1', 'fd00::2'],
  });
  seeds.start();
  await settle();
  expect(addresses()).toEqual(['10.0.0.1:3307', '10.0.0.2:3307']);
  expect(seeds.byAddress.get('10.0.0.2:3307')).toMatchObject({ zone: 'a', host: '10.0.0.2', tlsName: 'headless' });
});

test('certificates are checked against the name that is given', async () => {
  const { seeds } = namesOf([{ host: 'headless', tlsName: 'shop' }, 'db-1'], {
    headless: ['10.0.0.1', '10.0.0.2'],
    'db-1': ['10.0.0.3'],
  });
  seeds.start();
  await settle();
  expect([...seeds.byAddress.values()].map(({ tlsName }) => tlsName)).toEqual(['shop', 'shop', undefined]);
});

test('endpoints of RDS stand for themselves, whatever DNS says', async () => {
  const endpoint = 'shop.cluster-ro-abc123.eu-west-1.rds.amazonaws.com';
  const { seeds, addresses, asked } = namesOf([endpoint], { [endpoint]: ['10.0.0.1', '10.0.0.2'] });
  seeds.start();
  await settle();
  expect([addresses(), asked]).toEqual([[`${endpoint}:3306`], []]);
});

test('IPv6 alone', async () => {
  const { seeds, addresses } = namesOf(['headless'], { headless: ['fd00::1', 'fd00::2'] });
  seeds.start();
  await settle();
  expect(addresses()).toEqual(['[fd00::1]:3306', '[fd00::2]:3306']);
});

test('a service stands for its targets, and has an error while it has none', async () => {
  const dns: Record<string, Found> = {};
  const { seeds, addresses, clock } = namesOf([{ srv: '_mysql._tcp.shop' }], dns);
  seeds.start();
  await settle();
  expect(seeds.settled).toBe(true);
  expect(addresses()).toEqual([]);
  expect([...seeds.errors]).toEqual([['srv:_mysql._tcp.shop', new Error('ENOTFOUND _mysql._tcp.shop')]]);
  dns['_mysql._tcp.shop'] = ['db-1:3306', 'db-2:3307'];
  clock.advance(30_000);
  await settle();
  expect(addresses()).toEqual(['db-1:3306', 'db-2:3307']);
  expect(seeds.errors.size).toBe(0);
});

test('names are asked for again in time, and soon when a seed fails', async () => {
  const dns: Record<string, Found> = { headless: ['10.0.0.1', '10.0.0.2'] };
  const { seeds, addresses, clock, onChange, asked } = namesOf(['headless'], dns);
  seeds.start();
  await settle();
  dns.headless = ['10.0.0.2', '10.0.0.3'];
  clock.advance(999);
  seeds.refresh();
  expect(asked).toHaveLength(1);
  clock.advance(1);
  seeds.refresh();
  seeds.refresh();
  await settle();
  expect(asked).toHaveLength(2);
  expect(onChange).toHaveBeenCalledTimes(2);
  expect(addresses()).toEqual(['10.0.0.2:3306', '10.0.0.3:3306']);
  clock.advance(30_000);
  await settle();
  expect(asked).toHaveLength(3);
  expect(onChange).toHaveBeenCalledTimes(2);
});

test('while DNS fails, what it told last holds', async () => {
  const dns: Record<string, Found> = { headless: ['10.0.0.1', '10.0.0.2'], '_mysql._tcp.a': ['db-1:3306'] };
  const { seeds, addresses, clock, onChange } = namesOf(['headless', { srv: '_mysql._tcp.a' }], dns);
  seeds.start();
  await settle();
  dns.headless = new Error('EAI_AGAIN');
  dns['_mysql._tcp.a'] = new Error('ESERVFAIL');
  clock.advance(30_000);
  await settle();
  expect(addresses()).toEqual(['10.0.0.1:3306', '10.0.0.2:3306', 'db-1:3306']);
  expect(onChange).toHaveBeenCalledOnce();
});

test('a DNS that hangs is waited for within bounds: the names stand for themselves', async () => {
  const { seeds, addresses, clock, onChange } = namesOf(['db-1', 'db-2'], {
    'db-1': new Promise<never>(() => undefined),
  });
  seeds.start();
  await settle();
  expect(seeds.settled).toBe(false);
  clock.advance(1000);
  expect(seeds.settled).toBe(true);
  expect(onChange).toHaveBeenCalledOnce();
  expect(addresses()).toEqual(['db-1:3306', 'db-2:3306']);
});

test('nothing is told, and nothing asked, after the end', async () => {
  const { seeds, clock, onChange, asked } = namesOf(['db-1'], { 'db-1': ['10.0.0.1', '10.0.0.2'] });
  seeds.start();
  seeds.stop();
  await settle();
  clock.advance(100_000);
  await settle();
  expect(onChange).not.toHaveBeenCalled();
  expect(asked).toHaveLength(1);
});
