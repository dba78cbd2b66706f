import { type CurrentBelief, type Election, elected, undecided } from './election.js';
import { hasSource } from './following.js';
import { isThere } from './node-health.js';
import type { GroupReport, LiveReport, NodeId } from './node-report.js';
import type { NodeView } from './topology.js';

type Nodes = ReadonlyMap<NodeId, NodeView>;

/** A report of a node that is, or was, a member of a group. */
type GroupedReport = LiveReport & { readonly group: GroupReport };

/**
 * Elects by what the groups themselves say; undefined when no node tells of a group.
 *
 * A node may be written to when it says so itself, in the newest view that is known or one that the newest does not contradict:
 * what one member says of another may be late. Where a node has left its group nothing but a group's view elects it again.
 */
export function electByView(nodes: Nodes, current: CurrentBelief): Election | undefined {
  const grouped = [...nodes.values()].filter((node) => node.lastReport?.group !== undefined);
  if (grouped.length === 0) return undefined;
  const views = newestViews(grouped);
  const believed = nodes.get(current.believed ?? '');
  const ruling = views
    .map((view) => ({ view, writers: writersOf(view, nodes).filter((node) => isLater(node, believed)) }))
    .filter((it) => it.writers.length > 0);
  const [only, ...others] = ruling;
  if (only === undefined) return stay(grouped, views, believed);
  if (others.length === 0) return elected(choose(only.writers, only.view, current.believed), 'its group names it');
  const ids = ruling.flatMap(({ writers }) => writers.map((node) => node.id));
  const own = ruling.find(({ writers }) => writers.some((node) => node.id === current.believed));
  if (own === undefined) return undecided(ids, 'several groups, each with a primary of its own');
  return { ...elected(choose(own.writers, own.view, current.believed), 'its group names it'), splitBrain: ids };
}

/** Of each group the newest view that a member with a majority has told. */
function newestViews(grouped: readonly NodeView[]): readonly GroupedReport[] {
  const newest = new Map<string, GroupedReport>();
  for (const node of grouped) {
    const report = node.lastReport as GroupedReport;
    if (!isThere(node) || !report.group.quorum || report.group.state === 'left') continue;
    const known = newest.get(report.group.name);
    if (known === undefined || isNewer(report, known)) newest.set(report.group.name, report);
  }
  return [...newest.values()];
}

function isNewer(a: GroupedReport, b: GroupedReport): boolean {
  const { view } = a.group;
  const other = b.group.view;
  if (view.epoch === other.epoch && view.number !== other.number) return view.number > other.number;
  return a.sentAt > b.sentAt;
}

function writersOf(newest: GroupedReport, nodes: Nodes): readonly NodeView[] {
  const { view, members } = newest.group;
  const writers = members.flatMap(({ id, writer }) => {
    const node = nodes.get(id);
    const report = node?.lastReport;
    if (!node || !report?.group || !isThere(node) || !claims(report, newest.group.name)) return [];
    const same = report.group.view.epoch === view.epoch && report.group.view.number === view.number;
    return same || writer ? [node] : [];
  });
  const several = members.filter((member) => member.writer).length > 1;
  return several ? writers : latest(writers);
}

function claims(report: LiveReport, name: string): boolean {
  const { id, group } = report;
  if (group?.name !== name || group.state !== 'online' || !group.quorum) return false;
  if (report.readOnly || hasSource(report)) return false;
  return group.members.some((member) => member.id === id && member.writer);
}

// In a group with one primary the old one becomes read-only before the new one is written to: the later claim is the true one.
// Two that overlap tell nothing yet.
function latest(writers: readonly NodeView[]): readonly NodeView[] {
  const last = writers.reduce<NodeView | undefined>((a, b) => (a && sentAt(a) >= sentAt(b) ? a : b), undefined);
  if (last === undefined) return writers;
  return writers.every((node) => node === last || (node.lastReport?.answeredAt ?? 0) <= sentAt(last))
    ? [last]
    : writers;
}

/** False for a claim that may be from before the believed primary's own: only a later view, or a later question, tells. */
function isLater(node: NodeView, believed: NodeView | undefined): boolean {
  const [own, last] = [node.lastReport, believed?.lastReport];
  if (node.id === believed?.id || !own?.group || !last?.group || own.group.name !== last.group.name) return true;
  const [a, b] = [own.group.view, last.group.view];
  if (a.epoch === b.epoch && a.number !== b.number) return a.number > b.number;
  return own.sentAt >= last.answeredAt;
}

function sentAt({ lastReport }: NodeView): number {
  return lastReport?.sentAt ?? 0;
}

// Whoever takes the writes keeps them. Processes that begin agree by the order in which the view names its members.
function choose(writers: readonly NodeView[], { group }: GroupedReport, believed: NodeId | undefined): NodeView {
  const rank = (node: NodeView): number => group.members.findIndex(({ id }) => id === node.id);
  const kept = writers.find((node) => node.id === believed);
  return kept ?? writers.reduce((a, b) => (rank(b) < rank(a) ? b : a));
}

function stay(grouped: readonly NodeView[], views: readonly GroupedReport[], believed: NodeView | undefined): Election {
  if (believed !== undefined && mayStay(believed, views)) {
    return elected(believed, 'it misses probes, and its group has named nobody else');
  }
  const lost = grouped.some(({ lastReport }) => lastReport?.group?.quorum === false);
  const left = grouped.every(({ lastReport }) => lastReport?.group?.state === 'left');
  const because = left
    ? 'no node is in the group that it is configured for (name another `kind` when it is not meant to be)'
    : views.length === 0 && lost
      ? 'the group has lost its majority'
      : 'the group has no member that can be written to';
  return { primary: undefined, because, splitBrain: [] };
}

/** A primary that only missed a probe is still the one to try, unless its group says otherwise. */
function mayStay(believed: NodeView, views: readonly GroupedReport[]): boolean {
  const { health, lastReport, id } = believed;
  const group = lastReport?.group;
  if (!lastReport || !group || health !== 'suspect' || isThere(believed) || !claims(lastReport, group.name))
    return false;
  const newest = views.find((view) => view.group.name === group.name);
  return newest === undefined || newest.group.members.some((it) => it.id === id && it.writer && it.state === 'online');
}
