import { describe, expect, test } from 'vitest';
import { GtidSet } from '../../../src/gtid/gtid-set.js';
import { detect, detection, probeOf } from '../../../src/probes/probe-of.js';

function variables(values: Readonly<Record<string, string>>) {
  return { rows: Object.entries(values).map(([Variable_name, Value]) => ({ Variable_name, Value })) };
}

describe('the kind of cluster', () => {
  test.each([
    ['9.7.4-2', 'gtid-replication'],
    ['8.0.36', 'gtid-replication'],
    ['5.7.44-log', 'gtid-replication'],
    ['8.0.36-28 Percona Server', 'gtid-replication'],
    ['', 'gtid-replication'],
    ['5.5.5-10.11.18-MariaDB-0+deb12u1-log', 'mariadb-replication'],
    ['11.4.2-MariaDB', 'mariadb-replication'],
    ['11.8.1-mariadb-ubu2404', 'mariadb-replication'],
  ] as const)('of a server that gives %j', (version, kind) => {
    expect(detection.sql).toContain("'version'");
    expect(detect('', variables({ version }))).toBe(kind);
    const refused = { error: { code: 'ER_UNKNOWN_ERROR', errno: 1105, message: 'no' } };
    expect(detect(version, refused)).toBe(kind);
  });

  test('is what the server says, whatever a proxy makes of the handshake', () => {
    expect(detect('8.0.36', variables({ version: '10.11.18-MariaDB' }))).toBe('mariadb-replication');
  });

  test.each([
    ['3d10ec27-b6f4-4e3e-878c-a9fba5cbb972', 'group-replication'],
    ['', 'gtid-replication'],
  ] as const)('of a server with the group name %j', (name, kind) => {
    expect(detect('', variables({ version: '9.7.4', group_replication_group_name: name }))).toBe(kind);
  });

  test.each([
    ['position-replication', { version: '8.4.3', gtid_mode: 'OFF' }],
    ['position-replication', { version: '8.4.3', gtid_mode: 'OFF_PERMISSIVE' }],
    ['gtid-replication', { version: '8.4.3', gtid_mode: 'ON_PERMISSIVE' }],
    ['aurora', { version: '8.0.28', aurora_server_id: 'db-1', gtid_mode: 'OFF', basedir: '/rdsdbbin/oscar-8.0/' }],
    [
      'rds-cluster',
      { version: '8.0.35', gtid_mode: 'ON', basedir: '/rdsdbbin/mysql-8.0.35.R2/', report_host: '10.0.1.7' },
    ],
    [
      'gtid-replication',
      { version: '8.0.35', gtid_mode: 'ON', basedir: '/rdsdbbin/mysql-8.0.35.R2/', report_host: '' },
    ],
    ['gtid-replication', { version: '8.0.35', gtid_mode: 'ON', basedir: '/usr/', report_host: 'db-1' }],
    ['mariadb-replication', { version: '10.11.6-MariaDB', basedir: '/rdsdbbin/mariadb/', report_host: 'db-1' }],
  ] as const)('is %s by %j', (kind, values) => {
    for (const name of Object.keys(values)) expect(detection.sql).toContain(`'${name}'`);
    expect(detect('', variables(values))).toBe(kind);
  });

  test.each([
    [{ version: '10.11.18-MariaDB', wsrep_on: 'ON', wsrep_provider: '/usr/lib/libgalera_smm.so' }, 'galera'],
    [
      { version: '10.11.18-MariaDB', wsrep_on: 'OFF', wsrep_provider: '/usr/lib/libgalera_smm.so' },
      'mariadb-replication',
    ],
    [{ version: '10.11.18-MariaDB', wsrep_on: 'OFF', wsrep_provider: 'none' }, 'mariadb-replication'],
    [{ version: '8.0.36-28.1', wsrep_provider: '/usr/lib/galera4/libgalera_smm.so' }, 'galera'],
    [{ version: '8.0.36-28.1', wsrep_on: 'ON', wsrep_provider: 'none' }, 'gtid-replication'],
  ] as const)('of a server with %j', (told, kind) => {
    expect(detection.sql).toContain("'wsrep_provider'");
    expect(detect('', variables(told))).toBe(kind);
  });

  test('tells how to wait for GTIDs', () => {
    const gtids = GtidSet.parse('3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5');
    expect(probeOf('gtid-replication').waitFor(gtids, 0.5).sql).toBe(
      "SELECT WAIT_FOR_EXECUTED_GTID_SET('3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5', 0.5) AS outcome",
    );
    const position = GtidSet.parse('0-1-5,7-2-3', 'mariadb');
    expect(probeOf('mariadb-replication').waitFor(position, 0.5).sql).toBe(
      "SELECT MASTER_GTID_WAIT('0-1-5,7-2-3', 0.5) AS outcome",
    );
    expect(probeOf('aurora').waitFor(gtids, 0.5).sql).toBe('SELECT 1 AS outcome');
  });

  test('tells how to wait for positions: by the names that the replica knows', () => {
    const probe = probeOf('position-replication');
    const [source, other] = ['3e11fa47-71ca-11e1-9e33-c80aa9429562', '4e11fa47-71ca-11e1-9e33-c80aa9429562'];
    const last = (version: string) => {
      const status = {
        Source_UUID: source,
        Source_Log_File: 'mysql-bin.000009',
        Read_Source_Log_Pos: 4,
        Channel_Name: 'a',
      };
      const answers = [variables({ server_uuid: other, version }), { rows: [status] }];
      const context = { tick: 0, last: undefined, version, heartbeat: undefined };
      const report = probe.read(answers, { address: 'db-2:3306', sentAt: 0, answeredAt: 1, context });
      return report.ok ? report : undefined;
    };
    const at = (uuid: string) => GtidSet.parse(`${uuid}:binlog_position:700-${12 * 2 ** 32 + 471}`);
    expect(probe.waitFor(at(source), 0.5, last('8.0.36')).sql).toBe(
      "SELECT IF(SOURCE_POS_WAIT('mysql-bin.000012', 471, 0.5, 'a') >= 0, 0, 1) AS outcome",
    );
    expect(probe.waitFor(at(source), 0.5, last('8.0.25')).sql).toContain('MASTER_POS_WAIT(');
    expect(probe.waitFor(at(other), 0.5, last('8.0.36')).sql).toBe('SELECT 1 AS outcome');
    expect(probe.waitFor(at(source), 0.5).sql).toBe('SELECT 1 AS outcome');
  });
});
