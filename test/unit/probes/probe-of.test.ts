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

  test('tells how to wait for GTIDs', () => {
    const gtids = GtidSet.parse('3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5');
    expect(probeOf('gtid-replication').waitFor(gtids, 0.5).sql).toBe(
      "SELECT WAIT_FOR_EXECUTED_GTID_SET('3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5', 0.5) AS outcome",
    );
    const position = GtidSet.parse('0-1-5,7-2-3', 'mariadb');
    expect(probeOf('mariadb-replication').waitFor(position, 0.5).sql).toBe(
      "SELECT MASTER_GTID_WAIT('0-1-5,7-2-3', 0.5) AS outcome",
    );
  });
});
