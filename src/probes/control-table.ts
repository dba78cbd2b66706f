import type { ControlReport, ControlRow, NodeReport } from '../topology/node-report.js';
import type { Probe, ProbeAnswer, ProbeContext, ProbeMeta, ProbeQuery } from './probe.js';
import { number, type Row, text } from './server-rows.js';

/** Enough for any cluster; more would be no table of nodes. */
const MOST_ROWS = 1000;

/** The control table `schema.name`, quoted. */
export function quotedTable(table: string): string {
  return table
    .split('.')
    .map((part) => `\`${part}\``)
    .join('.');
}

/** Asks for the rows. How long one still holds is told by the server, which set the time: no clocks are compared. */
export function controlQuery(table: string): ProbeQuery {
  const columns = 'node, status, weight, zone, max_connections, owner, reason';
  const left = 'TIMESTAMPDIFF(MICROSECOND, NOW(6), `until`) AS microseconds_left';
  return { sql: `SELECT ${columns}, ${left} FROM ${quotedTable(table)} LIMIT ${MOST_ROWS}` };
}

/**
 * A probe of the primary that reads the control table too: in every other tick, instead of what the kind of cluster would ask beside
 * the sample.
 */
export function withControl(probe: Probe, table: string): Probe {
  return {
    ...probe,
    queries: (context) => {
      if (!isTurn(context)) return probe.queries(context);
      return [...probe.queries(sampleOnly(context)), controlQuery(table)];
    },
    read: (answers, meta) =>
      isTurn(meta.context) ? readBoth(probe, answers, { meta, table }) : probe.read(answers, meta),
  };
}

// The first ticks of a connection find out what the node is.
function isTurn({ tick }: ProbeContext): boolean {
  return tick > 0 && tick % 2 === 0;
}

function sampleOnly(context: ProbeContext): ProbeContext {
  return { ...context, sampleOnly: true };
}

function readBoth(
  probe: Probe,
  answers: readonly ProbeAnswer[],
  { meta, table }: { readonly meta: ProbeMeta; readonly table: string },
): NodeReport {
  const report = probe.read(answers.slice(0, -1), { ...meta, context: sampleOnly(meta.context) });
  const last = answers.at(-1);
  if (!report.ok || last === undefined) return report;
  return { ...report, control: readControl(last, { meta, table }) };
}

function readControl(
  answer: ProbeAnswer,
  { meta, table }: { readonly meta: ProbeMeta; readonly table: string },
): ControlReport {
  if ('error' in answer) return { problem: `the control table ${table} cannot be read: ${answer.error.message}` };
  return { rows: answer.rows.flatMap((row) => readRow(row, meta)) };
}

function readRow(row: Row, { answeredAt }: ProbeMeta): ControlRow[] {
  const node = text(row, 'node');
  const left = number(row, 'microseconds_left');
  if (node === '') return [];
  return [
    {
      node,
      status: readStatus(text(row, 'status')),
      weight: atLeast(0, number(row, 'weight')),
      zone: text(row, 'zone') || undefined,
      maxConnections: atLeast(1, number(row, 'max_connections')),
      until: left === undefined ? undefined : answeredAt + left / 1000,
      owner: text(row, 'owner') || undefined,
      reason: text(row, 'reason') || undefined,
    },
  ];
}

// A table that somebody made otherwise may hold anything: what is not understood takes no node out.
function readStatus(status: string): ControlRow['status'] {
  const known = status.toUpperCase();
  return known === 'OFFLINE_SOFT' || known === 'OFFLINE_HARD' ? known : 'ONLINE';
}

function atLeast(least: number, value: number | undefined): number | undefined {
  return value !== undefined && value >= least ? value : undefined;
}
