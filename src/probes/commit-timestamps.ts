import type { Behind } from '../topology/node-report.js';
import type { ProbeAnswer, ProbeQuery } from './probe.js';
import { number, type Row, text } from './server-rows.js';

/** What the account needs for it. */
export const commitTimestampsGrant = 'SELECT on performance_schema.replication_connection_status';

const STATUS = 'performance_schema.replication_connection_status';
const WORKERS = 'performance_schema.replication_applier_status_by_worker';

/**
 * How far applying is behind receiving, in µs, MySQL 8.0 and later: each difference is of times that one clock has stamped, the
 * primary's for commits, the replica's for its queue.
 */
export const commitTimestamps: ProbeQuery = {
  sql:
    'SELECT MAX(s.SERVICE_STATE) AS receiver, ' +
    'TIMESTAMPDIFF(MICROSECOND, MAX(w.LAST_APPLIED_TRANSACTION_ORIGINAL_COMMIT_TIMESTAMP), ' +
    'MAX(s.LAST_QUEUED_TRANSACTION_ORIGINAL_COMMIT_TIMESTAMP)) AS unapplied, ' +
    'TIMESTAMPDIFF(MICROSECOND, MAX(s.LAST_QUEUED_TRANSACTION_END_QUEUE_TIMESTAMP), NOW(6)) AS queued ' +
    `FROM ${STATUS} s JOIN ${WORKERS} w USING (CHANNEL_NAME) WHERE s.GROUP_NAME = '' GROUP BY CHANNEL_NAME`,
};

/**
 * What that says of the lag; undefined when nothing was received or applied since replication was started, or a receiver is not
 * connected. What was not received yet does not show, as in `Seconds_Behind_Source`. It takes appliers that commit in order.
 */
export function readCommitTimestamps(answer: ProbeAnswer | undefined): Behind | undefined {
  if (answer === undefined || 'error' in answer || answer.rows.length === 0) return undefined;
  const channels = answer.rows.map(ofChannel);
  const known = channels.filter((behind) => behind !== undefined);
  if (known.length < channels.length) return undefined;
  const low = Math.max(...known.map((behind) => behind.low));
  return { low, high: Math.max(...known.map((behind) => behind.high)), source: 'commit-timestamps' };
}

function ofChannel(row: Row): Pick<Behind, 'low' | 'high'> | undefined {
  const [unapplied, queued] = [number(row, 'unapplied'), number(row, 'queued')];
  if (text(row, 'receiver') !== 'ON' || unapplied === undefined || queued === undefined) return undefined;
  if (unapplied <= 0) return { low: 0, high: 0 };
  // The last that was received is missing, and was there so long ago; the first that is missing was committed after the last
  // that was applied.
  return { low: Math.max(0, queued) / 1000, high: (unapplied + Math.max(0, queued)) / 1000 };
}
