import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root } from '../support/consumer.js';
import { count } from '../support/counts.js';
import { serversBelow } from '../support/leftovers.js';
import { CLUSTER_TEST_MS } from '../support/with-cluster.js';

interface Demo {
  readonly process: ChildProcess;
  /** All that it printed until now. */
  readonly output: () => string;
  readonly code: Promise<number | null>;
}

let folder: string;
let demo: Demo | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'demo-'));
});

afterEach(() => {
  demo?.process.kill('SIGKILL');
  demo = undefined;
  for (const pid of serversBelow(folder)) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** What `npm run demo` runs; all that the cluster makes is below `folder`. */
function startDemo(args: readonly string[], env: NodeJS.ProcessEnv = {}): Demo {
  const child = spawn(process.execPath, ['test/support/start.mjs', 'examples/demo/main.ts', ...args], {
    cwd: root,
    env: { ...process.env, TMPDIR: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const code = once(child, 'close').then(([value]) => value as number | null);
  return { process: child, output: () => output, code };
}

async function waitFor(line: string, { output, code }: Demo): Promise<void> {
  let ended = false;
  void code.then(() => {
    ended = true;
  });
  while (!output().includes(line)) {
    if (ended) throw new Error(`ended without '${line}':\n${output()}`);
    await sleep(50);
  }
}

/** Servers and folders of the cluster that are still there. */
async function left(): Promise<string[]> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const folders = readdirSync(folder).filter((name) => name.startsWith('mysql2-cluster-'));
    const found = [...serversBelow(folder).map((pid) => `process ${pid}`), ...folders];
    if (found.length === 0 || Date.now() > deadline) return found;
    await sleep(50);
  }
}

describe('the demo', { timeout: CLUSTER_TEST_MS }, () => {
  it('loses and doubles nothing in a failover, and leaves nothing behind', async () => {
    demo = startDemo(['--seconds', String(count(12, 30))]);
    const code = await demo.code;
    const output = demo.output();
    expect(output).toMatch(/\nlost: 0\ndoubled: 0\n$/);
    expect(code).toBe(0);
    expect(output).toContain('ACT  SIGKILL node-1, the primary');
    expect(output).toMatch(/primaryChanged: node-[23] /);
    expect(output).toMatch(/ACT {2}node-1 is a replica/);
    expect(output).toMatch(/ms without writes after the promotion: [\d.,]+\n/);
    expect(output).toMatch(/^read +[\d,]+ +0 /m);
    expect(output).toContain('own writes not seen by the next read: 0');
    // A writer gets an answer, an error or not, for everything that it sends.
    expect(output).toMatch(/unanswered: 0, failed: 0\n/);
    expect(await left()).toEqual([]);
  });

  it('stops everything when it is interrupted', async () => {
    demo = startDemo(['--seconds', '30']);
    await waitFor(' p99 ', demo);
    expect(serversBelow(folder)).toHaveLength(3);
    demo.process.kill('SIGTERM');
    expect(await demo.code).not.toBe(0);
    expect(demo.output()).toContain('SIGTERM: stopping the servers');
    expect(await left()).toEqual([]);
  });

  it('says clearly when the cluster cannot be had', async () => {
    demo = startDemo([], { MYSQLD: join(folder, 'no-such-server'), MYSQL2_CLUSTER_INSTALL: '0' });
    expect(await demo.code).toBe(2);
    expect(demo.output()).toContain('no-such-server');
    expect(demo.output()).not.toMatch(/^ +at /m);
  });

  it('says what its arguments are', async () => {
    demo = startDemo(['--minutes', '3']);
    expect(await demo.code).toBe(2);
    expect(demo.output()).toContain('unknown argument: --minutes');
    expect(demo.output()).toContain('--seconds N');
  });
});
