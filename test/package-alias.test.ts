import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Consumer, install, pack, root, runNode } from './support/consumer.js';

let tarball: string;
let inner: string;
const folders: string[] = [];

beforeAll(async () => {
  const { dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  inner = dependencies.mysql2;
  const build = "import('./test/support/bootstrap.mjs').then(({ ensureBuild }) => ensureBuild())";
  expect((await runNode(['-e', build])).code).toBe(0);
  const packed = await pack();
  folders.push(packed.folder);
  tarball = `file:${packed.tarball}`;
}, 300_000);

afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

async function project(...manifest: Parameters<typeof install>): Promise<Consumer> {
  const made = await install(...manifest);
  folders.push(made.folder);
  return made;
}

/** Whether the program's `mysql2` and `mysql2/promise` are ours, with mysql2's own pools behind them. */
const USE = `
const pools = [a.createPool({ cluster: { nodes: ['127.0.0.1:1'] } }), b.createPool({ cluster: { nodes: ['127.0.0.1:1'] } })];
const plain = [a.createPool({ host: '127.0.0.1', port: 1 }), b.createPool({ host: '127.0.0.1', port: 1 })];
console.log(JSON.stringify([...pools, ...plain].map((pool) => pool.constructor.name + (pool.cluster ? ' of a cluster' : ''))));
for (const pool of [...pools, ...plain]) pool.end();
`;
const EXPECTED = ['ClusterPool of a cluster', 'ClusterPromisePool of a cluster', 'Pool', 'PromisePool'];

const PROGRAM = `
import mysql, { createPool, type Pool, type RowDataPacket } from 'mysql2';
import { createConnection, type Connection } from 'mysql2/promise';
const pool: Pool = createPool({ cluster: { nodes: ['a', 'b'], maxLagMs: 500 } });
pool.query<RowDataPacket[]>('SELECT 1', (error, rows) => { if (error) throw error; rows.at(0); });
export const made: [Promise<Connection>, Pool] = [createConnection('mysql://a,b/c'), mysql.createPool('mysql://a,b/c')];
`;

describe('installed as mysql2', () => {
  let consumer: Consumer;
  beforeAll(async () => {
    consumer = await project({ dependencies: { mysql2: tarball } });
  }, 300_000);

  test.each([
    ['ESM', 'use.mjs', "const [a, b] = [await import('mysql2'), await import('mysql2/promise.js')];"],
    ['CommonJS', 'use.cjs', "const [a, b] = [require('mysql2'), require('mysql2/promise')];"],
  ])('is used by %s, and has mysql2 itself inside', async (_what, file, load) => {
    expect(JSON.parse(await consumer.run(file, load + USE))).toEqual(EXPECTED);
  });

  test.each([
    ['nodenext', { module: 'nodenext' }],
    ['node10', { module: 'commonjs', moduleResolution: 'node10', esModuleInterop: true }],
  ])('has the types of both (%s)', async (_what, options) => {
    expect(await consumer.check({ 'use.ts': PROGRAM }, options)).toBe('');
  });

  // npm takes whatever has the name and a version in the range: a number like mysql2's would have us import ourselves.
  test('has a version that its own dependency would not take', async () => {
    const version = await consumer.run('version.cjs', "console.log(require('mysql2/package.json').version)");
    const [ours, theirs] = [version, inner.replace('^', '')].map((text) => Number(text.split('.')[0]));
    expect(ours).not.toBe(theirs);
  });
});

describe("by npm's overrides", () => {
  const drizzle = { 'drizzle-orm': '0.45.4' };

  test('takes the place of the mysql2 that an ORM imports by itself', async () => {
    const overrides = { mysql2: { '.': tarball, mysql2: inner } };
    const consumer = await project({ dependencies: { mysql2: tarball, ...drizzle }, overrides });
    const text = `
      import { drizzle } from 'drizzle-orm/mysql2';
      const db = drizzle('mysql://app:app@127.0.0.1:1,127.0.0.1:2/shop');
      console.log(JSON.stringify([db.$client.constructor.name, !!db.$client.cluster]));
      await new Promise((resolve) => db.$client.end(resolve));
    `;
    expect(JSON.parse(await consumer.run('drizzle.mjs', text))).toEqual(['ClusterPool', true]);
  });

  test('says what is wrong where they leave no mysql2 for itself', async () => {
    const consumer = await project({ dependencies: { mysql2: tarball }, overrides: { mysql2: '$mysql2' } });
    for (const code of [
      ...["import('mysql2')", "import('mysql2/promise')"],
      ...["require('mysql2')", "require('mysql2/promise')"],
    ]) {
      const { output } = await runNode(['-e', code], consumer.folder);
      expect(output).toContain('mysql2-cluster needs mysql2 itself');
      expect(output).toContain('"overrides": { "mysql2": {');
    }
  });
});
