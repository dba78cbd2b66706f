import type { NodeId } from '../topology/node-report.js';
import type { NodeView, Topology } from '../topology/topology.js';
import { chooseReplica } from './choose-replica.js';
import { type Situation, unfitBecause, whyUnfit } from './filters.js';
import type { Intent } from './intent.js';
import type { Route, RouteContext } from './route.js';

export type { RouteContext };

/** Where a statement goes: use a node, wait for something, or fail. Always with a reason. Pure. */
export function route(topology: Topology, intent: Intent, context: RouteContext): Route {
  if (intent.node !== undefined) return named(topology, intent, intent.node);
  if (intent.access === 'write' && intent.route === 'replica')
    return refuse(topology, 'a write cannot go to a replica');
  if (intent.access === 'write') return toPrimary(topology, 'it writes or locks');
  if (intent.route === 'primary') return toPrimary(topology, 'the primary was asked for');
  return chooseReplica({ topology, intent, context });
}

function toPrimary({ primary, because }: Topology, reason: string): Route {
  if (primary !== undefined) return { type: 'use', node: primary, because: reason };
  return { type: 'wait', for: 'primary', nodes: [], because };
}

function named(topology: Topology, { access }: Intent, name: string): Route {
  const node = topology.nodes.get(name) ?? topology.nodes.get(topology.addresses.get(name)?.node ?? '');
  if (node === undefined) {
    const known = [...topology.nodes.values()].map(({ address }) => address).join(', ') || 'none yet';
    return refuse(topology, `no node is known as '${name}'; known: ${known}`);
  }
  if (access === 'write' && topology.primary?.id !== node.id) {
    return refuse(topology, `a write cannot go to ${node.address}: it is not the primary`);
  }
  if (node.health === 'down') return refuse(topology, `${node.address} was asked for and is down`);
  return { type: 'use', node, because: 'this node was asked for' };
}

function refuse(topology: Topology, because: string): Route {
  const reasons = new Map<string, string>();
  for (const node of topology.nodes.values()) reasons.set(node.id, `${node.role}, ${node.health}: ${node.because}`);
  return { type: 'fail', because, reasons };
}

/** A route with the reason for each node. */
export interface RouteExplanation {
  readonly route: Route;
  /** The nodes that could be used for this intent now. */
  readonly fit: readonly NodeId[];
  /** Why each node is fit, or why not. */
  readonly reasons: ReadonlyMap<NodeId, string>;
}

/** What {@link route} answers, and why each node is fit or not. Runs nothing. */
export function explainRoute(topology: Topology, intent: Intent, context: RouteContext): RouteExplanation {
  const situation = { topology, intent, context };
  const fit: NodeId[] = [];
  const reasons = new Map<NodeId, string>();
  for (const node of topology.nodes.values()) {
    const judged = judge(node, situation);
    if (judged.fit) fit.push(node.id);
    reasons.set(node.id, judged.because);
  }
  return { route: route(topology, intent, context), fit, reasons };
}

function judge(node: NodeView, situation: Situation): { readonly fit: boolean; readonly because: string } {
  const { topology, intent } = situation;
  if (topology.primary?.id === node.id) {
    const fit = intent.route !== 'replica';
    return { fit, because: fit ? 'it is the primary' : 'it is the primary, and a replica was asked for' };
  }
  if (node.role !== 'replica') return { fit: false, because: node.because };
  if (intent.access === 'write' || intent.route === 'primary') return { fit: false, because: 'it is a replica' };
  const unfit = whyUnfit(node, situation);
  return unfit === undefined
    ? { fit: true, because: 'it is fresh enough' }
    : { fit: false, because: unfitBecause(unfit, node) };
}
