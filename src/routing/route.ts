import type { GtidSet } from '../gtid/gtid-set.js';
import type { NodeId } from '../topology/node-report.js';
import type { NodeView } from '../topology/topology.js';

/** The answer: use this node, wait for something, or fail. Always with a reason. */
export type Route = UseRoute | WaitRoute | FailRoute;

export interface UseRoute {
  readonly type: 'use';
  readonly node: NodeView;
  readonly because: string;
  /** What is not waited for, because it takes too long lately: followers tell when that is over. */
  readonly late?: Late | undefined;
}

/** Nodes whose followers should wait for GTIDs, though no statement does. */
export interface Late {
  readonly nodes: readonly NodeView[];
  readonly gtids: GtidSet;
}

export interface WaitRoute {
  readonly type: 'wait';
  /** `'primary'` to be known · `'gtids'` to arrive on one of `nodes` · `'sample'` a fresh one of the primary · `'replica'` any fit one. */
  readonly for: 'primary' | 'gtids' | 'sample' | 'replica';
  /** The nodes whose followers should wait, best first. */
  readonly nodes: readonly NodeView[];
  readonly because: string;
}

export interface FailRoute {
  readonly type: 'fail';
  readonly because: string;
  /** Why not, for each node. */
  readonly reasons: ReadonlyMap<NodeId, string>;
}

/** What the traffic of this process knows of a node. */
export interface NodeLoad {
  /** Statements running there now. */
  readonly inFlight: number;
  /** Moving average of the response time in ms; 0 before the first. */
  readonly responseMs: number;
  /** When the last answer came. */
  readonly respondedAt: number;
  /** Moving average of how long GTIDs took to arrive there, in ms; undefined before the first. */
  readonly arrivalMs: number | undefined;
  /** The pool refuses or cannot connect until this time. */
  readonly blockedUntil: number;
  /** It was over the policy's `maxLagMs` and has not been clearly under it since. */
  readonly lagging: boolean;
  /** It is left out until this time, for the errors or the slowness of its answers, as long as others are fit. */
  readonly ejectedUntil: number;
}

/** The options that routing obeys. */
export interface RoutingPolicy {
  readonly balance: Balancer;
  /** The limit of reads without one of their own. */
  readonly maxLagMs: number;
  readonly primaryReads: 'fallback' | 'share' | 'never';
  /** Reads on the primary at the same time, when they are there as fallback. */
  readonly primaryReadsMax: number;
  readonly fallbackMaxLagMs: number | undefined;
  readonly zone: string | undefined;
  readonly consistencyWaitMs: number;
  /** How long the share of a replica grows that returns or joins. */
  readonly slowStartMs: number;
  /** Connections to a node at most: with as many statements in flight it is full. */
  readonly poolMax: number;
  /** How long a primary that is to take nothing new holds its writes. */
  readonly holdMs: number;
}

/** Chooses one of the nodes that are fit. Never called with none. */
export type Balancer = (nodes: readonly NodeView[], context: BalanceContext) => NodeView;

export interface BalanceContext {
  readonly loads: ReadonlyMap<NodeId, NodeLoad>;
  readonly now: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Counts the routes of this process: what takes turns, takes them by it. */
  readonly turn: number;
}

/** What a route depends on beside the topology and the intent. */
export interface RouteContext extends BalanceContext {
  /** When the statement began: at `now`, or earlier when it had to wait. */
  readonly begunAt: number;
  readonly policy: RoutingPolicy;
}
