import { galera } from '../../../src/probes/galera.js';
import type { ProbeAnswer } from '../../../src/probes/probe.js';
import type { NodeReport } from '../../../src/topology/node-report.js';

/** What a Galera node's status says, in the short form of the JSON cases; what is left out is that of a synced node. */
export interface ShortWsrep {
  /** By their client addresses, in the order of the view. */
  readonly members: readonly string[];
  /** `wsrep_cluster_conf_id`. */
  readonly conf?: number;
  /** `wsrep_last_committed`. */
  readonly committed?: number;
  /** `wsrep_cluster_status`. */
  readonly status?: 'Primary' | 'non-Primary' | 'Disconnected';
  /** `wsrep_local_state`: 0 initialized, 1 joining, 2 donor or desynced, 3 joined, 4 synced. */
  readonly state?: 0 | 1 | 2 | 3 | 4;
  readonly ready?: 'ON' | 'OFF';
  readonly connected?: 'ON' | 'OFF';
  /** The history that the node has, and that of the cluster where it is another. */
  readonly history?: string;
  readonly clusterHistory?: string;
  /** `wsrep_reject_queries`, `pxc_maint_mode`, `read_only`. */
  readonly reject?: string;
  readonly maintenance?: string;
  readonly readOnly?: string;
  /** The node of Percona XtraDB Cluster has this `server_uuid`; without it the rows are MariaDB's. */
  readonly uuid?: string;
  /** The source of a replication channel, `''` without one. */
  readonly source?: string;
}

interface Asked {
  readonly address: string;
  readonly sentAt: number;
  readonly answeredAt: number;
}

/** The report that the probe makes of such a node's rows. */
export function galeraReport(short: ShortWsrep, asked: Asked): NodeReport {
  const version = short.uuid === undefined ? '5.5.5-10.11.18-MariaDB' : '8.0.36-28.1';
  const context = { tick: 0, last: undefined, version, heartbeat: undefined };
  const answers = galera.queries(context).map(({ sql }): ProbeAnswer => {
    if (sql.startsWith('SHOW STATUS')) return rows(status(short, asked.address));
    return sql.includes('VARIABLES') ? rows(variables(short, asked.address, version)) : { rows: channels(short) };
  });
  return galera.read(answers, { ...asked, context });
}

function rows(values: Readonly<Record<string, string | number>>): ProbeAnswer {
  return { rows: Object.entries(values).map(([name, value]) => ({ Variable_name: name, Value: String(value) })) };
}

function status(short: ShortWsrep, address: string): Record<string, string | number> {
  const { members, status: component = 'Primary', history = 'A' } = short;
  const own = members.findIndex((member) => `${member}:3306` === address);
  return {
    wsrep_cluster_status: component,
    wsrep_cluster_state_uuid: uuidOf(short.clusterHistory ?? history),
    wsrep_cluster_conf_id: component === 'Primary' ? (short.conf ?? 1) : '18446744073709551615',
    wsrep_cluster_size: members.length,
    wsrep_local_state: short.state ?? 4,
    wsrep_local_state_uuid: uuidOf(history),
    wsrep_local_index: own < 0 ? '18446744073709551615' : own,
    wsrep_last_committed: short.committed ?? 10,
    wsrep_ready: short.ready ?? 'ON',
    wsrep_connected: short.connected ?? 'ON',
    wsrep_incoming_addresses: members.map((member) => (/^db-/.test(member) ? `${member}:3306` : member)).join(','),
  };
}

function variables(short: ShortWsrep, address: string, version: string): Record<string, string> {
  const { uuid, maintenance } = short;
  return {
    server_id: '1',
    hostname: address,
    version: version.replace('5.5.5-', ''),
    read_only: short.readOnly ?? 'OFF',
    wsrep_reject_queries: short.reject ?? 'NONE',
    ...(uuid === undefined ? {} : { server_uuid: uuid }),
    ...(maintenance === undefined ? {} : { pxc_maint_mode: maintenance }),
  };
}

function channels({ source = '' }: ShortWsrep): Record<string, unknown>[] {
  if (source === '') return [];
  return [{ Master_Host: source, Master_Port: 3306, Slave_IO_Running: 'Yes', Slave_SQL_Running: 'Yes' }];
}

function uuidOf(letter: string): string {
  if (letter === '0') return '00000000-0000-0000-0000-000000000000';
  return [8, 4, 4, 4, 12].map((length) => letter.toLowerCase().repeat(length)).join('-');
}
