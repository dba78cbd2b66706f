import type { GtidSet } from '../gtid/gtid-set.js';
import { addressesOf, discover, forget, isLate, noteReport, seedView } from './address-book.js';
import type { ApplyContext } from './apply-context.js';
import { assemble, type Beliefs } from './assemble.js';
import type { Applied } from './change.js';
import { identify } from './identify.js';
import { measureLag } from './lag.js';
import type { Address, NodeId, NodeReport } from './node-report.js';
import { noteAnswer, noteFailure } from './node-views.js';
import { frozen, ofOneClass } from './one-class.js';
import type { NodeView, Topology } from './topology.js';
import { withWishes } from './wishes.js';

export type { ApplyContext };

/** Nothing is known but where to ask. */
export function emptyTopology(seeds: Iterable<Address>): Topology {
  return Object.freeze({
    generation: 0,
    version: 0,
    primary: undefined,
    believed: undefined,
    view: undefined,
    electedAt: Number.NEGATIVE_INFINITY,
    because: 'no node has answered yet',
    splitBrain: [],
    nodes: new Map(),
    replicas: [],
    addresses: new Map(Array.from(seeds, (address) => [address, seedView(address)])),
    samples: [],
    beats: [],
    frozenAt: undefined,
    control: undefined,
    semiSync: undefined,
    writesRefused: undefined,
    firstAt: undefined,
  });
}

/** Believes one report. Reports that come after newer ones of the same address change nothing. */
export function apply(topology: Topology, given: NodeReport, context: ApplyContext): Applied {
  if (!topology.addresses.has(given.address) || isLate(topology.addresses, given)) return { topology, changes: [] };
  const report = given.ok ? ofOneClass(identify(given, topology)) : given;
  const noted = noteReport(topology.addresses, report);
  const kept = forget(noted, report, { now: context.now, believed: topology.believed });
  const nodes = report.ok
    ? noteAnswer(topology, report, { ...context, addresses: kept })
    : noteFailure(topology, report, context);
  const found = report.ok ? discover(kept, report, { ...context, nodes }) : { book: kept, changes: [] };
  const beliefs: Beliefs = { nodes: readdress(nodes, found.book, context), addresses: found.book };
  const assembled = assemble(topology, beliefs, { report, context, changes: found.changes });
  return withWishes(topology, assembled, { report, context });
}

/** Obeys what people wish now: nodes were drained, or are not any more. Nothing was reported. */
export function reconsider(topology: Topology, context: ApplyContext): Applied {
  return withWishes(topology, { topology, changes: [] }, { report: undefined, context });
}

// Nodes move between addresses: one without any is no more.
function readdress(
  nodes: ReadonlyMap<NodeId, NodeView>,
  book: Topology['addresses'],
  context: ApplyContext,
): ReadonlyMap<NodeId, NodeView> {
  const next = new Map<NodeId, NodeView>();
  for (const [id, node] of nodes) {
    const addresses = addressesOf(book, id);
    const [address] = addresses;
    if (address === undefined) continue;
    const same = addresses.length === node.addresses.length && addresses.every((item, i) => item === node.addresses[i]);
    next.set(id, same ? node : { ...node, address, addresses, traits: context.traitsOf(addresses) });
  }
  return next;
}

/** What a follower saw arrive on a node. */
export interface Arrival {
  readonly node: NodeId;
  readonly executed: GtidSet;
  /** When the node's answer came, ms. */
  readonly answeredAt: number;
}

/** Believes that a node has executed what its follower waited for. No change of roles comes of it. */
export function applyArrival(topology: Topology, { node: id, executed, answeredAt }: Arrival): Topology {
  const node = topology.nodes.get(id);
  // A newer report knows it already, and may know that the node has lost it again.
  if (node?.executed === undefined || answeredAt < (node.lastReport?.sentAt ?? 0)) return topology;
  const united = node.executed.union(executed);
  if (united === node.executed) return topology;
  const moved = { ...node, executed: united, arrivedAt: Math.max(answeredAt, node.arrivedAt ?? answeredAt) };
  const next = frozen({ ...moved, lag: frozen(measureLag(moved, topology)) });
  return Object.freeze({
    ...topology,
    nodes: new Map(topology.nodes).set(id, next),
    replicas: Object.freeze(topology.replicas.map((replica) => (replica.id === id ? next : replica))),
    primary: topology.primary?.id === id ? next : topology.primary,
  });
}
