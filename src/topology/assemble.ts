import type { ApplyContext } from './apply-context.js';
import type { Change } from './change.js';
import { compare } from './compare.js';
import { electPrimary } from './elect.js';
import { type Election, FIRST_SURVEY_MS } from './election.js';
import { follows, hasSource, isCandidate, type Surroundings } from './following.js';
import { addBeat } from './heartbeats.js';
import { measureLag } from './lag.js';
import { isThere } from './node-health.js';
import type { LiveReport, NodeId, NodeReport } from './node-report.js';
import { frozen } from './one-class.js';
import { roleOf } from './roles.js';
import { addSample, keepsItsSamples } from './samples.js';
import type { LagState, NodeView, Sample, Topology } from './topology.js';

/** Nodes and addresses with the report in them; roles and lag are still those of before. */
export type Beliefs = Pick<Topology, 'nodes' | 'addresses'>;

interface Occasion {
  readonly report: NodeReport;
  readonly context: ApplyContext;
  /** What changed already. */
  readonly changes: readonly Change[];
}

/** Elects, and makes the next topology from what the nodes said. */
export function assemble(
  previous: Topology,
  beliefs: Beliefs,
  occasion: Occasion,
): { readonly topology: Topology; readonly changes: readonly Change[] } {
  const { report, context } = occasion;
  const claimed = countClaims(beliefs.nodes, previous.believed, report);
  const election = electPrimary(claimed, previous, { ...context, addresses: beliefs.addresses });
  const reign = reignOf(previous, election, claimed);
  const first = previous.believed === undefined && reign.believed !== undefined;
  const around = { ...context, addresses: beliefs.addresses };
  const nodes = finish(first ? noteFollowers(reign, around) : reign.nodes, reign);
  const topology: Omit<Topology, 'version'> = {
    generation: reign.generation,
    primary: election.primary === undefined ? undefined : nodes.get(election.primary),
    believed: reign.believed,
    view: election.view ?? previous.view,
    electedAt: reign.electedAt,
    because: election.because,
    splitBrain: election.splitBrain,
    nodes,
    replicas: Object.freeze([...nodes.values()].filter((node) => node.role === 'replica')),
    addresses: beliefs.addresses,
    samples: reign.samples,
    beats: reign.beats,
    frozenAt: reign.frozenAt,
    control: previous.control,
    semiSync: previous.semiSync,
    writesRefused: previous.writesRefused,
    firstAt: previous.firstAt,
  };
  const changes = [...occasion.changes, ...compare(previous, topology)];
  const meaningful = changes.length > 0 || previous.addresses.size !== beliefs.addresses.size;
  return { topology: Object.freeze({ ...topology, version: previous.version + (meaningful ? 1 : 0) }), changes };
}

type Nodes = ReadonlyMap<NodeId, NodeView>;

// Claims count only while the believed primary's place is empty.
function countClaims(nodes: Nodes, believed: NodeId | undefined, report: NodeReport): Nodes {
  const holder = believed === undefined ? undefined : nodes.get(believed);
  const next = new Map(nodes);
  const vacant = holder === undefined || !isCandidate(holder);
  for (const node of nodes.values()) {
    const claims = vacant ? (node.lastReport === report ? claimsAfter(node) : node.claims) : 0;
    if (claims !== node.claims) next.set(node.id, { ...node, claims });
  }
  return next;
}

function claimsAfter(node: NodeView): number {
  return isCandidate(node) ? node.claims + 1 : 0;
}

/** What belongs to the generation. */
interface Reign extends Pick<Topology, 'generation' | 'believed' | 'electedAt' | 'samples' | 'beats' | 'frozenAt'> {
  readonly nodes: Nodes;
}

function reignOf(previous: Topology, election: Election, nodes: Nodes): Reign {
  const believed = election.primary ?? previous.believed;
  const holder = believed === undefined ? undefined : nodes.get(believed);
  const moved = believed !== previous.believed;
  const report = holder?.lastReport;
  // The same node back without its own last transactions: what replicas have of it means nothing any more.
  const kept = report === undefined || keepsItsSamples(previous.samples, report);
  const restarted = !moved && !kept && election.primary !== undefined;
  const base = moved || restarted ? [] : previous.samples;
  const samples =
    report && samplesItself(holder!, report) && (kept || moved || restarted) ? addSample(base, report) : base;
  const beats = moved || restarted ? [] : previous.beats;
  const answering = election.primary !== undefined && holder !== undefined && isThere(holder);
  return {
    generation: previous.generation + (moved || restarted ? 1 : 0),
    believed,
    electedAt: moved ? (report?.sentAt ?? previous.electedAt) : previous.electedAt,
    samples: samples === previous.samples ? samples : Object.freeze(samples),
    beats: Object.freeze(report && !hasSource(report) ? addBeat(beats, report) : beats),
    frozenAt: answering ? undefined : (report?.answeredAt ?? previous.frozenAt ?? lastSeen(samples)),
    nodes: moved ? newReign(nodes, previous.believed) : nodes,
  };
}

// A node that was given the role of the primary is sampled even when it replicates from somewhere itself.
function samplesItself({ traits }: NodeView, report: LiveReport): boolean {
  return traits.role === 'primary' || !hasSource(report);
}

// The first round of probes is of one moment, whichever node was asked first: who followed the elected one then is a replica
// of this generation. Longer ago it might have been promoted, and been followed by another, in between.
function noteFollowers({ nodes, believed, electedAt }: Reign, around: Omit<Surroundings, 'nodes'>): Nodes {
  const elected = nodes.get(believed ?? '');
  const next = new Map(nodes);
  for (const node of nodes.values()) {
    const report = node.lastReport;
    if (!elected || !report || report.sentAt < electedAt - FIRST_SURVEY_MS) continue;
    // Where sources may not be seen, being read-only is all that tells.
    const follower = report.channels === undefined ? report.readOnly : follows(report, elected, { ...around, nodes });
    if (follower) next.set(node.id, { ...node, promotable: true });
  }
  return next;
}

function lastSeen(samples: readonly Sample[]): number | undefined {
  return samples.at(-1)?.answeredAt;
}

// What nodes were in the generation before says nothing about what they become in this one.
function newReign(nodes: Nodes, deposed: NodeId | undefined): Nodes {
  const next = new Map<NodeId, NodeView>();
  for (const [id, node] of nodes) {
    next.set(id, { ...node, promotable: false, claims: 0, formerPrimary: node.formerPrimary || id === deposed });
  }
  return next;
}

function finish(nodes: Nodes, reign: Reign): Nodes {
  const next = new Map<NodeId, NodeView>();
  for (const [id, node] of nodes) {
    const lag = measureLag(node, reign);
    const role = roleOf(node, reign.believed);
    const same = sameLag(lag, node.lag) && role.role === node.role && role.because === node.because;
    next.set(id, frozen(same ? node : { ...node, ...role, lag: frozen(lag) }));
  }
  return next;
}

function sameLag(a: LagState, b: LagState): boolean {
  return (
    a.caughtUpTo === b.caughtUpTo &&
    a.low === b.low &&
    a.replication === b.replication &&
    a.because === b.because &&
    a.appliedAll === b.appliedAll &&
    a.source === b.source
  );
}
