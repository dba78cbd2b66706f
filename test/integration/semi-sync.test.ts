import type { RowDataPacket } from 'mysql2/promise';
import { afterEach, describe, expect, it } from 'vitest';
import { type ClusteredPromisePool, createConnection, NoNodeAvailableError } from '../../src/promise.js';
import type { FlavorName, TestNode } from '../../src/testing/index.js';
import { failureOf, lab, TEST_MS, timed, until } from './support/lab.js';

const TICK_MS = 200;
/** Far below what a write waits for, and what is asked seldom: that it is noticed with the ticks, and told at once. */
const SOON_MS = 5000;

describe.each(['mysql', 'mariadb'] as const)(
  '%s: semi-synchronous replication',
  { timeout: TEST_MS },
  (flavor: FlavorName) => {
    const here = lab({ flavor, replicas: 1, semiSync: { timeoutMs: 500 } }, async ({ cluster, primary }) => {
      await cluster.query(primary, 'CREATE TABLE shop.t (id INT PRIMARY KEY)');
      await cluster.waitForReplication();
    });

    afterEach(() => here.endAll());

    async function requiring(
      requireSemiSync: 'warn' | 'refuse',
    ): Promise<{ pool: ClusteredPromisePool; told: string[] }> {
      // No account needs a privilege for it.
      const { user, password } = here.cluster.credentials.plain;
      const pool = await here.pool({ requireSemiSync, monitor: { intervalMs: TICK_MS } }, { user, password });
      const told: string[] = [];
      pool.cluster.on('degraded', ({ previous, next }) => told.push(`${previous} ${next}`));
      // The replica of the test before may just be coming back.
      await until(() => stateOf(pool, here.primary)?.source === 'on');
      return { pool, told };
    }

    function stateOf(pool: ClusteredPromisePool, node: TestNode) {
      return pool.cluster.status().nodes.find(({ address }) => address === node.address)?.semiSync;
    }

    async function count(): Promise<number> {
      const [row] = await here.cluster.query<RowDataPacket[]>(here.primary, 'SELECT COUNT(*) AS n FROM shop.t');
      return Number(row?.n);
    }

    it("'refuse': when its replica is gone, writes fail at once and nothing is sent, until it is back", async () => {
      const { pool, told } = await requiring('refuse');
      await pool.query('INSERT INTO t VALUES (1)');
      const options = here.options({ requireSemiSync: 'refuse', monitor: { intervalMs: TICK_MS } });
      const single = here.use(await createConnection(options), (opened) => opened.end());
      await single.query('REPLACE INTO t VALUES (1)');
      expect(stateOf(pool, here.primary)).toMatchObject({ source: 'on', clients: 1 });
      await here.cluster.kill(here.replica(0));
      // This one waits for the replica, in vain, and is acknowledged without it.
      await pool.query('INSERT INTO t VALUES (2)');
      const noticed = await timed(() => until(() => pool.cluster.status().writesRefused !== undefined));
      await until(() => single.cluster.status().writesRefused !== undefined);
      expect(noticed.ms).toBeLessThan(SOON_MS);
      expect(told.slice(-1)).toEqual(['on degraded']);
      expect(stateOf(pool, here.primary)?.timeouts).toBeGreaterThan(0);
      const before = await count();
      const { ms, value: error } = await timed(() => failureOf(pool.query('INSERT INTO t VALUES (3)')));
      expect(error).toBeInstanceOf(NoNodeAvailableError);
      expect(error.message).toContain(
        "the primary has fallen back to asynchronous replication, and requireSemiSync is 'refuse'",
      );
      expect(ms).toBeLessThan(SOON_MS);
      // A connection that is kept between statements is no way around it.
      expect(await failureOf(single.query('INSERT INTO t VALUES (3)'))).toBeInstanceOf(NoNodeAvailableError);
      expect(await failureOf(pool.query('START TRANSACTION'))).toBeInstanceOf(NoNodeAvailableError);
      expect(await count()).toBe(before);
      expect(pool.cluster.explain('INSERT INTO t VALUES (3)')).toMatchObject({ decision: 'fail' });
      const [rows] = await pool.query<RowDataPacket[]>('SELECT id FROM t ORDER BY id');
      expect(rows.map(({ id }) => id)).toEqual([1, 2]);
      await here.cluster.start(here.replica(0));
      await until(() => pool.cluster.status().writesRefused === undefined);
      await pool.query('INSERT INTO t VALUES (4)');
      expect(told.slice(-2)).toEqual(['on degraded', 'degraded on']);
    });

    it("'warn': an event, and writes go on", async () => {
      const { pool, told } = await requiring('warn');
      await pool.query('INSERT INTO t VALUES (11)');
      await here.cluster.kill(here.replica(0));
      await pool.query('INSERT INTO t VALUES (12)');
      await until(() => told.includes('on degraded'));
      await pool.query('INSERT INTO t VALUES (13)');
      expect(pool.cluster.status().writesRefused).toBeUndefined();
      await here.cluster.start(here.replica(0));
      await until(() => told.at(-1) === 'degraded on');
      expect(told.filter((change) => change === 'on degraded')).toHaveLength(1);
    });

    it("'refuse' where it is not turned on", async () => {
      const { pool, told } = await requiring('refuse');
      const variable = flavor === 'mysql' ? 'rpl_semi_sync_source_enabled' : 'rpl_semi_sync_master_enabled';
      await here.asRoot(here.primary, [`SET GLOBAL ${variable} = 0`]);
      await until(() => pool.cluster.status().writesRefused !== undefined);
      const error = await failureOf(pool.query('INSERT INTO t VALUES (21)'));
      expect(error.message).toContain('semi-synchronous replication is not turned on on the primary');
      await here.asRoot(here.primary, [`SET GLOBAL ${variable} = 1`]);
      await until(() => pool.cluster.status().writesRefused === undefined);
      expect(told.slice(0, 1)).toEqual(['on off']);
      await pool.query('INSERT INTO t VALUES (22)');
    });
  },
);
