import type { ClusterEvents } from '../observe/events.js';
import type { LiveReport } from '../topology/node-report.js';
import { LARGE_GTID_BYTES } from './pace-rules.js';

type Warning = ClusterEvents['warning'][0];

/** A warning, and what it is told only once about. */
export interface ReportWarning extends Warning {
  readonly about: string;
}

/** What a report shows that somebody should look into. */
export function warningsOf({ address, id, executed, missingGrants }: LiveReport): readonly ReportWarning[] {
  const warnings: ReportWarning[] = missingGrants.map((grant) => {
    const lost = grant.startsWith('SELECT')
      ? 'or there is no such table; it is not read, and lag is known less well'
      : 'discovery and fencing by replication source are off';
    const message = `the account of the probes lacks ${grant} (seen on ${address}): ${lost}`;
    return { code: 'MISSING_GRANT', message, about: grant };
  });
  const bytes = executed?.toString().length ?? 0;
  if (executed !== undefined && bytes > LARGE_GTID_BYTES) {
    const made = `${executed.uuids} UUIDs in ${executed.intervals} intervals`;
    const message = `gtid_executed of ${address} has ${bytes} bytes (${made}): it is read more seldom, since each read costs the server more`;
    warnings.push({ code: 'LARGE_GTID_SET', message, about: `LARGE_GTID_SET ${id}` });
  }
  return warnings;
}
