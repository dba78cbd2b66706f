import type { NodeId } from '../topology/node-report.js';
import type { NodeView, Topology } from '../topology/topology.js';
import { chooseReplica } from './choose-replica.js';
import { waitForHeld } from './fallback.js';
import { type Situation, unfitBecause, whyUnfit } from './filters.js';
import type { Intent } from './intent.js';
import type { Route, RouteContext } from './route.js';

export type { RouteContext };

/** Where a statement goes: use a node, wait for something, or fail. Always with a reason. Pure. */
export function route(topology: Topology, intent: Intent, context: RouteContext): Route {
  if (intent.node !== undefined) return named({ topology, intent, context }, intent.node);
  if (intent.access === 'write' && intent.route === 'replica')
    return refuse(topology, 'a write cannot go to a replica');
  const situation = { topology, intent, context };
  if (intent.access === 'write') return toPrimary(situation, 'it writes, locks, or is about the session');
  if (intent.route === 'primary' || (intent.route === 'primary-first' && topology.primary !== undefined))
    return toPrimary(situation, 'the primary was asked for');
  return chooseReplica(situation);
}

function toPrimary({ topology, intent, context }: Situation, reason: string): Route {
  const { primary, because, writesRefused } = topology;
  if (primary === undefined) return { type: 'wait', for: 'primary', nodes: [], because };
  if (writesRefused !== undefined && intent.access === 'write') return refuse(topology, writesRefused);
  return waitForHeld(primary, context) ?? { type: 'use', node: primary, because: reason };
}

function named({ topology, intent, context }: Situation, name: string): Route {
  const { access } = intent;
  const node = topology.nodes.get(name) ?? topology.nodes.get(topology.addresses.get(name)?.node ?? '');
  if (node === undefined) {
    const known = [...topology.nodes.values()].map(({ address }) => address).join(', ') || 'none yet';
    return refuse(topology, `no node is known as '${name}'; known: ${known}`);
  }
  if (access === 'write' && topology.primary?.id !== node.id) {
    return refuse(topology, `a write cannot go to ${node.address}: it is not the primary`);
  }
  if (node.health === 'down') return refuse(topology, `${node.address} was asked for and is down`);
  if (access === 'write') return toPrimary({ topology, intent, context }, 'this node was asked for');
  return { type: 'use', node, because: 'this node was asked for' };
}

function refuse(topology: Topology, because: string): Route {
  const reasons = new Map<string, string>();
  for (const node of topology.nodes.values()) reasons.set(node.id, `${node.role}, ${node.health}: ${node.because}`);
  return { type: 'fail', because, reasons };
}

/** Whether a connection that was opened to a node in this role may still serve, without being routed anew. */
export function stillServes(
  { node, role }: { readonly node: NodeId; readonly role: 'primary' | 'replica' },
  situation: Situation,
): boolean {
  const { topology, intent, context } = situation;
  if (role === 'primary') {
    if (topology.primary?.id !== node || waitForHeld(topology.primary, context)) return false;
    return topology.writesRefused === undefined || intent.access === 'read';
  }
  // A read that was asked for on the primary finds its connection by being routed.
  if (intent.route === 'primary') return false;
  const view = topology.nodes.get(node);
  return view !== undefined && whyUnfit(view, situation) === undefined;
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
  const chosen = route(topology, intent, context);
  for (const node of topology.nodes.values()) {
    const judged = chosen.type === 'use' && chosen.node.id === node.id ? used(node, chosen) : judge(node, situation);
    if (judged.fit) fit.push(node.id);
    reasons.set(node.id, judged.because);
  }
  return { route: chosen, fit, reasons };
}

interface Judgement {
  readonly fit: boolean;
  readonly because: string;
}

function used(node: NodeView, { because }: Route): Judgement {
  return { fit: true, because: node.role === 'primary' ? `it is the primary; ${because}` : because };
}

function judge(node: NodeView, situation: Situation): Judgement {
  const { topology, intent, context } = situation;
  if (topology.primary?.id === node.id) {
    const held =
      waitForHeld(node, context)?.because ?? (intent.access === 'write' ? topology.writesRefused : undefined);
    if (held !== undefined) return { fit: false, because: held };
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
