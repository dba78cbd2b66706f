import type { ApplyContext, Wishes } from './apply-context.js';
import type { Applied, Change } from './change.js';
import { isLive, noteControl, problemOf, rowOf, traitsWith } from './control.js';
import { type Duties, dutiesOf, ON_DUTY } from './duty.js';
import { isReturning } from './node-health.js';
import type { NodeReport } from './node-report.js';
import { frozen } from './one-class.js';
import { compareSemiSync, noteSemiSync } from './semi-sync.js';
import type { ControlView, Duty, NodeTraits, NodeView, Topology } from './topology.js';

interface Occasion {
  /** Undefined when people changed their mind, and nothing was reported. */
  readonly report: NodeReport | undefined;
  readonly context: ApplyContext;
}

/** Replicas that were found so shortly after the first node are no newcomers, ms. */
const SURVEY_MS = 2000;
const NO_WISHES: Wishes = { drained: new Map(), holdMs: 0, requireSemiSync: 'off' };

/** Takes in what people wish of the nodes: the last step to the next topology. Without any wish it is the one that was given. */
export function withWishes(previous: Topology, { topology, changes }: Applied, { report, context }: Occasion): Applied {
  const { wishes = NO_WISHES, now } = context;
  const firstAt = topology.firstAt ?? (report?.ok ? report.answeredAt : undefined);
  const read = noteControl(topology.control, report, topology.primary);
  const duties = dutiesOf(topology, read, { wishes, now });
  const control = read && withProblem(read, problemOf(read, topology, { leftNothing: duties.leftNothing, now }));
  const nodes = new Map<string, NodeView>();
  let touched = false;
  for (const [id, node] of topology.nodes) {
    const next = obey(node, { before: previous.nodes.get(id), duties, control, firstAt, context });
    touched ||= next !== node;
    nodes.set(id, next);
  }
  const primary = touched && topology.primary ? nodes.get(topology.primary.id) : topology.primary;
  const semiSynced = noteSemiSync(topology, primary, wishes);
  const told = [
    ...compareDuties(previous, nodes),
    ...compareSemiSync(topology.semiSync, semiSynced.semiSync, primary),
    ...compareControl(previous.control?.problem, control?.problem),
  ];
  const turned = told.length > 0 || differ(previous, nodes) || topology.writesRefused !== semiSynced.writesRefused;
  const version = turned ? Math.max(topology.version, previous.version + 1) : topology.version;
  const rest = { ...semiSynced, control, firstAt, version };
  return {
    topology: replace(topology, touched ? { nodes, primary } : undefined, rest),
    changes: [...changes, ...told],
  };
}

function replace(
  topology: Topology,
  touched: Pick<Topology, 'nodes' | 'primary'> | undefined,
  rest: Pick<Topology, 'semiSync' | 'writesRefused' | 'control' | 'firstAt' | 'version'>,
): Topology {
  if (touched === undefined) return Object.freeze({ ...topology, ...rest });
  const replicas = Object.freeze(topology.replicas.map(({ id }) => touched.nodes.get(id)!));
  return Object.freeze({ ...topology, ...touched, ...rest, replicas });
}

function withProblem(control: ControlView, problem: string | undefined): ControlView {
  return control.problem === problem ? control : { ...control, problem };
}

interface Obedience {
  readonly before: NodeView | undefined;
  readonly duties: Duties;
  readonly control: ControlView | undefined;
  readonly firstAt: number | undefined;
  readonly context: ApplyContext;
}

function obey(node: NodeView, { before, duties, control, firstAt, context }: Obedience): NodeView {
  const { now, traitsOf } = context;
  const found = rowOf(node, control?.rows ?? []);
  const row = found && isLive(found, now) ? found : undefined;
  const duty = sameDuty(node.duty, duties.of.get(node.id) ?? lifted(node.duty));
  // Without the option `control` no row ever changed them.
  const traits =
    control === undefined ? node.traits : sameTraits(node.traits, traitsWith(traitsOf(node.addresses), row));
  const maxConnections = row?.maxConnections;
  const starts = serves({ ...node, duty }) && !(before && serves(before));
  const early = firstAt === undefined || now - firstAt < SURVEY_MS;
  const servingSince = starts ? (early ? Number.NEGATIVE_INFINITY : now) : node.servingSince;
  const same =
    duty === node.duty &&
    traits === node.traits &&
    maxConnections === node.maxConnections &&
    servingSince === node.servingSince;
  return same ? node : frozen({ ...node, duty, traits, maxConnections, servingSince });
}

const LIFTED: Duty = Object.freeze({ ...ON_DUTY, because: 'nobody takes it out any more' });

function lifted(duty: Duty): Duty {
  return duty.since === undefined ? duty : LIFTED;
}

function sameDuty(before: Duty, next: Duty): Duty {
  const same =
    before.status === next.status &&
    before.because === next.because &&
    before.since === next.since &&
    before.own === next.own;
  return same ? before : Object.freeze(next);
}

function sameTraits(before: NodeTraits, next: NodeTraits): NodeTraits {
  return before.weight === next.weight && before.zone === next.zone && before.tags === next.tags ? before : next;
}

// A missed probe is no absence: who was there before it goes on as warm as it was.
function serves(node: NodeView): boolean {
  return node.role === 'replica' && node.health !== 'down' && !isReturning(node) && node.duty.status === 'online';
}

function compareDuties(previous: Topology, nodes: ReadonlyMap<string, NodeView>): readonly Change[] {
  const changes: Change[] = [];
  for (const { id: node, address, duty } of nodes.values()) {
    const before = previous.nodes.get(node)?.duty ?? ON_DUTY;
    if (duty.status === before.status) continue;
    const { status: next, because } = duty;
    changes.push({ type: 'statusChanged', node, address, previous: before.status, next, because });
  }
  return changes;
}

function compareControl(previous: string | undefined, problem: string | undefined): readonly Change[] {
  if (problem === undefined || problem === previous) return [];
  return [{ type: 'controlIgnored', because: problem }];
}

// What pools and waiting statements look at.
function differ(previous: Topology, nodes: ReadonlyMap<string, NodeView>): boolean {
  for (const [id, { duty, traits, maxConnections }] of nodes) {
    const before = previous.nodes.get(id);
    if (before === undefined) continue;
    if (duty.status !== before.duty.status || maxConnections !== before.maxConnections) return true;
    if (traits.weight !== before.traits.weight || traits.zone !== before.traits.zone) return true;
  }
  return false;
}
