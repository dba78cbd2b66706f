import { formatAddress } from '../address.js';
import { GtidSet } from '../gtid/gtid-set.js';
import type { Address, ReplicationChannel } from '../topology/node-report.js';
import { number, type Row, text } from './server-rows.js';

/**
 * Reads `SHOW REPLICA STATUS`, `SHOW SLAVE STATUS` of servers before 8.0.22, which named the columns otherwise, and MariaDB's
 * `SHOW ALL SLAVES STATUS`. A server without a source gives no row; one after `RESET REPLICA` (without `ALL`) still has its
 * source configured.
 */
export function readChannels(rows: readonly Row[]): readonly ReplicationChannel[] {
  return rows.filter((row) => !isGroupChannel(row)).map(readChannel);
}

// Group Replication's own channels have no source host (manual, "Replication Channel Naming Conventions").
function isGroupChannel(row: Row): boolean {
  return text(row, 'Channel_Name').startsWith('group_replication_');
}

function readChannel(row: Row): ReplicationChannel {
  return {
    name: text(row, 'Channel_Name', 'Connection_name'),
    source: addressOf(row, ['Source_Host', 'Master_Host'], ['Source_Port', 'Master_Port']) ?? '',
    sourceId: text(row, 'Source_UUID', 'Master_UUID') || undefined,
    io: readIo(text(row, 'Replica_IO_Running', 'Slave_IO_Running')),
    sql: text(row, 'Replica_SQL_Running', 'Slave_SQL_Running') === 'Yes' ? 'running' : 'stopped',
    delaySeconds: number(row, 'SQL_Delay') ?? 0,
    secondsBehind: number(row, 'Seconds_Behind_Source', 'Seconds_Behind_Master'),
    retrieved: readRetrieved(row),
    error: text(row, 'Last_SQL_Error') || text(row, 'Last_IO_Error') || undefined,
  };
}

// MariaDB keeps the position only while it replicates by GTID, and empties it when replication is reset.
function readRetrieved(row: Row): GtidSet | undefined {
  if (row.Retrieved_Gtid_Set !== undefined) return GtidSet.parse(text(row, 'Retrieved_Gtid_Set'));
  const position = text(row, 'Using_Gtid') === 'No' ? '' : text(row, 'Gtid_IO_Pos');
  return position === '' ? undefined : GtidSet.parse(position, 'mariadb');
}

function readIo(value: string): ReplicationChannel['io'] {
  if (value === 'Yes') return 'running';
  // 'Preparing' is what older servers print while they wait for their turn to connect.
  return value === 'Connecting' || value === 'Preparing' ? 'connecting' : 'stopped';
}

/** Reads `SHOW REPLICAS` and `SHOW SLAVE HOSTS`. A replica without `report_host` registers with an empty host. */
export function readReplicas(rows: readonly Row[]): readonly Address[] {
  return rows.flatMap((row) => addressOf(row, ['Host'], ['Port']) ?? []);
}

function addressOf(row: Row, hostNames: readonly string[], portNames: readonly string[]): Address | undefined {
  const host = text(row, ...hostNames);
  const port = number(row, ...portNames);
  return host === '' || !port ? undefined : formatAddress({ host, port });
}
