import { afterEach, describe, expect, it } from 'vitest';
import { failureOf, lab, nameOf, namesOf, TEST_MS } from './support/lab.js';

const here = lab({}, async (made) => {
  await made.mark();
  await made.cluster.query(made.primary, 'CREATE TABLE shop.items (id INT PRIMARY KEY, n INT NOT NULL)');
  await made.cluster.waitForReplication();
});

afterEach(() => here.endAll());

const NAME = 'SELECT name FROM whoami';
const replicas = (): string[] => here.cluster.replicas.map((node) => node.name).sort();

describe('rules', { timeout: TEST_MS }, () => {
  it('the first that matches decides: a pattern, a form; hits are counted', async () => {
    const rules = [
      { match: /LIMIT 3$/g, route: 'primary', because: 'threes' },
      { match: 'select NAME from whoami limit 77', route: 'node', node: here.replica(1).address },
      { match: /LIMIT/, route: 'replica' },
    ] as const;
    const pool = await here.pool({ rules });
    for (let i = 0; i < 4; i++) expect(await nameOf(pool, `${NAME} LIMIT 3`)).toBe(here.primary.name);
    for (let limit = 4; limit < 9; limit++) {
      expect(await nameOf(pool, `${NAME} LIMIT ${limit}`)).toBe(here.replica(1).name);
    }
    expect(await nameOf(pool, `${NAME} ORDER BY 1 LIMIT 4`)).not.toBe(here.primary.name);
    expect(pool.cluster.status().rules).toEqual([
      { because: 'threes', route: 'primary', hits: 4 },
      { because: 'cluster.rules[1]', route: 'node', hits: 5 },
      { because: 'cluster.rules[2]', route: 'replica', hits: 1 },
    ]);
  });

  it('tables are found wherever they stand', async () => {
    const rules = [{ match: { tables: ['shop.WhoAmI'] }, route: 'primary' }] as const;
    const pool = await here.pool({ rules });
    expect(await nameOf(pool, 'SELECT x.name FROM (SELECT 1) AS d JOIN `whoami` AS x')).toBe(here.primary.name);
    const cte = "WITH whoami AS (SELECT 'x' AS name) SELECT name FROM whoami";
    expect(pool.cluster.explain(cte).node).not.toBe(here.primary.address);
    const connection = await pool.getConnection();
    await connection.query('USE information_schema');
    await connection.query('SELECT 1 AS name FROM (SELECT 1) AS whoami');
    expect(pool.cluster.status().rules[0]?.hits).toBe(1);
    await connection.query('USE shop');
    await connection.query('SELECT name FROM whoami LIMIT 1');
    expect(pool.cluster.status().rules[0]?.hits).toBe(2);
    connection.release();
    expect(pool.cluster.explain('SELECT name FROM other.whoami').node).not.toBe(here.primary.address);
  });

  it('holds for a connection that has just read from a replica', async () => {
    const pool = await here.pool({ consistency: 'eventual', rules: [{ match: /FROM whoami/, route: 'primary' }] });
    const connection = here.use(await pool.getConnection(), (taken) => taken.release());
    await connection.query('SELECT 1');
    expect(pool.cluster.status().nodes.find(({ role }) => role === 'primary')?.traffic.reads).toBe(0);
    expect(await nameOf(connection)).toBe(here.primary.name);
  });

  it("a call's own wish is stronger, and so is with()", async () => {
    const pool = await here.pool({ rules: [{ match: /whoami/, route: 'primary' }] });
    expect(await nameOf(pool)).toBe(here.primary.name);
    const { address, name } = here.replica(0);
    expect(await nameOf(pool, { sql: NAME, cluster: { node: address } })).toBe(name);
    expect(await pool.cluster.with({ route: 'replica' }, () => nameOf(pool))).not.toBe(here.primary.name);
    expect(pool.cluster.status().rules[0]?.hits).toBe(1);
  });

  it('none sends a write or a locking read to a replica: RULE_CONFLICT names both', async () => {
    const pool = await here.pool({
      rules: [
        { match: /items/, route: 'replica', because: 'items are read only' },
        { match: /whoami/, route: 'node', node: here.replica(0).address },
      ],
    });
    const write = await failureOf(pool.query('INSERT INTO items VALUES (1, 1)'));
    expect(write).toMatchObject({
      code: 'RULE_CONFLICT',
      message: expect.stringMatching(/items are read only.*insert/),
    });
    const lock = await failureOf(pool.execute('SELECT n FROM items WHERE id = ? FOR UPDATE', [1]));
    expect(lock).toMatchObject({ code: 'RULE_CONFLICT', message: expect.stringContaining('FOR UPDATE') });
    expect(await failureOf(pool.query(`${NAME} FOR SHARE`))).toMatchObject({ code: 'RULE_CONFLICT' });
    expect(pool.cluster.explain('DELETE FROM items')).toMatchObject({
      decision: 'fail',
      because: expect.stringMatching(/items/),
    });
    await pool.query('SELECT n FROM items');
  });

  it("route 'error' refuses, in a transaction too; nothing is sent", async () => {
    const pool = await here.pool({
      rules: [
        { match: /DELETE FROM items\s*$/i, route: 'error', because: 'no WHERE' },
        { match: /^DO|PING|SELECT 1$/i, route: 'error' },
      ],
    });
    await pool.query('INSERT INTO items VALUES (2, 2)');
    const connection = await pool.getConnection();
    await connection.beginTransaction();
    expect(await failureOf(connection.query('delete from items'))).toMatchObject({
      code: 'STATEMENT_REFUSED',
      message: expect.stringContaining('no WHERE'),
    });
    await connection.query('DELETE FROM items WHERE id = 2');
    await connection.ping();
    await connection.commit();
    connection.release();
    expect(pool.cluster.status().rules[0]?.hits).toBe(1);
  });

  it('a rule for replicas is no way out of a transaction', async () => {
    const pool = await here.pool({ rules: [{ match: /whoami/, route: 'replica' }] });
    const connection = await pool.getConnection();
    await connection.beginTransaction();
    expect(await nameOf(connection)).toBe(here.primary.name);
    await connection.rollback();
    connection.release();
  });
});

describe('comment hints', { timeout: TEST_MS }, () => {
  it('are ignored unless asked for', async () => {
    const pool = await here.pool();
    expect(await namesOf(() => nameOf(pool, `/* cluster:primary */ ${NAME}`), 60, 2)).toEqual(replicas());
  });

  it('send reads to the primary or to replicas, and limit the lag', async () => {
    const pool = await here.pool({ commentHints: true, rules: [{ match: /./, route: 'primary' }] });
    expect(await nameOf(pool)).toBe(here.primary.name);
    expect(await nameOf(pool, `/* cluster:replica */ ${NAME}`)).not.toBe(here.primary.name);
    expect(await nameOf(pool, `${NAME} /* cluster:primary */`)).toBe(here.primary.name);
    expect(pool.cluster.explain(`/* cluster:max_lag_ms=0 */ /* cluster:nobody */ ${NAME}`)).toMatchObject({
      decision: 'fail',
      because: expect.stringContaining('cluster:nobody'),
    });
    const strict = `/* cluster:replica */ /* cluster:max_lag_ms=50 */ ${NAME}`;
    expect(await nameOf(pool, strict)).not.toBe(here.primary.name);
  });

  it('never send a write or a locking read to a replica', async () => {
    const pool = await here.pool({ commentHints: true });
    const sql = '/* cluster:replica */ UPDATE items SET n = 1';
    expect(await failureOf(pool.query(sql))).toMatchObject({
      code: 'RULE_CONFLICT',
      message: expect.stringMatching(/cluster:replica.*UPDATE/),
    });
    expect(await failureOf(pool.query(`/* cluster:replica */ ${NAME} FOR UPDATE`))).toMatchObject({
      code: 'RULE_CONFLICT',
    });
  });

  it('one that is none is told, with what would be right', async () => {
    const pool = await here.pool({ commentHints: true });
    expect(await failureOf(pool.query(`/* cluster:primry */ ${NAME}`))).toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringMatching(/cluster:primry.*cluster:primary/),
    });
  });
});
