import * as mysql2 from 'mysql2';
import * as mysql2Promise from 'mysql2/promise';
import { beforeAll, describe, expect, test } from 'vitest';
import { exportedTypes } from './support/exported-types.js';
import { type Exports, readExports, writeExports } from './support/exports.js';

// Adding a public name takes a line in test/spec/exports.json; removing or renaming one breaks users.
const load = {
  index: () => import('../src/index.js'),
  promise: () => import('../src/promise.js'),
  testing: () => import('../src/testing/index.js'),
};
const namesOf = (door: object): string[] => Object.keys(door).sort();
const mysql2Names = (door: object): string[] => namesOf(door).filter((name) => name !== 'module.exports');

describe('public exports', () => {
  let listed: Exports;

  beforeAll(async () => {
    if (process.env.UPDATE === '1') {
      const [index, promise, testing] = await Promise.all([load.index(), load.promise(), load.testing()]);
      await writeExports({ index: namesOf(index), promise: namesOf(promise), testing: namesOf(testing) });
    }
    listed = await readExports();
  });

  test.each(['index', 'promise', 'testing'] as const)('%s exports what test/spec/exports.json lists', async (door) => {
    expect(namesOf(await load[door]())).toEqual(listed[door]);
  });

  test.each([
    ['index', mysql2],
    ['promise', mysql2Promise],
  ] as const)('%s has every name of the door of mysql2 that it replaces', async (door, original) => {
    const ours = new Set(namesOf(await load[door]()));
    expect(mysql2Names(original).filter((name) => !ours.has(name))).toEqual([]);
  });

  test.each([
    ['index', mysql2.default],
    ['promise', mysql2Promise.default],
  ] as const)("%s's default export has every member of mysql2's", async (door, original) => {
    const { default: ours } = await load[door]();
    expect(Object.keys(original).filter((name) => !(name in ours))).toEqual([]);
  });

  test.each([
    ['../src/index.js', 'mysql2'],
    ['../src/promise.js', 'mysql2/promise'],
  ])('%s exports every type of %s', { timeout: 60_000 }, (door, original) => {
    const types = exportedTypes([door, original]);
    const ours = new Set(types.get(door));
    expect(types.get(original)).toContain('RowDataPacket');
    expect(types.get(original)?.filter((name) => !ours.has(name))).toEqual([]);
  });
});
