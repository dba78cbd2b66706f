import { GtidSet } from '../gtid/gtid-set.js';
import type { LiveReport } from '../topology/node-report.js';
import type { ProbeMeta, ProbeQuery } from './probe.js';
import { readAdvertised } from './sample.js';
import type { Seconded } from './second-statement.js';

type Variables = ReadonlyMap<string, string>;

/** What every MySQL server is asked for in its sample. */
export const gtidVariables: readonly string[] = [
  ...['server_uuid', 'server_id', 'version', 'read_only', 'super_read_only', 'gtid_mode', 'gtid_executed'],
  ...['sql_mode', 'report_host', 'report_port'],
];

/** What a report has from the sample alone. */
export type GtidSample = Omit<LiveReport, 'kind' | 'group' | keyof Seconded>;

/** Reads the sample of a MySQL server with that `server_uuid`. Throws when a GTID set cannot be read. */
export function readGtidSample(
  id: string,
  variables: Variables,
  { address, sentAt, answeredAt, context }: ProbeMeta,
): GtidSample {
  return {
    ok: true,
    flavor: 'mysql',
    id,
    instance: undefined,
    address,
    sentAt,
    answeredAt,
    version: variables.get('version') ?? context.version,
    sqlMode: variables.get('sql_mode'),
    readOnly: variables.get('read_only') === 'ON' || variables.get('super_read_only') === 'ON',
    executed: readExecuted(variables, context.last?.executed),
    advertised: readAdvertised(variables),
  };
}

// With gtid_mode OFF or OFF_PERMISSIVE new transactions have no GTID, and the set says nothing of them.
function readExecuted(variables: Variables, last: GtidSet | undefined): GtidSet | undefined {
  const mode = variables.get('gtid_mode');
  const text = variables.get('gtid_executed');
  if (text === undefined || (mode !== 'ON' && mode !== 'ON_PERMISSIVE')) return undefined;
  return readSet(text, last);
}

/** A set from its text; the same object as `last` for the same text, so that comparing the two costs nothing. */
export function readSet(text: string, last: GtidSet | undefined): GtidSet {
  return last !== undefined && text.replaceAll('\n', '') === last.toString() ? last : GtidSet.parse(text);
}

/** Waits until a MySQL server has executed these GTIDs. */
export function waitForExecuted(gtids: GtidSet, seconds: number): ProbeQuery {
  return { sql: `SELECT WAIT_FOR_EXECUTED_GTID_SET('${gtids}', ${seconds}) AS outcome` };
}

/** Why a server without a `server_uuid` cannot be used. */
export const NO_UUID = 'the server has no server_uuid: it is not MySQL 5.6 or later';
