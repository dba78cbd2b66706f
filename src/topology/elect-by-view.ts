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
 * what one member says of another may be late. Where a node has left its group nothing but a group's view elects it again. A
 * group of which a member replicates from elsewhere is a copy: writes belong there.
 */
export function electByView(around: Surroundings, current: CurrentBelief): Election | undefined {
  const { nodes } = around;
  const grouped = [...nodes.values()].filter((node) => node.lastReport?.group !== undefined);
  if (grouped.length === 0) return undefined;
  const views = newestViews(grouped, current.view);
  const believed = nodes.get(current.believed ?? '');
  const numbered = believed?.lastReport?.group?.view !== undefined;
  if (believed && numbered && mayStay(believed, views)) return stays(believed);
  const originals = views.filter((view) => !isCopy(view, grouped));
  const online = rulingOf(originals, { nodes, current, believed, state: 'online' });
  // A member that serves another that joins is the last resort: alone it is better than nothing.
  const ruling = online.length > 0 ? online : rulingOf(originals, { nodes, current, believed, state: 'donor' });
  if (ruling.length > 0) return rule(ruling, { around, believed, known: current.view });
  if (believed && mayStay(believed, views)) return stays(believed);
  return nobody(grouped, { views, originals });
}

function rule(ruling: readonly Ruling[], scene: Scene): Election {
  const { around, believed } = scene;
  const [first, ...others] = ruling as readonly [Ruling, ...Ruling[]];
  const own = others.length === 0 ? first : ruling.find(({ writers }) => writers.some((node) => node === believed));
  const splitBrain = others.length === 0 ? [] : idsOf(ruling);
  if (own === undefined) return undecided(splitBrain, 'several groups, each with a primary of its own');
  const { name, view } = own.view.group;
  if (view === undefined && own.writers.length > 1) {
    return undecided(idsOf([own]), 'several members say that they take the writes');
  }
  const stranger = believed === undefined ? unheard(own.view, around) : undefined;
  if (stranger !== undefined) return none(`${stranger} has not been heard yet`);
  const chosen = view === undefined ? own.writers[0] : choose(own, scene);
  if (chosen === undefined) return none('the first of several that may be written to has not been heard yet');
  // Galera counts its views anew when a cluster is begun anew: there an older number says nothing.
  const counted = own.view.kind === 'galera' ? {} : { view: { name, view } };
  return { ...elected(chosen, 'its group names it'), splitBrain, ...counted };
}

interface Scene {
  readonly around: Surroundings;
  readonly believed: NodeView | undefined;
  /** The newest view that elected. */
  readonly known: RulingView | undefined;
}

/** A view, and the nodes that may be written to by it and by their own word. */
interface Ruling {
  readonly view: GroupedReport;
  readonly writers: readonly NodeView[];
}

interface Rules {
  readonly nodes: Nodes;
  readonly current: CurrentBelief;
  readonly believed: NodeView | undefined;
  readonly state: 'online' | 'donor';
}

function rulingOf(views: readonly GroupedReport[], rules: Rules): readonly Ruling[] {
  const { believed } = rules;
  const { view: known } = rules.current;
  return views
    .map((view) => {
      const writers = writersOf(view, rules);
      // Galera's members are all alike, and its views are counted anew with the cluster: no claim ends another.
      return {
        view,
        writers: view.kind === 'galera' ? writers : writers.filter((node) => isLater(node, believed, known)),
      };
    })
    .filter(({ writers }) => writers.length > 0);
}

function isCopy(view: GroupedReport, grouped: readonly NodeView[]): boolean {
  return grouped.some((node) => {
    const report = node.lastReport as GroupedReport;
    return report.group.name === view.group.name && isThere(node) && hasSource(report);
  });
}

function hasSeveral({ group }: GroupedReport): boolean {
  return group.members.filter((member) => member.writer).length > 1;
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

function writersOf(newest: GroupedReport, { nodes, current, state }: Rules): readonly NodeView[] {
  const writers = [...nodes.values()].filter(
    (node) => isThere(node) && node.lastReport && claims(node.lastReport, newest.group, state) && !denies(newest, node),
  );
  if (newest.group.view === undefined) return promotedWriters(writers, nodes, current);
  return hasSeveral(newest) ? writers : latest(writers);
}

/** Whether the newest view contradicts a node whose own report is of another one. */
function denies(newest: GroupedReport, { id, lastReport }: NodeView): boolean {
  const { members } = newest.group;
  const told = members.find((member) => member.id === id);
  if (isSameView(newest, lastReport)) return told === undefined && members.every((member) => member.id !== undefined);
  // Where members are named by their addresses alone, this one may be any of them.
  return told ? !told.writer : members.every((member) => member.id !== undefined);
}

function isSameView({ group: { view } }: GroupedReport, other: LiveReport | undefined): boolean {
  return other?.group?.view?.epoch === view?.epoch && other?.group?.view?.number === view?.number;
}

function claims(report: LiveReport, { name, view }: GroupReport, state: Rules['state'] = 'online'): boolean {
  const { id, group } = report;
  if (group?.name !== name || group.view?.epoch !== view?.epoch || group.state !== state || !group.quorum) return false;
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

/**
 * False for a claim that may be from before the believed primary's own: only a later view, or a later question, tells. One that has
 * left its group does not say any more which view it was elected by.
 */
function isLater(node: NodeView, believed: NodeView | undefined, known: RulingView | undefined): boolean {
  const [own, last] = [node.lastReport, believed?.lastReport];
  if (node.id === believed?.id || !own?.group || !last) return true;
  const { name, view } = own.group;
  const other = last.group?.name === name && last.group.state !== 'left' ? last.group : known;
  if (other?.name !== name) return true;
  if (view && other.view?.epoch === view.epoch && other.view.number !== view.number)
    return view.number > other.view.number;
  return own.sentAt >= last.answeredAt;
}

function sentAt({ lastReport }: NodeView): number {
  return lastReport?.sentAt ?? 0;
}

/**
 * Whoever takes the writes keeps them. Otherwise it is the first writer of the view, so that all processes agree where there are
 * several: undefined while that one may still say so.
 */
function choose(ruling: Ruling, { around, believed, known }: Scene): NodeView | undefined {
  const { writers, view } = ruling;
  if (believed !== undefined && writers.includes(believed)) return believed;
  const { members } = view.group;
  if (members.some(({ id }) => id === undefined)) return chooseByPlace(ruling, believed, around);
  for (const member of members.filter(({ writer, state }) => writer && state === 'online')) {
    const found = writers.find(({ id }) => id === member.id);
    if (found !== undefined) return found;
    const node = around.nodes.get(member.id ?? '');
    if (node === undefined ? mayAnswer(member.address, around) : isThere(node) && !isLater(node, believed, known))
      return undefined;
  }
  return writers[0];
}

// One that has not been heard yet may come before those that have.
function chooseByPlace(
  { writers, view }: Ruling,
  believed: NodeView | undefined,
  { addresses }: Surroundings,
): NodeView | undefined {
  const first = writers.reduce((a, b) => (placeIn(view, b) < placeIn(view, a) ? b : a));
  if (believed !== undefined || placeIn(view, first) === 0) return first;
  return [...addresses.values()].some(({ node, lastFailure }) => node === undefined && !lastFailure)
    ? undefined
    : first;
}

/** A node's place among the members of the view: where the view names it by its address alone, its place by its own report. */
function placeIn(view: GroupedReport, { id, lastReport }: NodeView): number {
  const place = view.group.members.findIndex((member) => member.id === id);
  if (place >= 0) return place;
  const own = lastReport?.group?.members.findIndex((member) => member.id === id) ?? -1;
  return own >= 0 && isSameView(view, lastReport) ? own : Number.POSITIVE_INFINITY;
}

// It has neither answered nor failed yet.
function mayAnswer(named: Address | undefined, { addresses, resolve }: Surroundings): boolean {
  const address = named !== undefined && resolve ? resolve(named) : named;
  const view = addresses.get(address ?? '');
  return view !== undefined && view.node === undefined && view.lastFailure === undefined;
}

function stays(believed: NodeView): Election {
  return elected(believed, 'it misses probes, and its group has named nobody else');
}

interface Views {
  readonly views: readonly GroupedReport[];
  readonly originals: readonly GroupedReport[];
}

function nobody(grouped: readonly NodeView[], { views, originals }: Views): Election {
  const lost = grouped.some(({ lastReport }) => lastReport?.group?.quorum === false);
  const left = grouped.every(({ lastReport }) => lastReport?.group?.state === 'left');
  if (left)
    return none('no node is in the group that it is configured for (name another `kind` when it is not meant to be)');
  if (views.length === 0 && lost) return none('the group has lost its majority');
  if (views.length > originals.length)
    return none('a member of the group replicates from elsewhere: writes belong there');
  return none('the group has no member that can be written to');
}

/** A primary that only missed a probe is still the one to try, unless its group says otherwise. */
function mayStay(believed: NodeView, views: readonly GroupedReport[]): boolean {
  const { health, lastReport, id } = believed;
  const group = lastReport?.group;
  if (!lastReport || !group || health !== 'suspect' || isThere(believed) || !claims(lastReport, group)) return false;
  const newest = views.find((view) => view.group.name === group.name && view.group.view?.epoch === group.view?.epoch);
  if (newest === undefined) return true;
  const told = newest.group.members.find((it) => it.id === id);
  return told ? told.writer && told.state === 'online' : isUnnamed(newest) && isSameView(newest, lastReport);
}

function isUnnamed({ group }: GroupedReport): boolean {
  return group.members.some(({ id }) => id === undefined);
}
