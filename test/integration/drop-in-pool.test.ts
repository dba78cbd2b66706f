import type * as driver from 'mysql2';
import { afterEach, describe, expect, it } from 'vitest';
import type * as ours from '../../src/index.js';
import * as oursPromise from '../../src/promise.js';
import { failureOf, lab, nameOf, TEST_MS } from './support/lab.js';

const here = lab({ replicas: 1 }, (made) => made.mark());

afterEach(() => here.endAll());

function promisePool(outer: object = {}): oursPromise.ClusteredPromisePool {
  return here.use(oursPromise.createPool(here.options({}, outer)), (pool) => pool.end());
}

async function promiseConnection(outer: object = {}): Promise<oursPromise.ClusteredPromiseConnection> {
  return here.use(await oursPromise.createConnection(here.options({}, outer)), (connection) => connection.end());
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

describe('promises', { timeout: TEST_MS }, () => {
  class Own<T> extends Promise<T> {}

  it("are of the application's class, of pools and connections, with `cluster` and without", async () => {
    const { host, port } = here.primary;
    const { user, password, database } = here.cluster;
    for (const options of [here.options(), { host, port, user, password, database }]) {
      const pool = oursPromise.createPool({ ...options, Promise: Own } as never);
      await kept(pool.query('SELECT 1'));
      await kept(pool.execute('SELECT 1'));
      const connection = await kept(pool.getConnection());
      await kept(connection.query('SELECT 1'));
      connection.release();
      await kept(pool.end());
      const alone = await kept(oursPromise.createConnection({ ...options, Promise: Own } as never));
      await kept(alone.execute('SELECT 1'));
      await kept(alone.end());
    }
  });

  function kept<T>(promise: Promise<T>): Promise<T> {
    expect(promise).toBeInstanceOf(Own);
    return promise;
  }

  it('createConnection without `cluster` throws at once what mysql2 throws at once', () => {
    expect(() => oursPromise.createConnection({ ssl: true } as never)).toThrow(TypeError);
  });

  it('a created connection that dies while idle has a listener of its own, as that of mysql2', async () => {
    const { connection } = (await promiseConnection()) as unknown as { connection: ours.Connection };
    expect(connection.listenerCount('error')).toBe(1);
    expect(connection.listenerCount('connect')).toBe(0);
  });
});

describe('stacks', { timeout: TEST_MS }, () => {
  async function callerOf(task: () => Promise<unknown>): Promise<string> {
    return (await failureOf(task())).stack ?? '';
  }

  it('a connection that cannot be made shows who asked for it, also to who does not await', async () => {
    const options = { cluster: { nodes: ['127.0.0.1:1'] } };
    const stack = await new Promise<string>((resolve) => {
      oursPromise.createConnection(options).catch((error: Error) => resolve(error.stack ?? ''));
    });
    expect(stack).toContain('ECONNREFUSED');
    expect(stack).toContain('drop-in-pool.test');
  });

  it('a prepared statement that fails shows its caller', async () => {
    const connection = await promiseConnection();
    const statement = await connection.prepare('SELECT ? AS a');
    const stack = await callerOf(async () => await statement.execute([]));
    expect(stack).toContain('drop-in-pool.test');
  });

  it('with trace: false all stacks are left alone, with trace: true they are those of the call', async () => {
    for (const trace of [true, false]) {
      const pool = promisePool({ trace });
      const connection = await promiseConnection({ trace });
      for (const task of [
        () => pool.query('SELECT nothing FROM whoami'),
        () => connection.execute('SELECT nothing FROM whoami'),
        () => connection.prepare('SELECT nothing FROM whoami'),
      ]) {
        const stack = await new Promise<string>((resolve) => task().then(undefined, ({ stack }) => resolve(stack)));
        expect(stack.includes('drop-in-pool.test')).toBe(trace);
      }
      expect(await nameOf(pool)).not.toBe('');
    }
  });
});
