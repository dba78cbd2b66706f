import { execFileSync } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Consumer, install, npm, pack, root, runNode } from './support/consumer.js';
import { type Exports, readExports } from './support/exports.js';

let tarball: string;
let consumer: Consumer;
let names: Exports;
const folders: string[] = [];

beforeAll(async () => {
  names = await readExports();
  await npm(['run', 'build', '--silent', '--', '--silent']);
  const packed = await pack();
  folders.push(packed.folder);
  tarball = packed.tarball;
  consumer = await install(tarball);
  folders.push(consumer.folder);
}, 300_000);

afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

describe('the tarball', () => {
  test('holds the build and its papers, nothing else', () => {
    const files = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n');
    const papers = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'].map((name) => `package/${name}`);
    expect(files.filter((name) => !name.startsWith('package/dist/')).sort()).toEqual(papers);
    const types = [...Object.keys(names)].flatMap((door) => [
      `package/dist/${door}.d.ts`,
      `package/dist/${door}.d.cts`,
    ]);
    expect(files).toEqual(expect.arrayContaining([...types, 'package/dist/cli.js']));
  });

  test('satisfies publint', async () => {
    const { buffer, byteOffset, byteLength } = await readFile(tarball);
    const bytes = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
    const { messages, pkg } = await publint({ pack: { tarball: bytes }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });

  test('satisfies "are the types wrong?"', async () => {
    const attw = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js');
    const { code, output } = await runNode([attw, tarball, '--no-definitely-typed', '--format', 'ascii', '--no-emoji']);
    expect(code, output).toBe(0);
  });
});

const doors = [
  ['index', 'mysql2-cluster'],
  ['promise', 'mysql2-cluster/promise'],
  ['promise', 'mysql2-cluster/promise.js'],
  ['testing', 'mysql2-cluster/testing'],
] as const;

describe('installed in an empty folder', () => {
  test.each(doors)('%s has its names for ESM as %s', async (door, specifier) => {
    const printed = await consumer.run(
      'names.mjs',
      `console.log(JSON.stringify(Object.keys(await import('${specifier}'))))`,
    );
    expect(JSON.parse(printed).sort()).toEqual(names[door]);
  });

  test.each(doors)('%s has its names for CommonJS as %s', async (door, specifier) => {
    const printed = await consumer.run(
      'names.cjs',
      `console.log(JSON.stringify(Object.keys(require('${specifier}'))))`,
    );
    expect(JSON.parse(printed)).toEqual(expect.arrayContaining([...names[door]]));
  });

  test.each([
    ['mysql2', 'mysql2-cluster'],
    ['mysql2/promise', 'mysql2-cluster/promise'],
  ])('whatever require of %s has, require of %s has', async (original, specifier) => {
    const missing = `Object.keys(require('${original}')).filter((name) => !(name in require('${specifier}')))`;
    expect(JSON.parse(await consumer.run('members.cjs', `console.log(JSON.stringify(${missing}))`))).toEqual([]);
  });

  test.each(['index', 'promise', 'testing'] as const)(
    'the CommonJS build of %s has its names for an ESM importer',
    async (door) => {
      const path = `./node_modules/mysql2-cluster/dist/${door}.cjs`;
      const printed = await consumer.run(
        'twin.mjs',
        `console.log(JSON.stringify(Object.keys(await import('${path}'))))`,
      );
      // Node adds `module.exports` as a name from version 23 on.
      const found = (JSON.parse(printed) as string[]).filter((name) => name !== 'module.exports').sort();
      expect(found).toEqual([...new Set([...names[door], 'default'])].sort());
    },
  );

  test.each([
    ['ESM', 'shared.mjs', "const [a, b] = [await import('mysql2-cluster'), await import('mysql2-cluster/promise')];"],
    ['CommonJS', 'shared.cjs', "const [a, b] = [require('mysql2-cluster'), require('mysql2-cluster/promise')];"],
  ])('both doors share one copy of the code in %s', async (_, file, load) => {
    const errors = names.index.filter((name) => name.endsWith('Error') && names.promise.includes(name));
    expect(errors.length).toBeGreaterThan(0);
    const compare = `console.log(JSON.stringify(${JSON.stringify(errors)}.filter((name) => a[name] !== b[name])))`;
    expect(JSON.parse(await consumer.run(file, `${load}\n${compare}`))).toEqual([]);
  });

  test.each([
    ['ESM', 'explain.mjs', "import { explainStatements } from 'mysql2-cluster';"],
    ['CommonJS', 'explain.cjs', "const { explainStatements } = require('mysql2-cluster');"],
  ])('finds the parser that explains columns in %s', async (_, file, load) => {
    const print = "console.log(JSON.stringify(explainStatements('SELECT a.b FROM t AS a')[0].columns));";
    expect(JSON.parse(await consumer.run(file, `${load}\n${print}`))).toEqual(['t.b']);
  });

  test('its classes have their names', async () => {
    const classes =
      "const all = Object.entries(require('mysql2-cluster')).filter(([name]) => /^[A-Z].*Error$/.test(name));";
    const others = 'console.log(JSON.stringify(all.filter(([name, one]) => one.name !== name).map(([name]) => name)));';
    expect(
      JSON.parse(await consumer.run('classes.cjs', `${classes}\nif (all.length < 9) throw all;\n${others}`)),
    ).toEqual([]);
  });

  test('shows its package.json', async () => {
    const version = await consumer.run('json.cjs', "console.log(require('mysql2-cluster/package.json').name)");
    expect(version.trim()).toBe('mysql2-cluster');
  });

  test('has a program that tells how it is used', async () => {
    const { code, output } = await runNode(
      [join(consumer.folder, 'node_modules/.bin/mysql2-cluster'), '--help'],
      consumer.folder,
    );
    expect(output).toContain('mysql2-cluster');
    expect(code).toBe(0);
  });
});

describe('the cluster of mysql2-cluster/testing, from the built package', () => {
  const show = 'console.log(JSON.stringify(cluster.nodes.map(({ serverPort }) => serverPort)));';

  test('starts and stops from CommonJS', async () => {
    const start = "require('mysql2-cluster/testing').startCluster({ replicas: 0 }).then(async (cluster) => {";
    const ports = JSON.parse(
      await consumer.run('start.cjs', `${start}\n${show}\nawait cluster.stop();\n});`),
    ) as number[];
    expect(await Promise.all(ports.map(isOpen))).toEqual([false]);
  }, 300_000);

  test('serves pools of both formats in one process, which share what is known of it', async () => {
    const use = `
import { createRequire } from 'node:module';
import { createPool } from 'mysql2-cluster/promise';
import { startCluster } from 'mysql2-cluster/testing';
const doors = [createPool, createRequire(import.meta.url)('mysql2-cluster/promise').createPool];
const cluster = await startCluster({ replicas: 1 });
const { host, port } = cluster.primary;
const { user, password, database } = cluster;
const pools = doors.map((open) => open({ host, port, user, password, database, cluster: {} }));
const counts = [];
await pools[0].query('CREATE TABLE both_formats (id INT)');
for (let round = 0; round < 3; round++) {
  for (const pool of pools) {
    await pool.query('INSERT INTO both_formats VALUES (1)');
    counts.push((await pool.query('SELECT COUNT(*) AS n FROM both_formats'))[0][0].n);
  }
  await new Promise((resolve) => setTimeout(resolve, 600));
}
const seen = pools.map((pool) => pool.cluster.status().nodes.length);
await Promise.all(pools.map((pool) => pool.end()));
await cluster.stop();
console.log(JSON.stringify({ counts, seen, same: doors[0] === doors[1] }));`;
    const printed = await consumer.run('both.mjs', use);
    expect(JSON.parse(printed)).toEqual({ counts: [1, 2, 3, 4, 5, 6], seen: [2, 2], same: false });
  }, 300_000);

  test('does not outlive a program that is killed', async () => {
    const start = "const cluster = await (await import('mysql2-cluster/testing')).startCluster({ replicas: 1 });";
    await writeFile(join(consumer.folder, 'killed.mjs'), `${start}\n${show}\nprocess.kill(process.pid, 'SIGKILL');`);
    const { code, stdout, output } = await runNode(['killed.mjs'], consumer.folder);
    expect(code, output).toBe(128);
    const ports = JSON.parse(stdout) as number[];
    await expect.poll(() => Promise.all(ports.map(isOpen)), { timeout: 30_000 }).toEqual([false, false]);
  }, 300_000);
});

function isOpen(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => done(true)).on('error', () => done(false));
    socket.on('connect', () => socket.destroy());
  });
}

const program = `
import mysql, { createPool, type Pool, type RowDataPacket } from 'mysql2-cluster';
import promise, { createPool as createPromisePool, type Pool as PromisePool } from 'mysql2-cluster/promise';
import { startCluster } from 'mysql2-cluster/testing';
const pools: Pool[] = [createPool('mysql://a,b/c'), mysql.createPool({ cluster: { nodes: ['a', 'b'], maxLagMs: 500 } })];
const promisePools: PromisePool[] = [createPromisePool('mysql://a,b/c'), promise.createPool({ cluster: { nodes: ['a'] } })];
export async function use(): Promise<RowDataPacket[]> {
  pools[0]?.query<RowDataPacket[]>('SELECT 1', (error, rows) => { if (error) throw error; rows.at(0); });
  await startCluster({ replicas: 1 });
  const [rows] = await promisePools[0]!.query<RowDataPacket[]>('SELECT 1');
  return rows;
}
// @ts-expect-error: no such option
createPool({ cluster: { nodez: [] } });
`;

describe('TypeScript', () => {
  test.each([
    ['nodenext', { module: 'nodenext' }],
    ['bundler', { module: 'esnext', moduleResolution: 'bundler' }],
    ['node10', { module: 'commonjs', moduleResolution: 'node10', esModuleInterop: true }],
  ])('users compile with %s', async (name, options) => {
    const files: Record<string, string> =
      name === 'nodenext' ? { 'esm.mts': program, 'cjs.cts': program } : { 'use.ts': program };
    expect(await consumer.check(files, options)).toBe('');
  });
});
