import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { findings, rules } from './support/architecture/rules.js';
import { readSources, type SourceText } from './support/architecture/source.js';

const root = fileURLToPath(new URL('..', import.meta.url));

describe('the house', () => {
  const files = readSources(root);

  test('has files to look at', () => {
    expect(files.length).toBeGreaterThan(10);
  });

  test.each(Object.keys(rules))('keeps the rule: %s', (name) => {
    expect(findings(name, files)).toEqual([]);
  });
});

/** For each rule, bad texts that it must find (with a part of what it says) and good ones that it must leave alone. */
const planted: Record<string, readonly { bad: Record<string, string>; says: string }[]> = {
  ranks: [
    {
      bad: { 'src/gtid/a.ts': "import { b } from '../cluster/b.js';" },
      says: 'gtid (rank 1) must not know cluster (rank 3)',
    },
    { bad: { 'src/errors.ts': "import type { B } from './gtid/b.js';" }, says: 'root (rank 0) must not know gtid' },
    {
      bad: { 'src/gtid/a.ts': "import type { B } from '../topology/b.js';" },
      says: 'gtid (rank 1) must not know topology',
    },
    { bad: { 'src/probes/a.ts': "export * from '../routing/b.js';" }, says: 'probes (rank 2) must not know routing' },
    { bad: { 'src/session/a.ts': "type B = import('../api/b.js').B;" }, says: 'session (rank 4) must not know api' },
    {
      bad: { 'src/cluster/a.ts': "const b = await import('../session/b.js');" },
      says: 'cluster (rank 3) must not know session',
    },
    {
      bad: { 'src/api/promise/a.ts': "import { b } from '../callback/b.js';" },
      says: 'promise and callback are siblings',
    },
    { bad: { 'src/api/a.ts': "import { b } from '../index.js';" }, says: 'api (rank 5) must not know index' },
    {
      bad: { 'src/index.ts': "import { b } from './testing/index.js';" },
      says: 'index (rank 6) must not know testing',
    },
    { bad: { 'src/attic/a.ts': "import { b } from '../errors.js';" }, says: 'the folder attic has no rank' },
  ],
  cycles: [
    {
      bad: {
        'src/sql/a.ts': "import { b } from './b.js';",
        'src/sql/b.ts': "import type { C } from './c.js';",
        'src/sql/c.ts': "export * from './a.js';",
      },
      says: 'src/sql/a.ts -> src/sql/b.ts -> src/sql/c.ts -> src/sql/a.ts',
    },
    { bad: { 'src/sql/a.ts': "import type { A } from './a.js';" }, says: 'src/sql/a.ts -> src/sql/a.ts' },
  ],
  barrels: [
    { bad: { 'src/sql/all.ts': "export * from './a.js';\nexport { b } from './b.js';" }, says: 'only re-exports' },
    { bad: { 'src/sql/all.ts': "import { a } from './a.js';\nexport { a };" }, says: 'only re-exports' },
  ],
  dependencies: [
    { bad: { 'src/cluster/cluster.ts': "import mysql2 from 'mysql2';" }, says: 'a value of mysql2' },
    { bad: { 'src/session/a.ts': "import { type Pool } from 'mysql2/promise';" }, says: 'a value of mysql2' },
    { bad: { 'src/sql/a.ts': "import type { Pool } from 'mysql2';" }, says: 'a type of mysql2' },
    {
      bad: { 'src/cluster/monitor.ts': "import { createPool } from 'generic-pool';" },
      says: 'a value of generic-pool',
    },
    { bad: { 'src/routing/a.ts': "import type { AST } from 'node-sql-parser';" }, says: 'a type of node-sql-parser' },
    { bad: { 'src/api/a.ts': "const t = await import('testcontainers');" }, says: 'a value of testcontainers' },
    {
      bad: { 'src/api/a.ts': "import merge from 'lodash/merge';" },
      says: 'imports lodash/merge, which is no dependency',
    },
    {
      bad: { 'src/api/a.ts': "import { EventEmitter } from 'events';" },
      says: 'imports events, which is no dependency',
    },
  ],
  'pure imports': [
    { bad: { 'src/routing/a.ts': "import { EventEmitter } from 'node:events';" }, says: 'node:events' },
    { bad: { 'src/sql/a.ts': "const parser = () => import('node-sql-parser');" }, says: 'later: node-sql-parser' },
  ],
  purity: [
    { bad: { 'src/routing/a.ts': 'export const a = () => Date.now();' }, says: 'Date.now' },
    { bad: { 'src/routing/a.ts': 'export const a = () => new Date().getTime();' }, says: 'reads the clock' },
    { bad: { 'src/routing/a.ts': 'export const a = () => Math.random();' }, says: 'Math.random' },
    { bad: { 'src/topology/a.ts': 'export const a = () => performance.now();' }, says: 'performance' },
    { bad: { 'src/probes/a.ts': 'setTimeout(() => 1, 1);' }, says: 'setTimeout' },
    { bad: { 'src/probes/a.ts': 'globalThis.setInterval(() => 1, 1);' }, says: 'globalThis' },
    { bad: { 'src/gtid/a.ts': 'export const a = process.env.A;' }, says: 'process' },
    { bad: { 'src/sql/a.ts': 'export async function a() {}' }, says: 'asynchronous' },
    { bad: { 'src/session/retry.ts': 'export declare function a(): Promise<void>;' }, says: 'Promise' },
    { bad: { 'src/session/replay.ts': 'export class A extends EventEmitter {}' }, says: 'EventEmitter' },
  ],
  timers: [
    { bad: { 'src/session/session.ts': 'setTimeout(() => 1, 1);' }, says: 'uses setTimeout' },
    { bad: { 'src/api/a.ts': "import { setTimeout as sleep } from 'node:timers/promises';" }, says: 'uses setTimeout' },
  ],
  'file length': [{ bad: { 'src/sql/a.ts': '\n'.repeat(301) }, says: '301 lines' }],
  'function size': [
    { bad: { 'src/sql/a.ts': `function a() {${'\n'.repeat(40)}}` }, says: 'a has 41 lines' },
    { bad: { 'src/sql/a.ts': `class A { b = () => {${'\n'.repeat(40)}}; }` }, says: '41 lines' },
    { bad: { 'src/sql/a.ts': 'class A { constructor(a, b, c, d) {} }' }, says: '4 parameters' },
  ],
  language: [
    { bad: { 'src/sql/a.ts': 'const a = b as any;' }, says: 'any' },
    { bad: { 'src/sql/a.ts': 'type A = Map<string, any>;' }, says: 'any' },
    { bad: { 'src/sql/a.ts': 'export const enum A { B }' }, says: 'enum' },
    { bad: { 'src/sql/a.ts': 'export default class {}' }, says: 'default export' },
    { bad: { 'src/sql/a.ts': 'export default 1;' }, says: 'default export' },
    { bad: { 'src/testing/index.ts': 'const a = 1;\nexport { a as default };' }, says: 'default export' },
  ],
};

const good: Record<string, string> = {
  'src/errors.ts': '/** Not any, not process, not Date.now(). */\nexport class ClusterError extends Error {}',
  'src/clock.ts': 'export const wait = (ms: number) => new Promise((done) => setTimeout(done, ms));',
  'src/gtid/gtid-set.ts': "import { ClusterError } from '../errors.js';\nexport const text = 'setTimeout, Promise';",
  'src/topology/topology.ts':
    "import type { GtidSet } from '../gtid/gtid-set.js';\nexport const at = (a: { process: number }) => a.process;",
  'src/topology/change.ts':
    "import { at } from './topology.js';\nexport const born = new Date(0), also = { process: at };",
  'src/sql/tables.ts':
    "import { createRequire } from 'node:module';\nexport const parser = createRequire(import.meta.url)('node-sql-parser');",
  'src/routing/balancers/adaptive.ts':
    "import { route } from '../route.js';\nexport function pick(this: void, a: 1, b: 2, c: 3) {}",
  'src/routing/route.ts': 'export function route(a: unknown) { switch (a) { default: return 1; } }',
  'src/cluster/node-pool.ts':
    "import { createPool } from 'generic-pool';\nimport type { Pool } from 'mysql2';\nsetTimeout(createPool, 1);",
  'src/cluster/physical-connection.ts':
    "import { createConnection } from 'mysql2';\nexport const a = createConnection;",
  'src/api/core.ts': "import { EventEmitter } from 'node:events';\nexport class Core extends EventEmitter {}",
  'src/api/promise/pool.ts': "import { Core } from '../core.js';\nexport class Pool extends Core {}",
  'src/testing/index.ts': "export { startCluster } from './start-cluster.js';",
  'src/cli.ts': "import { createPool } from './index.js';\ncreatePool();",
  'src/index.ts': "import mysql2 from 'mysql2';\nexport { escape } from 'mysql2';\nexport default { ...mysql2 };",
};

describe('the rules', () => {
  const asFiles = (texts: Record<string, string>): SourceText[] =>
    Object.entries(texts).map(([path, text]) => ({ path, text }));

  test('are all planted', () => {
    expect(Object.keys(planted)).toEqual(Object.keys(rules));
  });

  const plants = Object.entries(planted).flatMap(([rule, list]) => list.map((plant) => ({ rule, ...plant })));
  test.each(plants)('$rule finds: $says', ({ rule, bad, says }) => {
    expect(findings(rule, asFiles(bad)).join('\n')).toContain(says);
  });

  test.each(Object.keys(rules))('%s leaves good code alone', (rule) => {
    expect(findings(rule, asFiles(good))).toEqual([]);
  });
});
