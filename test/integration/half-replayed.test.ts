import type { Pool, RowDataPacket } from 'mysql2/promise';
import { afterEach, describe, expect, it } from 'vitest';
import type { ClusteredPromisePool } from '../../src/promise.js';
import { failureOf, lab, TEST_MS, until } from './support/lab.js';

const here = lab({ replicas: 0, databases: ['shop', 'other'] }, async (made) => {
  await made.cluster.query(made.primary, 'CREATE TABLE shop.place (id INT PRIMARY KEY)');
  await made.cluster.query(made.primary, 'INSERT INTO shop.place VALUES (1)');
});

afterEach(async () => {
  await here.endAll();
  await here.cluster.query(here.primary, 'CREATE DATABASE IF NOT EXISTS other');
});

const STATE =
  'SELECT @@group_concat_max_len AS longest, DATABASE() AS db, CONNECTION_ID() AS id FROM shop.place FOR UPDATE';

async function stateOf(on: Pick<Pool, 'query'>): Promise<RowDataPacket> {
  const [rows] = await on.query<RowDataPacket[]>(STATE);
  return rows[0] as RowDataPacket;
}

/** A session with a variable and a schema of its own, whose connection is lost: the next one has to be brought to both. */
async function sessionToReplay(pool: ClusteredPromisePool): ReturnType<ClusteredPromisePool['getConnection']> {
  const connection = here.use(await pool.getConnection(), (taken) => taken.destroy());
  await connection.query('SET SESSION group_concat_max_len = 4321');
  await connection.query('USE other');
  await here.cluster.query(here.primary, `KILL CONNECTION ${connection.threadId}`);
  await until(() => pool.cluster.status().nodes.find(({ role }) => role === 'primary')?.pool?.size === 0);
  return connection;
}

describe('a session whose variables can be set on another connection and whose schema was dropped', {
  timeout: TEST_MS,
}, () => {
  it("gets the server's error; the connection that was half set is closed, and nobody else gets it", async () => {
    const pool = await here.pool({ pool: { max: 1, reserve: 0 } });
    const connection = await sessionToReplay(pool);
    await here.cluster.query(here.primary, 'DROP DATABASE other');
    const opened: number[] = [];
    pool.on('connection', (raw) => opened.push((raw as unknown as { threadId: number }).threadId));
    expect(await failureOf(connection.query(STATE))).toMatchObject({ errno: 1049 });
    const { longest, db, id } = await stateOf(pool);
    expect({ longest, db }).toEqual({ longest: 1024, db: 'shop' });
    expect(opened).toHaveLength(2);
    expect(id).toBe(opened[1]);
  });

  it('works again when the schema is there again', async () => {
    const pool = await here.pool();
    const connection = await sessionToReplay(pool);
    await here.cluster.query(here.primary, 'DROP DATABASE other');
    expect(await failureOf(connection.query(STATE))).toMatchObject({ errno: 1049 });
    await here.cluster.query(here.primary, 'CREATE DATABASE other');
    expect(await stateOf(connection)).toMatchObject({ longest: 4321, db: 'other' });
  });

  it('works again when it takes another schema, also after it was refused one that does not exist', async () => {
    const pool = await here.pool();
    const connection = await sessionToReplay(pool);
    await here.cluster.query(here.primary, 'DROP DATABASE other');
    // Another error than 1049 for an account without rights on it.
    expect([1044, 1049]).toContain((await failureOf(connection.query('USE nowhere'))).errno);
    // Not in the schema of a fresh connection instead.
    expect(await failureOf(connection.query('SELECT id FROM place'))).toMatchObject({ errno: 1049 });
    await connection.query('USE shop');
    expect(await stateOf(connection)).toMatchObject({ longest: 4321, db: 'shop' });
  });
});
