// npm test [filters] [-t pattern] [--long]: installs what is missing, runs all tests, ends with the line `N passed, N failed`.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePackages, root, runNode } from './bootstrap.mjs';

const args = process.argv.slice(2);
const filters = args.filter((arg) => arg !== '--long');
const report = join(root, '.cache', `tests-${process.pid}.json`);

ensurePackages();
mkdirSync(join(root, '.cache'), { recursive: true });
const started = Date.now();
const code = await runNode(
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--config',
    'test/vitest.config.ts',
    '--reporter=./test/support/failed-tests.ts',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...filters,
  ],
  {
    // Our own tests may unpack a MySQL server into the cache folder when this machine has none.
    MYSQL2_CLUSTER_INSTALL: process.env.MYSQL2_CLUSTER_INSTALL ?? '1',
    ...(args.includes('--long') ? { MYSQL2_CLUSTER_LONG: '1' } : {}),
  },
);
const total = count(report, code);
console.log(`${Math.round((Date.now() - started) / 1000)} s${args.includes('--long') ? ', full counts' : ''}`);
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = code === 0 && total.failed === 0 && total.passed > 0 ? 0 : code || 1;

/** A file that could not be loaded has no failed test in the report and counts as one; so does a run that broke as a whole. */
function count(path, exitCode) {
  const broken = { passed: 0, failed: 1, skipped: 0 };
  if (!existsSync(path)) return broken;
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
    readFileSync(path, 'utf8'),
  );
  rmSync(path);
  const isFailed = ({ status }) => status === 'failed';
  const unloaded = testResults.filter((file) => isFailed(file) && !file.assertionResults.some(isFailed));
  for (const file of unloaded) console.error(`failed as a whole: ${file.name}: ${file.message}`);
  const failed = numFailedTests + unloaded.length;
  return {
    passed: numPassedTests,
    failed: failed === 0 && exitCode !== 0 ? broken.failed : failed,
    skipped: numPendingTests + numTodoTests,
  };
}
