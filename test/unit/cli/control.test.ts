import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runCli } from '../../../src/cli/run.js';

let printed: string[];

beforeEach(() => {
  printed = [];
  vi.spyOn(console, 'error').mockImplementation((text: string) => void printed.push(text));
});
afterEach(() => vi.restoreAllMocks());

test.each([
  [[], "'init', 'drain', 'resume' or 'list'"],
  [['drop'], "'init', 'drain', 'resume' or 'list'"],
  [['drain', '--uri', 'mysql://a,b'], 'control drain needs a node'],
  [['resume', '--uri', 'mysql://a,b'], 'control resume needs a node'],
  [['list'], 'control needs --uri'],
  [['list', '--uri', 'mysql://a,b', '--table', 'nodes'], 'as in mysql2_cluster.nodes'],
  [['drain', 'a:1', '--uri', 'mysql://a,b', '--for', 'soon'], '90s, 10m, 2h or 1d'],
])('control %j is refused', async (args, message) => {
  expect(await runCli(['control', ...args])).toBe(2);
  expect(printed.join('\n')).toContain(message);
});
