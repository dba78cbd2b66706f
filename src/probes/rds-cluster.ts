import { formatAddress } from '../address.js';
import type { Address, LiveReport, NodeReport } from '../topology/node-report.js';
import { gtidReplication } from './gtid-replication.js';
import type { Probe, ProbeAnswer, ProbeContext, ProbeMeta, ProbeQuery } from './probe.js';
import { isDenied, number, type Row, text } from './server-rows.js';

/**
 * An Amazon RDS Multi-AZ DB cluster for MySQL: a writer and two readers that replicate by GTIDs. Replication itself names its
 * nodes by addresses that clients may not reach, and that no certificate names; a table of RDS has their endpoints.
 */
export const rdsCluster: Probe = { kind: 'rds-cluster', queries, read, waitFor: gtidReplication.waitFor };

const NAMES: ProbeQuery = { sql: 'SELECT * FROM mysql.rds_topology' };
const GRANT = 'SELECT ON mysql.rds_topology';

const TURN_TICKS = 10;
/** As other statements that were refused. */
const DENIED_TICKS = 60;

function queries(context: ProbeContext): readonly ProbeQuery[] {
  const asked = gtidReplication.queries(context);
  return asksNames(context) ? [...asked.slice(0, 1), NAMES] : asked;
}

// Not with the first tick of a connection: roles first.
function asksNames({ tick, last }: ProbeContext): boolean {
  const turn = last?.missingGrants.includes(GRANT) ? DENIED_TICKS : TURN_TICKS;
  return tick % turn === 1;
}

function read(answers: readonly ProbeAnswer[], meta: ProbeMeta): NodeReport {
  const asked = asksNames(meta.context);
  const report = gtidReplication.read(asked ? answers.slice(0, 1) : answers, meta);
  if (!report.ok) return report;
  const { last } = meta.context;
  const missing = (last?.missingGrants ?? []).includes(GRANT) ? [GRANT] : [];
  const told = asked
    ? readNames(answers[1], last)
    : { replicas: undefined, missingGrants: [...report.missingGrants.filter((grant) => grant !== GRANT), ...missing] };
  const channels = asked ? last?.channels : report.channels?.map((channel) => ({ ...channel, source: '' }));
  return { ...report, ...told, kind: 'rds-cluster', channels, advertised: undefined };
}

function readNames(
  answer: ProbeAnswer | undefined,
  last: LiveReport | undefined,
): Pick<LiveReport, 'replicas' | 'missingGrants'> {
  const others = (last?.missingGrants ?? []).filter((grant) => grant !== GRANT);
  const rows = answer !== undefined && 'rows' in answer ? answer.rows : undefined;
  const missingGrants = isDenied(answer) ? [...others, GRANT] : others;
  return { replicas: rows?.flatMap((row) => endpointOf(row) ?? []), missingGrants };
}

// During a blue/green deployment the table names two clusters instead, with the role of each.
function endpointOf(row: Row): Address | undefined {
  const host = text(row, 'endpoint');
  const port = number(row, 'port');
  const isNode = host !== '' && port !== undefined && !text(row, 'role').startsWith('BLUE_GREEN');
  return isNode ? formatAddress({ host, port }) : undefined;
}
