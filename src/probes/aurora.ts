import { formatAddress, parseAddress } from '../address.js';
import { readRdsEndpoint } from '../rds-endpoint.js';
import type { Behind, GroupMember, GroupReport, LiveReport, NodeReport } from '../topology/node-report.js';
import type { Probe, ProbeAnswer, ProbeMeta, ProbeQuery } from './probe.js';
import { failed, showVariables } from './sample.js';
import { number, type Row, readVariables, text } from './server-rows.js';

/**
 * Amazon Aurora MySQL, versions 2 and 3: one writer and its readers on storage that they share. An instance tells its own role,
 * and a table that all accounts may read tells the instances of the cluster, which of them is the writer, and how far each
 * reader is behind.
 */
export const aurora: Probe = { kind: 'aurora', queries: () => [VARIABLES, HOSTS], read, waitFor };

type Variables = ReadonlyMap<string, string>;

const VARIABLES = showVariables([
  ...['aurora_server_id', 'innodb_read_only', 'read_only', 'super_read_only', 'version', 'sql_mode'],
]);

const HOSTS: ProbeQuery = {
  sql:
    'SELECT SERVER_ID, SESSION_ID, UNIX_TIMESTAMP(LAST_UPDATE_TIMESTAMP) AS updated, REPLICA_LAG_IN_MILLISECONDS ' +
    'FROM information_schema.replica_host_status',
};

/** Instances that were deleted, renamed, or copied along with the storage stay in the table: their rows grow old. */
const STALE_SECONDS = 300;
/** How the lag is taken is not documented: what may be missing in it. */
const MARGIN_MS = 100;

// There is nothing to wait for: storage is shared, and tells no transactions.
function waitFor(): ProbeQuery {
  return { sql: 'SELECT 1 AS outcome' };
}

function read([first, second]: readonly ProbeAnswer[], meta: ProbeMeta): NodeReport {
  if (first === undefined || 'error' in first)
    return failed(first?.error.message ?? 'no answer', meta, first?.error.code);
  const variables = readVariables(first.rows);
  const id = variables.get('aurora_server_id');
  if (id === undefined) return failed('the server has no aurora_server_id: it is not Aurora', meta, undefined);
  const hosts = readHosts(second !== undefined && 'rows' in second ? second.rows : []);
  const readOnly = ['innodb_read_only', 'read_only', 'super_read_only'].some((name) => variables.get(name) === 'ON');
  const group = groupOf({ id, readOnly, hosts, meta });
  const behind = readOnly ? behindOf(id, hosts, meta) : undefined;
  return { ...readSample(variables, meta), id, readOnly, group, behind };
}

function readSample(
  variables: Variables,
  { address, sentAt, answeredAt, context }: ProbeMeta,
): Omit<LiveReport, 'id' | 'readOnly' | 'group' | 'behind'> {
  return {
    ok: true,
    kind: 'aurora',
    flavor: 'mysql',
    instance: undefined,
    address,
    sentAt,
    answeredAt,
    version: variables.get('version') ?? context.version,
    sqlMode: variables.get('sql_mode'),
    // Readers apply no binary log: GTIDs, where they are on, tell of other clusters only.
    executed: undefined,
    channels: [],
    replicas: undefined,
    advertised: undefined,
    semiSync: undefined,
    heartbeat: undefined,
    missingGrants: [],
  };
}

interface Host {
  readonly id: string;
  readonly writer: boolean;
  /** The server's clock, s. */
  readonly updated: number;
  /** Milliseconds; of readers only. */
  readonly lag: number | undefined;
}

function readHosts(rows: readonly Row[]): readonly Host[] {
  const all = rows.map((row) => ({
    id: text(row, 'SERVER_ID'),
    writer: text(row, 'SESSION_ID') === 'MASTER_SESSION_ID',
    updated: number(row, 'updated') ?? 0,
    lag: number(row, 'REPLICA_LAG_IN_MILLISECONDS'),
  }));
  // Ages are told by the newest row: the clock of the session may be in another time zone.
  const newest = Math.max(...all.map(({ updated }) => updated));
  const fresh = all.filter(({ updated }) => updated >= newest - STALE_SECONDS);
  // After a failover the former writer's row is still there: the one that was updated last counts.
  const writers = fresh.filter(({ writer }) => writer);
  const last = writers.reduce<Host | undefined>((a, b) => (a && a.updated >= b.updated ? a : b), undefined);
  return fresh.map((host) => ({ ...host, writer: host === last }));
}

interface Seen {
  readonly id: string;
  readonly readOnly: boolean;
  readonly hosts: readonly Host[];
  readonly meta: ProbeMeta;
}

function groupOf({ id, readOnly, hosts, meta }: Seen): GroupReport {
  const known = hosts.length > 0 ? hosts : [{ id, writer: !readOnly }];
  const state = known.some((host) => host.id === id) ? 'online' : 'joining';
  const members = known.map((host) => memberOf(host, meta.address));
  return { name: 'aurora', view: undefined, quorum: true, state, members };
}

// Instances have names next to the one that was asked; elsewhere only the user can tell where they are.
function memberOf({ id, writer }: Pick<Host, 'id' | 'writer'>, asked: string): GroupMember {
  const { host, port } = parseAddress(asked);
  const domain = readRdsEndpoint(host)?.domain;
  const address = domain === undefined ? undefined : formatAddress({ host: `${id}.${domain}`, port });
  return { id, address, name: formatAddress({ host: id, port }), state: 'online', writer };
}

// No clocks are compared. A row that has changed since the last tick was made after that tick was sent: the reader had all that
// was `lag` older than that moment. While it stays the same, that is all that is known.
function behindOf(id: string, hosts: readonly Host[], { sentAt, context: { last } }: ProbeMeta): Behind | undefined {
  const own = hosts.find((host) => host.id === id);
  if (own?.lag === undefined) return undefined;
  const before = last?.id === id ? last.behind : undefined;
  const since = sentAt - (last?.sentAt ?? sentAt);
  const high =
    before === undefined
      ? Number.POSITIVE_INFINITY
      : (before.stamp === own.updated ? before.high : Math.ceil(own.lag) + MARGIN_MS) + since;
  return { low: 0, high, source: 'storage', stamp: own.updated };
}
