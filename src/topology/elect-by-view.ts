import { type CurrentBelief, type Election, elected, undecided } from './election.js';
import { hasSource, type Surroundings } from './following.js';
import { isThere } from './node-health.js';
import type { Address, GroupReport, LiveReport, NodeId } from './node-report.js';
import type { NodeView, RulingView } from './topology.js';
import { promotedWriters } from './unnumbered-views.js';

type Nodes = ReadonlyMap<NodeId, NodeView>;

/** A report of a node that is, or was, a member of a group. */
type GroupedReport = LiveReport & { readonly group: GroupReport };

/**
 * Elects by what the groups themselves say; undefined when no node tells of a group.
 *
 * A node may be written to when it says so itself, in the newest view that is known or one that the newest does not contradict:
 * what one member says of another may be late. Where a node has left its group nothing but a group's view elects it again.
 */
export function electByView(around: Surroundings, current: CurrentBelief): Election | undefined {
  const { nodes } = around;
  const grouped = [...nodes.values()].filter((node) => node.lastReport?.group !== undefined);
  if (grouped.length === 0) return undefined;
  const views = newestViews(grouped, current.view);
  const believed = nodes.get(current.believed ?? '');
  const ruling = views
    .map((view) => ({ view, writers: writersOf(view, nodes, current).filter((node) => isLater(node, believed)) }))
    .filter((it) => it.writers.length > 0);
  const [first, ...others] = ruling;
  if (first === undefined) return stay(grouped, views, believed);
  const own = others.length === 0 ? first : ruling.find(({ writers }) => writers.some((node) => node === believed));
  const splitBrain = others.length === 0 ? [] : idsOf(ruling);
  if (own === undefined) return undecided(splitBrain, 'several groups, each with a primary of its own');
  if (own.view.group.view === undefined && own.writers.length > 1) {
    return undecided(idsOf([own]), 'several members say that they take the writes');
  }
  const stranger = believed === undefined ? unheard(own.view, around) : undefined;
  if (stranger !== undefined) return none(`${stranger} has not been heard yet`);
  const chosen = own.view.group.view === undefined ? own.writers[0] : choose(own, believed, around);
  if (chosen === undefined) return none('the first of several that may be written to has not been heard yet');
  const { name, view } = own.view.group;
  return { ...elected(chosen, 'its group names it'), splitBrain, view: { name, view } };
}

/** A view, and the nodes that may be written to by it and by their own word. */
interface Ruling {
  readonly view: GroupedReport;
  readonly writers: readonly NodeView[];
}

function idsOf(ruling: readonly Ruling[]): readonly NodeId[] {
  return ruling.flatMap(({ writers }) => writers.map((node) => node.id));
}

function none(because: string): Election {
  return { primary: undefined, because, splitBrain: [] };
}

// A process that begins may be given the nodes of two groups that were begun by mistake: each would name its own primary.
function unheard({ group }: GroupedReport, { addresses, resolve }: Surroundings): Address | undefined {
  if (group.view === undefined) return undefined;
  const members = new Set(group.members.map(({ address = '' }) => resolve?.(address) ?? address));
  return [...addresses.values()].find(
    (view) => view.node === undefined && !view.lastFailure && !members.has(view.address),
  )?.address;
}

/**
 * Of each group the newest view that a member with a majority has told. A group that was begun twice is two groups: their views
 * do not follow one another.
 */
function newestViews(grouped: readonly NodeView[], known: RulingView | undefined): readonly GroupedReport[] {
  const newest = new Map<string, GroupedReport>();
  for (const node of grouped) {
    const report = node.lastReport as GroupedReport;
    if (!isThere(node) || !report.group.quorum || report.group.state === 'left') continue;
    if (known !== undefined && isOlder(report.group, known)) continue;
    const which = `${report.group.name} ${report.group.view?.epoch ?? ''}`;
    const other = newest.get(which);
    if (other === undefined || isNewer(report, other)) newest.set(which, report);
  }
  return [...newest.values()];
}

// Whoever was elected since may have left, and its successor may not be reached: that brings no older primary back.
function isOlder({ name, view }: GroupReport, known: RulingView): boolean {
  if (name !== known.name || view === undefined || known.view === undefined) return false;
  return view.epoch === known.view.epoch && view.number < known.view.number;
}

function isNewer(a: GroupedReport, b: GroupedReport): boolean {
  const [view, other] = [a.group.view?.number ?? 0, b.group.view?.number ?? 0];
  return view === other ? a.sentAt > b.sentAt : view > other;
}

function writersOf(newest: GroupedReport, nodes: Nodes, current: CurrentBelief): readonly NodeView[] {
  const { view, members } = newest.group;
  const writers = members.flatMap(({ id, writer }) => {
    const node = nodes.get(id);
    const report = node?.lastReport;
    if (!node || !report?.group || !isThere(node) || !claims(report, newest.group)) return [];
    return writer || report.group.view?.number === view?.number ? [node] : [];
  });
  if (view === undefined) return promotedWriters(writers, nodes, current);
  const several = members.filter((member) => member.writer).length > 1;
  return several ? writers : latest(writers);
}

function claims(report: LiveReport, { name, view }: GroupReport): boolean {
  const { id, group } = report;
  if (group?.name !== name || group.view?.epoch !== view?.epoch || group.state !== 'online' || !group.quorum)
    return false;
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
  if (a && b && a.epoch === b.epoch && a.number !== b.number) return a.number > b.number;
  return own.sentAt >= last.answeredAt;
}

function sentAt({ lastReport }: NodeView): number {
  return lastReport?.sentAt ?? 0;
}

/**
 * Whoever takes the writes keeps them. Otherwise it is the first writer of the view, so that all processes agree where there are
 * several: undefined while that one may still say so.
 */
function choose({ writers, view }: Ruling, believed: NodeView | undefined, around: Surroundings): NodeView | undefined {
  if (believed !== undefined && writers.includes(believed)) return believed;
  for (const member of view.group.members.filter(({ writer, state }) => writer && state === 'online')) {
    const found = writers.find(({ id }) => id === member.id);
    if (found !== undefined) return found;
    const node = around.nodes.get(member.id);
    if (node === undefined ? mayAnswer(member.address, around) : isThere(node) && !isLater(node, believed))
      return undefined;
  }
  return writers[0];
}

// It has neither answered nor failed yet.
function mayAnswer(named: Address | undefined, { addresses, resolve }: Surroundings): boolean {
  const address = named !== undefined && resolve ? resolve(named) : named;
  const view = addresses.get(address ?? '');
  return view !== undefined && view.node === undefined && view.lastFailure === undefined;
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
  return none(because);
}

/** A primary that only missed a probe is still the one to try, unless its group says otherwise. */
function mayStay(believed: NodeView, views: readonly GroupedReport[]): boolean {
  const { health, lastReport, id } = believed;
  const group = lastReport?.group;
  if (!lastReport || !group || health !== 'suspect' || isThere(believed) || !claims(lastReport, group)) return false;
  const newest = views.find((view) => view.group.name === group.name && view.group.view?.epoch === group.view?.epoch);
  return newest === undefined || newest.group.members.some((it) => it.id === id && it.writer && it.state === 'online');
}
