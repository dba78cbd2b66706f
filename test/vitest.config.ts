import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const slow = [
  'test/integration/**/*.test.ts',
  'test/compat/**/*.test.ts',
  'test/chaos/**/*.test.ts',
  'test/package*.test.ts',
];

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    teardownTimeout: 30_000,
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: slow,
          pool: 'threads',
          maxWorkers: 2,
          testTimeout: 10_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          // Real servers and whole builds: one file at a time, each in a process of its own, after the fast ones.
          name: 'slow',
          include: slow,
          pool: 'forks',
          maxWorkers: 1,
          fileParallelism: false,
          testTimeout: 60_000,
          // The first start on a machine may unpack a server or pull an image.
          hookTimeout: 300_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
