import type { ControlRow, LiveReport, NodeReport } from './node-report.js';
import type { ControlView, NodeTraits, NodeView, Topology } from './topology.js';

/** What counts of the control table after a report: the primary's copy, and where it cannot be read the last that was. */
export function noteControl(
  previous: ControlView | undefined,
  report: NodeReport | undefined,
  primary: NodeView | undefined,
): ControlView | undefined {
  if (report?.ok !== true || report.id !== primary?.id || report.control === undefined) return previous;
  return readControl(previous, report.control, report.sentAt);
}

function readControl(
  previous: ControlView | undefined,
  control: NonNullable<LiveReport['control']>,
  sentAt: number,
): ControlView {
  const problem = previous?.problem;
  if ('rows' in control) return { rows: control.rows, readAt: sentAt, unread: undefined, problem };
  return { rows: previous?.rows ?? [], readAt: previous?.readAt, unread: control.problem, problem };
}

/** Rows end by themselves. */
export function isLive({ until }: ControlRow, now: number): boolean {
  return until === undefined || now < until;
}

/** The row of a node: by its id, by an address, or by the address that it names itself by. */
export function rowOf({ id, addresses, lastReport }: NodeView, rows: readonly ControlRow[]): ControlRow | undefined {
  if (rows.length === 0) return undefined;
  return rows.find(({ node }) => node === id || addresses.includes(node) || node === lastReport?.advertised);
}

/** What the user's options say of a node, with what a row says instead. */
export function traitsWith(traits: NodeTraits, row: ControlRow | undefined): NodeTraits {
  if (row === undefined || (row.weight === undefined && row.zone === undefined)) return traits;
  return { ...traits, weight: row.weight ?? traits.weight, zone: row.zone ?? traits.zone };
}

/** Why the control table is not obeyed in all; undefined when it is. */
export function problemOf(
  { rows, unread }: ControlView,
  { nodes }: Topology,
  { leftNothing, now }: { readonly leftNothing: boolean; readonly now: number },
): string | undefined {
  if (unread !== undefined) return unread;
  if (leftNothing) return 'its rows would leave no node: those that take nodes out are passed over';
  const ended = rows.filter((row) => row.status !== 'ONLINE' && !isLive(row, now));
  if (ended.length > 0) return `rows are past their \`until\`, and passed over: ${names(ended)}`;
  const views = [...nodes.values()];
  const unknown = rows.filter((row) => !views.some((node) => rowOf(node, [row]) !== undefined));
  return unknown.length === 0 ? undefined : `it has rows of unknown nodes: ${names(unknown)}`;
}

function names(rows: readonly ControlRow[]): string {
  return rows.map(({ node }) => `'${node}'`).join(', ');
}
