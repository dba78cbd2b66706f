// node test/support/start.mjs <file.ts> [arguments]: installs and builds what is missing, then runs one TypeScript program
// (the demo, the benchmark, an example). `mysql2-cluster` in it is the built package, as for its users.
import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { ensureBuild, ensurePackages, root, runNode } from './bootstrap.mjs';

const [file, ...args] = process.argv.slice(2);
const source = file === undefined ? undefined : resolve(root, file);
if (source === undefined || !existsSync(source)) {
  console.error(
    source === undefined ? 'usage: node test/support/start.mjs <file.ts> [arguments]' : `no such file: ${file}`,
  );
  process.exit(2);
}

ensurePackages();
ensureBuild();
const { build } = await import('esbuild');
// Inside the project, and not under node_modules, so that `mysql2-cluster` resolves to this very package.
const program = join(root, '.cache/run', relative(root, source).replace(/\.ts$/, '.mjs'));
await build({
  entryPoints: [source],
  outfile: program,
  bundle: true,
  packages: 'external',
  // tsconfig.json leads `mysql2-cluster` to the sources, for the types alone.
  tsconfigRaw: '{}',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'error',
});
process.exitCode = await runNode(['--enable-source-maps', program, ...args], {
  // The demo and the benchmark are ours: they may unpack a MySQL server into the cache folder when this machine has none.
  MYSQL2_CLUSTER_INSTALL: process.env.MYSQL2_CLUSTER_INSTALL ?? '1',
});
