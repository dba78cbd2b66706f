import type { ClusterKind } from '../topology/node-report.js';
import { gtidReplication } from './gtid-replication.js';
import { mariadbReplication } from './mariadb-replication.js';
import type { Probe } from './probe.js';

const probes: Readonly<Record<ClusterKind, Probe>> = {
  'gtid-replication': gtidReplication,
  'mariadb-replication': mariadbReplication,
};

/**
 * The probe for a connection: the kind that the user names, or with `'auto'` the one that the handshake's version tells.
 *
 * @example
 * probeOf('auto', '5.5.5-10.11.18-MariaDB-log').kind // 'mariadb-replication'
 */
export function probeOf(kind: 'auto' | ClusterKind, version: string): Probe {
  if (kind !== 'auto') return probes[kind];
  return /mariadb/i.test(version) ? mariadbReplication : gtidReplication;
}
