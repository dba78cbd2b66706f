import { GtidSet } from '../gtid/gtid-set.js';
import { isMariaDb } from '../is-mariadb.js';
import type {
  Address,
  GroupMember,
  GroupReport,
  LiveReport,
  MemberState,
  NodeReport,
} from '../topology/node-report.js';
import type { Probe, ProbeAnswer, ProbeContext, ProbeMeta, ProbeQuery } from './probe.js';
import { readChannels } from './replication-channels.js';
import { failed, showVariables } from './sample.js';
import { isDenied, isFrom, readVariables } from './server-rows.js';

/** Galera: MariaDB, Percona XtraDB Cluster and Galera Cluster for MySQL. Every member that is synced may be written to. */
export const galera: Probe = { kind: 'galera', queries, read, waitFor };

type Variables = ReadonlyMap<string, string>;

// Not GLOBAL: the values are the same, and nothing is summed up over all connections for the rest.
const STATUS: ProbeQuery = {
  sql: `SHOW STATUS WHERE variable_name IN (${[
    ...['wsrep_cluster_status', 'wsrep_cluster_state_uuid', 'wsrep_cluster_conf_id', 'wsrep_cluster_size'],
    ...['wsrep_local_state', 'wsrep_local_state_uuid', 'wsrep_local_index', 'wsrep_last_committed'],
    ...['wsrep_ready', 'wsrep_connected', 'wsrep_incoming_addresses'],
  ]
    .map((name) => `'${name}'`)
    .join(', ')})`,
};

/** What tells one running MariaDB server from the others, whose server ids may all be equal. */
const INSTANCE = ['server_id', 'hostname', 'port', 'datadir', 'wsrep_node_name', 'server_uid'];

const VARIABLES = showVariables([
  ...[...INSTANCE, 'server_uuid', 'version', 'sql_mode', 'read_only', 'super_read_only'],
  ...['wsrep_reject_queries', 'pxc_maint_mode'],
]);

/** So seldom the replication channels are asked for instead of the variables: a cluster has one when it is a copy of another. */
const CHANNEL_TICKS = 10;
const DENIED_TICKS = 60;

type Asked = 'status' | 'variables' | 'channels';

// A connection's first tick asks for all: what replicates from elsewhere must never be written to first.
function plan({ tick, last }: ProbeContext): readonly Asked[] {
  if (tick === 0 || last === undefined) return ['status', 'variables', 'channels'];
  const every = last.missingGrants.length > 0 ? DENIED_TICKS : CHANNEL_TICKS;
  return ['status', tick % every === 0 ? 'channels' : 'variables'];
}

function queries(context: ProbeContext): readonly ProbeQuery[] {
  const sql = { status: STATUS, variables: VARIABLES, channels: { sql: channelsSql(context.version) } };
  return plan(context).map((asked) => sql[asked]);
}

function channelsSql(version: string): string {
  if (isMariaDb(version)) return 'SHOW ALL SLAVES STATUS';
  return isFrom(version, [8, 0, 22]) ? 'SHOW REPLICA STATUS' : 'SHOW SLAVE STATUS';
}

/**
 * Waits until the node has applied all that the cluster had committed when it was asked: the transactions that are wanted are
 * among that. Only MariaDB has the setting for one statement, and runs comments that begin with `M!`; elsewhere the next probe
 * tells. The wait ends with an error after `repl.causal_read_timeout`; whoever asks ends it before.
 */
function waitFor(_gtids: GtidSet, _seconds: number): ProbeQuery {
  return { sql: '/*M! SET STATEMENT wsrep_sync_wait = 1 FOR */ SELECT 1 /*M! - 1 */ AS outcome' };
}

function read(answers: readonly ProbeAnswer[], meta: ProbeMeta): NodeReport {
  const asked = plan(meta.context);
  const answer = (name: Asked): ProbeAnswer | undefined => answers[asked.indexOf(name)];
  const [status, variables] = [variablesIn(answer('status')), variablesIn(answer('variables'))];
  const refused = [answer('status'), answer('variables')].find((it) => it !== undefined && 'error' in it);
  if (refused && 'error' in refused) return failed(refused.error.message, meta, refused.error.code);
  if (!status?.has('wsrep_cluster_status'))
    return failed('the server has no wsrep_cluster_status: it is no node of a Galera cluster', meta, undefined);
  try {
    return readReport({ status, variables, channels: answer('channels') }, meta);
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error), meta, undefined);
  }
}

function variablesIn(answer: ProbeAnswer | undefined): Variables | undefined {
  return answer && 'rows' in answer ? readVariables(answer.rows) : undefined;
}

interface Told {
  readonly status: Variables;
  readonly variables: Variables | undefined;
  readonly channels: ProbeAnswer | undefined;
}

function readReport({ status, variables, channels }: Told, meta: ProbeMeta): NodeReport {
  const { address, sentAt, answeredAt, context } = meta;
  const lasting = variables ? readLasting(variables, meta) : context.last;
  if (lasting === undefined) return failed('the node did not tell its variables', meta, undefined);
  const { id, instance, flavor, version, sqlMode, readOnly } = lasting;
  const refuses = variables ? isRefusing(variables) : wasRefusing(context.last);
  const group = readGroup(status, id, refuses);
  return {
    ...{ ok: true, address, sentAt, answeredAt, kind: 'galera' },
    ...{ id, instance, flavor, version, sqlMode, readOnly },
    executed: readExecuted(status, context.last?.executed),
    ...readChannelsOf(channels, context),
    replicas: undefined,
    heartbeat: undefined,
    behind: undefined,
    advertised: group.members.find((member) => member.id === id)?.address,
    semiSync: undefined,
    group,
  };
}

type Lasting = Pick<LiveReport, 'id' | 'instance' | 'flavor' | 'version' | 'sqlMode' | 'readOnly'>;

function readLasting(variables: Variables, { address, context }: ProbeMeta): Lasting {
  const version = variables.get('version') ?? context.version;
  const flavor = isMariaDb(version) ? 'mariadb' : 'mysql';
  const uuid = variables.get('server_uuid');
  return {
    id: uuid ?? `${variables.get('server_id') ?? ''}@${address}`,
    instance: uuid === undefined ? INSTANCE.map((name) => variables.get(name) ?? '').join(' ') : undefined,
    flavor,
    version,
    sqlMode: variables.get('sql_mode'),
    readOnly: ['read_only', 'super_read_only'].some((name) => !['OFF', '0', undefined].includes(variables.get(name))),
  };
}

// Taken out by somebody: it refuses statements, or is about to go (Percona's maintenance mode).
function isRefusing(variables: Variables): boolean {
  const settings = [variables.get('wsrep_reject_queries') ?? 'NONE', variables.get('pxc_maint_mode') ?? 'DISABLED'];
  return settings[0] !== 'NONE' || settings[1] !== 'DISABLED';
}

function wasRefusing(last: LiveReport | undefined): boolean {
  const own = last?.group?.members.find((member) => member.id === last.id);
  return last?.group?.quorum === true && own?.writer === false;
}

const NOWHERE = '00000000-0000-0000-0000-000000000000';

function readGroup(status: Variables, id: string, refuses: boolean): GroupReport {
  const quorum = status.get('wsrep_cluster_status') === 'Primary';
  const state = readState(status, quorum, refuses);
  const epoch = status.get('wsrep_cluster_state_uuid') ?? NOWHERE;
  const own = Number(status.get('wsrep_local_index'));
  const size = Number(status.get('wsrep_cluster_size'));
  const addresses = (status.get('wsrep_incoming_addresses') ?? '').split(',');
  const members = Array.from({ length: own < size ? size : 0 }, (_, index): GroupMember => {
    const address = readAddress(addresses[index] ?? '');
    // What the others are now only they can say.
    return index === own
      ? { id, address, state, writer: quorum && !refuses }
      : { id: undefined, address, state: 'online', writer: true };
  });
  // The history is what all members share: clusters of one name are common.
  const view = { epoch, number: quorum ? Number(status.get('wsrep_cluster_conf_id')) : 0 };
  return { name: epoch, view, quorum, state, members };
}

// wsrep_local_state: 1 joining, 2 donor or desynced, 3 joined and catching up, 4 synced.
function readState(status: Variables, quorum: boolean, refuses: boolean): MemberState {
  if (!quorum) return status.get('wsrep_connected') === 'ON' ? 'unreachable' : 'left';
  if (status.get('wsrep_ready') !== 'ON') return 'joining';
  const state = status.get('wsrep_local_state');
  if (state !== '2' && state !== '4') return 'joining';
  return state === '2' || refuses ? 'donor' : 'online';
}

// 'AUTO' and 'unspecified' stand for members that do not tell.
function readAddress(text: string): Address | undefined {
  return /^(\[[0-9a-f:.]+\]|[^\s:[\]]+):[1-9]\d*$/i.test(text) ? text : undefined;
}

/**
 * The place in the cluster's one history: all up to `wsrep_last_committed` is committed here, and seen by readers. It stands still
 * while nothing can be applied, also when more was received. The servers' own GTIDs number otherwise, on each node.
 */
function readExecuted(status: Variables, last: GtidSet | undefined): GtidSet {
  const history = status.get('wsrep_local_state_uuid') ?? NOWHERE;
  const place = Number(status.get('wsrep_last_committed') ?? 0);
  if (history === NOWHERE || !(place > 0)) return GtidSet.empty;
  const text = `${history}:${place === 1 ? '1' : `1-${place}`}`;
  return last !== undefined && last.toString() === text ? last : GtidSet.parse(text);
}

function readChannelsOf(
  answer: ProbeAnswer | undefined,
  { last, version }: ProbeContext,
): Pick<LiveReport, 'channels' | 'missingGrants'> {
  if (answer === undefined) return { channels: last?.channels, missingGrants: last?.missingGrants ?? [] };
  const grant = isMariaDb(version) ? 'SLAVE MONITOR' : 'REPLICATION CLIENT';
  return {
    channels: 'rows' in answer ? readChannels(answer.rows) : undefined,
    missingGrants: isDenied(answer) ? [grant] : [],
  };
}
