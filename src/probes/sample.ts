import { formatAddress } from '../address.js';
import type { Address, FailedReport } from '../topology/node-report.js';
import type { ProbeMeta, ProbeQuery } from './probe.js';

/** The statement for these global variables. A name that a version lacks is left out instead of failing the rest. */
export function showVariables(names: readonly string[]): ProbeQuery {
  return { sql: `SHOW GLOBAL VARIABLES WHERE variable_name IN (${names.map((name) => `'${name}'`).join(', ')})` };
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
