import type { NodeReport } from '../topology/node-report.js';
import { commitTimestamps } from './commit-timestamps.js';
import { gtidVariables, NO_UUID, readGtidSample, waitForExecuted } from './gtid-sample.js';
import { heartbeatQuery } from './heartbeat.js';
import type { Probe, ProbeAnswer, ProbeContext, ProbeMeta, ProbeQuery } from './probe.js';
import { failed, selectVariables } from './sample.js';
import { readSecond, type Second, type SecondGrants, secondOf, sessionsStatus } from './second-statement.js';
import { semiSyncCounters, semiSyncStatus, semiSyncVariables } from './semi-sync.js';
import { isFrom, readVariables } from './server-rows.js';

/** MySQL 5.7 to 9.x with binary log replication, asynchronous or semi-synchronous. */
export const gtidReplication: Probe = { kind: 'gtid-replication', queries, read, waitFor: waitForExecuted };

const VARIABLES = [...gtidVariables, ...semiSyncVariables];
const ASKED = { schema: 'performance_schema', variables: VARIABLES, whole: 'gtid_executed' } as const;
const SAMPLE = selectVariables({ ...ASKED, status: [] });
const SAMPLE_WITH_STATUS = selectVariables({ ...ASKED, status: semiSyncCounters });

const GRANTS: SecondGrants = { status: 'REPLICATION CLIENT', replicas: 'REPLICATION SLAVE' };

function queries(context: ProbeContext): readonly ProbeQuery[] {
  const second = secondOf(context, GRANTS);
  const sample = context.semiSync ? SAMPLE_WITH_STATUS : SAMPLE;
  if (second === 'heartbeat') return [sample, heartbeatQuery(context.heartbeat ?? '')];
  if (second === 'commit-timestamps') return [sample, commitTimestamps];
  const sql = secondSql(second, context.version);
  return sql === undefined ? [sample] : [sample, { sql }];
}

// 8.0.22 has both names of each, 8.4 has only the new ones.
function secondSql(second: Second, version: string): string | undefined {
  const renamed = isFrom(version, [8, 0, 22]);
  if (second === 'status') return renamed ? 'SHOW REPLICA STATUS' : 'SHOW SLAVE STATUS';
  if (second === 'sessions') return sessionsStatus;
  if (second === 'replicas') return renamed ? 'SHOW REPLICAS' : 'SHOW SLAVE HOSTS';
  return second === 'semi-sync' ? semiSyncStatus : undefined;
}

function read(answers: readonly ProbeAnswer[], meta: ProbeMeta): NodeReport {
  const [first, second] = answers;
  if (first === undefined || 'error' in first)
    return failed(first?.error.message ?? 'no answer', meta, first?.error.code);
  const variables = readVariables(first.rows);
  const id = variables.get('server_uuid');
  if (id === undefined) return failed(NO_UUID, meta, undefined);
  try {
    const seconded = readSecond(second, variables, { meta, grants: GRANTS });
    return { ...readGtidSample(id, variables, meta), kind: 'gtid-replication', group: undefined, ...seconded };
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error), meta, undefined);
  }
}
