import type { ClusterKind } from '../cluster-kind.js';
import { isMariaDb } from '../is-mariadb.js';
import { aurora } from './aurora.js';
import { galera } from './galera.js';
import { groupReplication } from './group-replication.js';
import { gtidReplication } from './gtid-replication.js';
import { mariadbReplication } from './mariadb-replication.js';
import { positionReplication } from './position-replication.js';
import type { Probe, ProbeAnswer, ProbeQuery } from './probe.js';
import { rdsCluster } from './rds-cluster.js';
import { showVariables } from './sample.js';
import { readVariables } from './server-rows.js';

const probes: Readonly<Record<ClusterKind, Probe>> = {
  'gtid-replication': gtidReplication,
  'group-replication': groupReplication,
  'position-replication': positionReplication,
  'mariadb-replication': mariadbReplication,
  aurora,
  'rds-cluster': rdsCluster,
  galera,
};

/** The probe of a kind of cluster. */
export function probeOf(kind: ClusterKind): Probe {
  return probes[kind];
}

type Variables = ReadonlyMap<string, string>;

interface Sign {
  readonly kind: ClusterKind;
  /** The global variables that it looks at. */
  readonly variables: readonly string[];
  readonly isOn: (variables: Variables) => boolean;
}

/** What tells each kind of cluster; the first that is there decides. */
const signs: readonly Sign[] = [
  {
    kind: 'galera',
    variables: ['wsrep_on', 'wsrep_provider'],
    // A server that could be in one and is not names no provider. Percona's has wsrep_on for sessions only.
    isOn: (variables) =>
      !['none', '', undefined].includes(variables.get('wsrep_provider')) && variables.get('wsrep_on') !== 'OFF',
  },
  {
    kind: 'mariadb-replication',
    variables: ['version'],
    isOn: (variables) => isMariaDb(variables.get('version') ?? ''),
  },
  { kind: 'aurora', variables: ['aurora_server_id'], isOn: (variables) => variables.has('aurora_server_id') },
  {
    kind: 'group-replication',
    variables: ['group_replication_group_name'],
    isOn: (variables) => (variables.get('group_replication_group_name') ?? '') !== '',
  },
  {
    kind: 'position-replication',
    variables: ['gtid_mode'],
    // In OFF_PERMISSIVE new transactions have no GTID.
    isOn: (variables) => /^off/i.test(variables.get('gtid_mode') ?? ''),
  },
  {
    kind: 'rds-cluster',
    variables: ['basedir', 'report_host'],
    // All of RDS has that folder; of its deployments only this one sets the other.
    isOn: (variables) => (variables.get('basedir') ?? '').startsWith('/rdsdbbin/') && !!variables.get('report_host'),
  },
  { kind: 'gtid-replication', variables: [], isOn: () => true },
];

/** What a connection is asked to find out the kind of cluster. Variables that a server lacks are left out of its answer. */
export const detection: ProbeQuery = showVariables([...new Set(signs.flatMap(({ variables }) => variables))]);

/**
 * The kind of cluster that a server belongs to, by its answer to {@link detection}.
 *
 * @param version the handshake's, for a server that refuses to answer
 */
export function detect(version: string, answer: ProbeAnswer): ClusterKind {
  const variables = 'rows' in answer ? readVariables(answer.rows) : new Map([['version', version]]);
  return signs.find(({ isOn }) => isOn(variables))!.kind;
}
