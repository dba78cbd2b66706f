import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withFileLock } from '../../../src/testing/file-lock.js';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mysql2-cluster-lock-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('withFileLock', () => {
  it('lets one in at a time, and leaves nothing', async () => {
    const path = join(folder, 'lock');
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await sleep(20);
      inside -= 1;
    };
    await Promise.all([1, 2, 3].map(() => withFileLock(path, work)));
    expect(most).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is free again after work that failed', async () => {
    const path = join(folder, 'lock');
    await expect(withFileLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(existsSync(path)).toBe(false);
  });

  it('takes over the lock of a dead process', async () => {
    const path = join(folder, 'lock');
    const { pid } = spawnSync(process.execPath, ['-e', '0']);
    writeFileSync(path, String(pid));
    expect(await withFileLock(path, async () => 'done')).toBe('done');
  });
});
