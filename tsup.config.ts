import { readFileSync, rmSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { defineConfig } from 'tsup';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };
const outDir = 'dist';
const target = 'node20';
const external = ['mysql2', 'generic-pool', 'node-sql-parser', 'testcontainers'];

/** The doors. `cli` is a program, not a module: it has no types and no CommonJS twin. */
const doors = { index: 'src/index.ts', promise: 'src/promise.ts', testing: 'src/testing/index.ts' };
const programs = { cli: 'src/cli.ts' };

const selves = ['./index.js', './promise.js'];

rmSync(outDir, { recursive: true, force: true });

/**
 * Makes the CommonJS twin of every ESM file. tsup's own way for shared chunks (splitting) sends the code through sucrase, which
 * rewrites `?.` and `??` into calls; that is slow on the way of a query. esbuild leaves the code as it is, and adds the
 * `0 && (module.exports = …)` line from which Node learns the names for `import { createPool } from`.
 */
async function writeCommonJsTwins(): Promise<void> {
  const files = (await readdir(outDir)).filter((file) => file.endsWith('.js') && !(file.slice(0, -3) in programs));
  await Promise.all(
    files.map(async (file) => {
      const esm = await readFile(join(outDir, file), 'utf8');
      // The name `.mjs` asks for Node's own reading of a CommonJS package's default export, as the ESM build has it.
      const { code } = await transform(esm, {
        format: 'cjs',
        platform: 'node',
        target,
        sourcefile: file.replace(/\.js$/, '.mjs'),
        define: { 'import.meta.url': '__moduleUrl' },
      });
      const url = code.includes('__moduleUrl')
        ? "const __moduleUrl = require('node:url').pathToFileURL(__filename).href;\n"
        : '';
      const twin = url + code.replace(/\b(require|import)\("(\.\/[^"]+)\.js"\)/g, '$1("$2.cjs")');
      await writeFile(join(outDir, file.replace(/\.js$/, '.cjs')), twin);
    }),
  );
}

export default defineConfig([
  {
    name: 'code',
    entry: { ...doors, ...programs },
    format: ['esm'],
    outDir,
    target,
    external,
    platform: 'node',
    define: { PACKAGE_VERSION: JSON.stringify(version) },
    // One copy of the shared code for all doors: `.` and `./promise` must see the same clusters.
    splitting: true,
    onSuccess: writeCommonJsTwins,
  },
  {
    name: 'types',
    entry: doors,
    format: ['esm', 'cjs'],
    outDir,
    target,
    // A door is its own default export: left as a reference for test/support/build.mjs; bundled, it would become code.
    external: [...external, ...selves],
    dts: { only: true },
  },
]);
