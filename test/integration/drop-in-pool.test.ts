import type * as driver from 'mysql2';
import { afterEach, describe, expect, it } from 'vitest';
import * as oursPromise from '../../src/promise.js';
import { lab, TEST_MS } from './support/lab.js';

const here = lab({ replicas: 1 }, (made) => made.mark());

afterEach(() => here.endAll());

function promisePool(outer: object = {}): oursPromise.ClusteredPromisePool {
  return here.use(oursPromise.createPool(here.options({}, outer)), (pool) => pool.end());
}

describe('options that say how rows are read and texts written', { timeout: TEST_MS }, () => {
  it.each([
    ['rowsAsArray', { rowsAsArray: true }, ([name]: string[]) => name],
    ['nestTables', { nestTables: true }, (row: { whoami: { name: string } }) => row.whoami.name],
    ['nestTables, a separator', { nestTables: '_' }, (row: { whoami_name: string }) => row.whoami_name],
    ['typeCast', { typeCast: (field: driver.TypeCastField) => `${field.string()}!` }, trimmed],
    ['typeCast: false', { typeCast: false }, (row: { name: Buffer }) => row.name.toString()],
    ['queryFormat', { queryFormat: (sql: string) => sql.replace('NAME', 'name') }, (row: { name: string }) => row.name],
  ])('%s is for the application, and the cluster is known all the same', async (_what, outer, nameIn) => {
    const pool = promisePool(outer);
    await pool.cluster.ready(10_000);
    const [rows] = await pool.query<driver.RowDataPacket[]>('SELECT name FROM whoami FOR UPDATE');
    expect(nameIn(rows[0] as never)).toBe(here.primary.name);
  });
});

function trimmed({ name }: { name: string }): string {
  return name.replace('!', '');
}
