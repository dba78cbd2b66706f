import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runCli } from '../../../src/cli/run.js';

let printed: string[];

beforeEach(() => {
  printed = [];
  const print = (text: string): void => void printed.push(text);
  vi.spyOn(console, 'log').mockImplementation(print);
  vi.spyOn(console, 'error').mockImplementation(print);
});
afterEach(() => vi.restoreAllMocks());

async function explained(...args: string[]): Promise<string> {
  expect(await runCli(['explain', ...args])).toBe(0);
  return printed.join('\n');
}

test('a plain read, without a server', async () => {
  expect(await explained('SELECT o.id FROM orders o')).toBe(
    [
      'select: read (reads only, with functions that are known to be pure)',
      'tables: read orders',
      'columns: orders.id',
      'route: the replicas',
    ].join('\n'),
  );
});

test('the token that decided, effects, and what a function may hide', async () => {
  expect(await explained('SELECT f(a) INTO @x FROM t')).toBe(
    [
      "select: unknown (f() is not known to be free of side effects; decided by 'f' at 7)",
      'tables: read t',
      'columns: a',
      'tables may be missing: f() may read or write tables',
      'effect: {"type":"set-user-variable","name":"x"}',
      'functions not known to be pure: f',
      'route: the primary',
    ].join('\n'),
  );
});

test('several statements, one by one and together', async () => {
  const text = await explained('SELECT 1; COMMIT');
  expect(text).toMatch(/^SELECT 1\n {2}select: read .*\nCOMMIT\n {2}commit: transaction .*decided by 'COMMIT' at 0/);
  expect(text).toMatch(/\ntogether: transaction .*\nroute: the primary$/);
});

test('by version, flavor and sql_mode', async () => {
  const sql = '/*!90000 DELETE */ SELECT 1';
  expect(await explained(sql, '--server-version', '8.0.36')).toMatch(/read.*replicas/s);
  printed = [];
  expect(await explained(sql, '--server-version', '9.1.0')).not.toMatch(/replicas/);
  printed = [];
  expect(await explained('SELECT "a" FOR UPDATE', '--sql-mode', 'ANSI_QUOTES')).toMatch(/locking-read/);
  printed = [];
  expect(await explained('SELECT 1 /*M! FOR UPDATE */', '--flavor', 'mysql')).toMatch(/replicas/);
});

test('as JSON', async () => {
  const { statements, route } = JSON.parse(await explained('DELETE FROM a', '--json'));
  expect(route).toBe('primary');
  expect(statements).toMatchObject([{ token: { text: 'DELETE', at: 0 }, tables: [{ name: 'a', access: 'write' }] }]);
});

test.each([
  [['explain'], /needs a statement/],
  [['explain', 'SELECT 1', '--flavor', 'postgres'], /--flavor is 'mysql' or 'mariadb'/],
  [['explian', 'SELECT 1'], /'explian' is not a command/],
  [['explain', 'SELECT 1', '--sqlmode', 'x'], /sqlmode/],
])('%j is refused', async (args, message) => {
  expect(await runCli(args)).toBe(2);
  expect(printed.join('\n')).toMatch(message);
});
