import type { HeartbeatReport } from '../topology/node-report.js';
import type { ProbeAnswer, ProbeMeta, ProbeQuery } from './probe.js';
import { text } from './server-rows.js';

/** Asks for all rows of a table in the form of pt-heartbeat's: `server_id`, and the time in `ts`. */
export function heartbeatQuery(table: string): ProbeQuery {
  return { sql: `SELECT server_id, CAST(ts AS CHAR) AS ts FROM ${quoted(table)}` };
}

/** What the rows say; undefined for a table that cannot be read. */
export function readHeartbeat(
  answer: ProbeAnswer | undefined,
  variables: ReadonlyMap<string, string>,
  { sentAt }: Pick<ProbeMeta, 'sentAt'>,
): HeartbeatReport | undefined {
  const own = variables.get('server_id');
  if (answer === undefined || 'error' in answer || own === undefined) return undefined;
  return { own, sentAt, beats: new Map(answer.rows.map((row) => [text(row, 'server_id'), text(row, 'ts')])) };
}

function quoted(table: string): string {
  return table
    .split('.')
    .map((name) => `\`${name.replaceAll('`', '``')}\``)
    .join('.');
}
