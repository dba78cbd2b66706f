import { describe, expect, test } from 'vitest';
import { withControl } from '../../../src/probes/control-table.js';
import type { ProbeAnswer, ProbeContext } from '../../../src/probes/probe.js';
import { probeOf } from '../../../src/probes/probe-of.js';
import type { LiveReport } from '../../../src/topology/node-report.js';

const probe = withControl(probeOf('gtid-replication'), 'mysql2_cluster.nodes');
const VARIABLES = { server_uuid: 'u', gtid_mode: 'ON', gtid_executed: '', read_only: 'OFF', super_read_only: 'OFF' };
const sample: ProbeAnswer = {
  rows: Object.entries(VARIABLES).map(([name, value]) => ({ Variable_name: name, Value: value })),
};

function asked(context: ProbeContext): string[] {
  return probe.queries(context).map(({ sql }) => /SHOW \w+( \w+)?|FROM .*/.exec(sql)?.[0] ?? sql);
}

function read(tick: number, answers: readonly ProbeAnswer[], last?: LiveReport): LiveReport {
  const context = { tick, last, version: '9.7.4', heartbeat: undefined };
  const report = probe.read(answers, { address: 'db-1:3306', sentAt: 990, answeredAt: 1000, context });
  if (!report.ok) throw new Error(report.message);
  return report;
}

const first = read(0, [sample, { rows: [] }]);

test('never more than two statements, and the table in every other tick', () => {
  const ticks = Array.from({ length: 12 }, (_, tick) =>
    asked({ tick, last: first, version: '9.7.4', heartbeat: undefined }),
  );
  for (const statements of ticks) expect(statements.length).toBeLessThanOrEqual(2);
  const seconds = ticks.map((statements) => statements[1]);
  expect(seconds.flatMap((sql, tick) => (sql?.includes('mysql2_cluster') ? [tick] : []))).toEqual([2, 4, 6, 8, 10]);
  expect(seconds[1]).toBe('SHOW REPLICAS');
  expect(seconds[3]).toBe('SHOW REPLICA STATUS');
  expect(seconds[11]).toBe('SHOW REPLICAS');
});

test('without GTIDs the position is asked for in a tick of the table too: it is the sample', () => {
  const positions = withControl(probeOf('position-replication'), 'mysql2_cluster.nodes');
  for (const tick of [4, 7, 8, 9, 10]) {
    const context = { tick, last: first, version: '9.7.4', heartbeat: undefined };
    const [sample, ...rest] = positions.queries(context).map(({ sql }) => sql);
    expect(sample).toBe('SHOW BINARY LOG STATUS');
    expect(rest.some((sql) => sql.includes('mysql2_cluster'))).toBe(tick % 2 === 0);
  }
});

test('without GTIDs the status of semi-sync comes with the variables where it is required', () => {
  const probe = probeOf('position-replication');
  const context = { tick: 7, last: first, version: '9.7.4', heartbeat: undefined, semiSync: true };
  const variables = {
    ...VARIABLES,
    server_uuid: 'e3d31bdd-e68e-11f1-8e99-02fc00000001',
    rpl_semi_sync_source_enabled: 'ON',
    Rpl_semi_sync_source_status: 'OFF',
  };
  const rows = Object.entries(variables).map(([name, value]) => ({ Variable_name: name, Value: value }));
  expect(probe.queries(context).at(-1)?.sql).toContain("'Rpl_semi_sync_source_status'");
  const meta = { address: 'db-1:3306', sentAt: 990, answeredAt: 1000, context };
  expect(probe.read([{ rows: [{ File: 'binlog.000001', Position: 4 }] }, { rows }], meta)).toMatchObject({
    semiSync: { source: 'degraded' },
  });
});

test('the status of semi-sync has a turn of its own', () => {
  const last = { ...first, semiSync: { source: 'on', replica: 'on', clients: 1, waits: 0, timeouts: 0 } } as const;
  expect(asked({ tick: 3, last, version: '9.7.4', heartbeat: undefined })[1]).toBe('SHOW GLOBAL STATUS');
  expect(asked({ tick: 3, last, version: '9.7.4', heartbeat: undefined, semiSync: true })[1]).toBe(
    'SHOW REPLICA STATUS',
  );
});

describe('its rows', () => {
  const row = {
    node: 'db-2:3306',
    status: 'OFFLINE_SOFT',
    weight: '0.500',
    zone: 'b',
    max_connections: 3,
    owner: 'ann',
    reason: null,
    microseconds_left: 2_500_000,
  };

  test('are read, and end by the server’s clock', () => {
    expect(read(2, [sample, { rows: [row] }], first).control).toEqual({
      rows: [
        {
          node: 'db-2:3306',
          status: 'OFFLINE_SOFT',
          weight: 0.5,
          zone: 'b',
          maxConnections: 3,
          until: 3500,
          owner: 'ann',
          reason: undefined,
        },
      ],
    });
  });

  test('leave what earlier statements told as it was', () => {
    const { channels, missingGrants } = read(2, [sample, { rows: [row] }], { ...first, missingGrants: ['X'] });
    expect([channels, missingGrants]).toEqual([[], ['X']]);
  });

  test('that are not understood take nothing out', () => {
    const odd = { node: 'b:1', status: 'MAYBE', weight: -1, max_connections: 0 };
    const { control } = read(2, [sample, { rows: [odd, { status: 'OFFLINE_HARD' }] }], first);
    expect(control).toMatchObject({ rows: [{ node: 'b:1', status: 'ONLINE' }] });
    expect(control).toHaveProperty('rows.length', 1);
    expect(control).toHaveProperty('rows.0.weight', undefined);
    expect(control).toHaveProperty('rows.0.maxConnections', undefined);
    expect(control).toHaveProperty('rows.0.until', undefined);
  });

  test('that cannot be read are a problem, not a failed probe', () => {
    const error = { code: 'ER_NO_SUCH_TABLE', errno: 1146, message: "Table 'x' doesn't exist" };
    expect(read(2, [sample, { error }], first).control).toEqual({
      problem: "the control table mysql2_cluster.nodes cannot be read: Table 'x' doesn't exist",
    });
  });

  test('are not told where they were not asked for', () => {
    expect(read(3, [sample, { rows: [] }], first).control).toBeUndefined();
  });
});
