import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { watchdogSource } from '../../../src/testing/watchdog.js';

const idle = (argument: string): ChildProcess =>
  spawn(process.execPath, ['-e', 'setTimeout(() => {}, 120_000)', '--', argument]);

describe('the watchdog process', () => {
  it('kills what runs on a guarded folder and removes it, and leaves what was released', async () => {
    const [gone, kept] = [1, 2].map(() => mkdtempSync(join(tmpdir(), 'mysql2-cluster-dog-'))) as [string, string];
    mkdirSync(join(gone, 'node-1'));
    const servers = [gone, kept].map((folder) => idle(`--datadir=${folder}/node-1/data`));
    const reader = idle(`${gone}/node-1/error.log`);
    const dog = spawn(process.execPath, ['-e', watchdogSource()], { stdio: ['pipe', 'ignore', 'inherit'] });
    try {
      const death = once(servers[0] ?? reader, 'exit');
      dog.stdin.end(`+${gone}\n+${kept}\n-${kept}\n`);
      expect(await death).toEqual([null, 'SIGKILL']);
      expect(await once(dog, 'exit')).toEqual([0, null]);
      expect([existsSync(gone), existsSync(kept)]).toEqual([false, true]);
      expect([servers[1]?.exitCode, servers[1]?.signalCode, reader.signalCode]).toEqual([null, null, null]);
    } finally {
      for (const child of [...servers, reader, dog]) child.kill('SIGKILL');
      for (const folder of [gone, kept]) rmSync(folder, { recursive: true, force: true });
    }
  }, 60_000);
});
