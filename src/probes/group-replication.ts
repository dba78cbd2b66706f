import type { LiveReport, NodeReport } from '../topology/node-report.js';
import { readGroup, readSources } from './group-members.js';
import { membersSql } from './group-members-sql.js';
import { gtidVariables, NO_UUID, readGtidSample, waitForExecuted } from './gtid-sample.js';
import type { Probe, ProbeAnswer, ProbeContext, ProbeMeta, ProbeQuery } from './probe.js';
import { failed, selectVariables } from './sample.js';
import { DENIED_TICKS } from './second-statement.js';
import { isDenied, readVariables } from './server-rows.js';

/** Members of a group of MySQL 5.7 to 9.x: Group Replication, InnoDB Cluster and ClusterSet. */
export const groupReplication: Probe = { kind: 'group-replication', queries, read, waitFor: waitForExecuted };

const SAMPLE = selectVariables({
  schema: 'performance_schema',
  variables: [...gtidVariables, 'group_replication_group_name'],
  whole: 'gtid_executed',
  status: [],
});

const GRANT = 'SELECT on performance_schema.*';

// A change of view is to be seen in one tick, so the members are asked for in every one.
function queries(context: ProbeContext): readonly ProbeQuery[] {
  return asksMembers(context) ? [SAMPLE, { sql: membersSql(context.version) }] : [SAMPLE];
}

function asksMembers({ tick, last }: ProbeContext): boolean {
  return !last?.missingGrants.includes(GRANT) || tick % DENIED_TICKS === 0;
}

function read([first, second]: readonly ProbeAnswer[], meta: ProbeMeta): NodeReport {
  if (first === undefined || 'error' in first)
    return failed(first?.error.message ?? 'no answer', meta, first?.error.code);
  const variables = readVariables(first.rows);
  const id = variables.get('server_uuid');
  if (id === undefined) return failed(NO_UUID, meta, undefined);
  // Without its view a member's word counts for nothing: only an account that may not see views falls back on read_only.
  if (second !== undefined && 'error' in second && !isDenied(second))
    return failed(second.error.message, meta, second.error.code);
  try {
    return { ...readGtidSample(id, variables, meta), ...UNASKED, ...readSeen(second, variables, meta) };
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error), meta, undefined);
  }
}

/** What there is no room to ask for, or a group has no use for. */
const UNASKED = { semiSync: undefined, replicas: undefined, heartbeat: undefined, behind: undefined } as const;

type Seen = Pick<LiveReport, 'kind' | 'group' | 'channels' | 'missingGrants'>;

function readSeen(
  second: ProbeAnswer | undefined,
  variables: ReadonlyMap<string, string>,
  { context }: ProbeMeta,
): Seen {
  if (second === undefined || 'error' in second)
    return { kind: 'group-replication', group: undefined, channels: undefined, missingGrants: [GRANT] };
  const id = variables.get('server_uuid') ?? '';
  const name = variables.get('group_replication_group_name') ?? '';
  const group = readGroup(second.rows, { id, name, last: context.last?.group });
  return { kind: 'group-replication', group, channels: readSources(second.rows, { id, group }), missingGrants: [] };
}
