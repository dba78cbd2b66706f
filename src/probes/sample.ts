import { formatAddress } from '../address.js';
import type { Address, FailedReport } from '../topology/node-report.js';
import type { ProbeMeta, ProbeQuery } from './probe.js';

/** The statement for these global variables. A name that a version lacks is left out instead of failing the rest. */
export function showVariables(names: readonly string[]): ProbeQuery {
  return { sql: `SHOW GLOBAL VARIABLES WHERE variable_name IN (${quoted(names)})`, shows: 'variables' };
}

/**
 * What {@link selectVariables} asks, and of which tables. Their values are cut off at 1,024 characters (MariaDB: 2,048), and so are
 * those of `SHOW VARIABLES`.
 */
export interface SampleNames {
  readonly schema: 'performance_schema' | 'information_schema';
  readonly variables: readonly string[];
  /** A variable whose value may be long: it is read as it is. */
  readonly whole: string;
  readonly status: readonly string[];
}

/** The statement for global variables and status variables together, in rows as `SHOW` gives them. No privilege is needed. */
export function selectVariables({ schema, variables, whole, status }: SampleNames): ProbeQuery {
  const select = (table: string, names: readonly string[]): string =>
    `SELECT variable_name AS Variable_name, variable_value AS Value FROM ${schema}.${table} WHERE variable_name IN (${quoted(names)})`;
  const short = variables.filter((name) => name !== whole);
  const parts = [select('global_variables', short), `SELECT '${whole}', @@GLOBAL.${whole}`];
  if (status.length === 0) return { sql: parts.join(' UNION ALL '), shows: 'variables' };
  return { sql: [...parts, select('global_status', status)].join(' UNION ALL ') };
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}

/** `report_host:report_port`, when both are set. */
export function readAdvertised(variables: ReadonlyMap<string, string>): Address | undefined {
  const host = variables.get('report_host') ?? '';
  const port = Number(variables.get('report_port') ?? 0);
  return host !== '' && port > 0 ? formatAddress({ host, port }) : undefined;
}

/** The report of a node whose answer is of no use. */
export function failed(
  message: string,
  { address, sentAt, answeredAt }: ProbeMeta,
  code: string | undefined,
): FailedReport {
  return { ok: false, address, sentAt, answeredAt, reason: 'error', message, code };
}
