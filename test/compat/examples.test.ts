import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lab, TEST_MS } from '../integration/support/lab.js';
import { root } from '../support/consumer.js';

const here = lab({ semiSync: true });
const folder = join(root, 'examples');
const orms = readdirSync(folder).filter(
  (name) => name.endsWith('.ts') && !['quick-start.ts', 'testing.ts'].includes(name),
);

/** As `npm run example` runs it: with the built package. */
async function run(name: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const { user, password, database, nodes } = here.cluster;
  const DB_NODES = nodes.map(({ address }) => address).join(',');
  const child = spawn(process.execPath, ['test/support/start.mjs', `examples/${name}`], {
    cwd: root,
    env: { ...process.env, DB_NODES, DB_USER: user, DB_PASSWORD: password, DB_NAME: database },
    stdio: ['ignore', 'pipe', 'pipe'],
    // What does not end by itself has left something open. The first one may have to build.
    timeout: 100_000,
  });
  let output = '';
  for (const pipe of [child.stdout, child.stderr]) pipe.on('data', (chunk) => (output += String(chunk)));
  const [code] = await once(child, 'close');
  return { code, output };
}

describe('the examples of ORMs', { timeout: TEST_MS }, () => {
  it('are there', () => {
    expect(orms).toHaveLength(6);
  });

  it.each(orms)('%s writes, reads, and ends', async (name) => {
    const { code, output } = await run(name);
    expect(output).toMatch(/^(dist.*\n)?guest (\d+) is Ada\nand now Eve\n$/);
    expect(code).toBe(0);
  });
});
