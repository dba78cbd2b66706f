import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SslOptions } from 'mysql2';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { createPool } from '../../src/promise.js';
import type { TestNode } from '../../src/testing/index.js';
import { failureOf, lab, nameOf, readersOf, TEST_MS } from './support/lab.js';

const run = promisify(execFile);
let folder = '';

const here = lab({ replicas: 1 }, async (made) => {
  await made.mark();
  folder = await mkdtemp(join(tmpdir(), 'tls-names-'));
  await makeAuthority();
  for (const node of made.cluster.nodes) await certify(node, `${node.name}.internal`);
});

afterEach(() => here.endAll());
afterAll(() => (folder === '' ? undefined : rm(folder, { recursive: true, force: true })));

function file(name: string): string {
  return join(folder, name);
}

async function makeAuthority(): Promise<void> {
  const files = ['-keyout', file('ca.key'), '-out', file('ca.pem')];
  await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=test', '-days', '2', ...files]);
}

async function certify(node: TestNode, host: string): Promise<void> {
  const [key, request, signed] = ['key', 'csr', 'pem'].map((end) => file(`${node.name}.${end}`)) as [
    string,
    string,
    string,
  ];
  await run('openssl', ['req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=mysql', '-keyout', key, '-out', request]);
  await writeFile(file('names'), `subjectAltName=DNS:${host}`);
  const authority = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial'];
  const names = ['-extfile', file('names'), '-days', '2'];
  await run('openssl', ['x509', '-req', '-in', request, '-out', signed, ...authority, ...names]);
  await here.asRoot(node, [
    `SET GLOBAL ssl_ca = '${file('ca.pem')}'`,
    `SET GLOBAL ssl_cert = '${signed}'`,
    `SET GLOBAL ssl_key = '${key}'`,
    'ALTER INSTANCE RELOAD TLS',
  ]);
}

async function strict(): Promise<SslOptions> {
  return { ca: await readFile(file('ca.pem')), verifyIdentity: true };
}

function named(name = (node: TestNode) => `${node.name}.internal`) {
  return here.cluster.nodes.map((node) => ({ host: node.host, port: node.port, tlsName: name(node) }));
}

describe('the names in TLS certificates', { timeout: TEST_MS }, () => {
  it('are checked against tlsName, for probes, followers and statements', async () => {
    const pool = await here.pool({ nodes: named() }, { ssl: await strict() });
    await pool.query('CREATE TABLE IF NOT EXISTS t (id INT)');
    await pool.query('INSERT INTO t VALUES (1)');
    expect(await readersOf(pool, [here.replica(0).name])).toEqual([here.replica(0).name]);
    const [rows] = await pool.query({ sql: "SHOW STATUS LIKE 'Ssl_cipher'", cluster: { route: 'primary' } });
    expect(JSON.stringify(rows)).toMatch(/TLS|AES/);
    const connection = await pool.getConnection();
    await connection.query('SELECT 1');
    expect(here.cluster.nodes.map(({ port }) => port)).toContain(connection.config.port);
    expect(connection.config.host).toBe('127.0.0.1');
    connection.release();
  });

  it('without tlsName, addresses that the certificates do not name are refused', async () => {
    const pool = here.use(createPool(here.options({}, { ssl: await strict() })), (made) => made.end());
    const error = await failureOf(pool.query('SELECT 1'));
    expect(error.message).toMatch(/altnames|localhost/);
  });

  it('another server than the named one is refused: also one that is discovered', async () => {
    const swapped = named((node) => (node === here.primary ? `${here.replica(0).name}.internal` : 'nobody.internal'));
    const pool = here.use(createPool(here.options({ nodes: swapped }, { ssl: await strict() })), (made) => made.end());
    expect((await failureOf(pool.query('SELECT 1'))).message).toContain('altnames');
    // The replica is named by the primary: by its address alone, it is nobody that the certificate knows.
    const [first] = named();
    const one = here.use(createPool(here.options({ nodes: first ? [first] : [] }, { ssl: await strict() })), (made) =>
      made.end(),
    );
    await one.cluster.ready(30_000);
    expect(await nameOf(one)).toBe(here.primary.name);
    expect(one.cluster.status().nodes).toHaveLength(1);
  });
});
