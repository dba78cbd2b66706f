// node test/support/build.mjs [--silent]: builds the package into dist. tsup has no hook after it has written the types, and
// its alias for a door that is its own default export is circular for TypeScript: it becomes `export * as default` here.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './bootstrap.mjs';

const tsup = join(root, 'node_modules/tsup/dist/cli-default.js');
const { status } = spawnSync(process.execPath, [tsup, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);

for (const door of ['index', 'promise']) {
  for (const [types, code] of [
    [`${door}.d.ts`, `./${door}.js`],
    [`${door}.d.cts`, `./${door}.cjs`],
  ])
    writeSelfReference(join(root, 'dist', types), code);
}

function writeSelfReference(file, code) {
  const types = readFileSync(file, 'utf8');
  const alias = /^import \* as (\w+) from '\.\/\w+\.js';\n/m;
  const name = alias.exec(types)?.[1];
  if (name === undefined) throw new Error(`${file} has no default export of its own`);
  const rest = types.replace(alias, '').replace(`export { ${name} as default };\n`, '');
  writeFileSync(file, `${rest}export * as default from '${code}';\n`);
}
