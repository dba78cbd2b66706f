import { holdsWrites } from '../topology/duty.js';
import { highAt } from '../topology/lag.js';
import type { NodeView } from '../topology/topology.js';
import { isMoving, type Situation, type Unfit, unfitBecause, whyUnfit } from './filters.js';
import type { Late, Route, RouteContext, WaitRoute } from './route.js';

/** How long GTIDs take to arrive where nothing was measured yet, ms. */
const DEFAULT_ARRIVAL_MS = 5;
/** So many followers wait for the same GTIDs. */
const WAITING_NODES = 2;

/** Routes a read for which no replica is fit now: wait for one if that is short, else as the options say. */
export function withoutReplica(situation: Situation): Route {
  const { topology, intent, context } = situation;
  const replicas = topology.replicas.filter((node) => node.health !== 'down');
  const ejected = replicas.filter((node) => whyUnfit(node, situation) === 'ejected');
  if (ejected.length > 0) {
    const node = context.policy.balance(ejected, context);
    return { type: 'use', node, because: 'it was left out for its errors or slowness, and no other replica is fit' };
  }
  if (!intent.waited) {
    const wait = waitForGtids(replicas, situation) ?? waitForSample(replicas, situation);
    if (wait) return wait;
  }
  const chosen = leastBehind(replicas, situation) ?? withoutAnyReplica(replicas, situation);
  return chosen.type === 'use' && intent.need ? { ...chosen, late: late(replicas, situation) } : chosen;
}

// Nobody waits for a replica that takes too long, and only who waits finds out how long it takes: it would never be used again.
function late(replicas: readonly NodeView[], situation: Situation): Late | undefined {
  const { need } = situation.intent;
  const { consistencyWaitMs } = situation.context.policy;
  if (consistencyWaitMs === 0) return undefined;
  const nodes = awaited(replicas, situation).filter((node) => arrivalMs(node, situation) > consistencyWaitMs);
  return need && nodes.length > 0 ? { nodes, gtids: need.gtids } : undefined;
}

/** Those that lack nothing but GTIDs, and will have them; first who had them soonest lately. */
function awaited(replicas: readonly NodeView[], situation: Situation): readonly NodeView[] {
  return (
    replicas
      // A delayed replica will have them when its delay is over, not before.
      .filter((node) => isMoving(node) && node.lag.replication !== 'delayed' && whyUnfit(node, situation) === 'gtids')
      .sort((a, b) => arrivalMs(a, situation) - arrivalMs(b, situation))
      .slice(0, WAITING_NODES)
  );
}

function arrivalMs({ id }: NodeView, { context }: Situation): number {
  return context.loads.get(id)?.arrivalMs ?? DEFAULT_ARRIVAL_MS;
}

function waitForGtids(replicas: readonly NodeView[], situation: Situation): WaitRoute | undefined {
  const { consistencyWaitMs } = situation.context.policy;
  const nodes = awaited(replicas, situation).filter((node) => arrivalMs(node, situation) <= consistencyWaitMs);
  if (nodes.length === 0) return undefined;
  return {
    type: 'wait',
    for: 'gtids',
    nodes,
    because: 'the transactions that must be seen are on their way to a replica',
  };
}

// Not known to be further behind than the wait is long: only the knowledge is old. A fresh sample, and its arrival, will tell.
function waitForSample(replicas: readonly NodeView[], situation: Situation): WaitRoute | undefined {
  const { topology, intent, context } = situation;
  if (topology.primary === undefined || topology.frozenAt !== undefined) return undefined;
  const within = Math.max(intent.maxLagMs, context.policy.consistencyWaitMs);
  // What a delayed replica lacks comes when the delay is over.
  const allowed = ({ lag }: NodeView): number => (lag.replication === 'delayed' ? 0 : within);
  const nodes = replicas.filter(
    (node) => isMoving(node) && node.lag.low <= allowed(node) && whyUnfit(node, situation) === 'lag',
  );
  if (nodes.length === 0) return undefined;
  const because = 'no sample of the primary is new enough to tell the lag';
  return { type: 'wait', for: 'sample', nodes: inTurn(nodes, context.turn), because };
}

// A few, and each time others: a read that asks for the newest has every one of them wait.
function inTurn(nodes: readonly NodeView[], turn: number): readonly NodeView[] {
  if (nodes.length <= WAITING_NODES) return nodes;
  const start = turn % nodes.length;
  return [...nodes.slice(start), ...nodes.slice(0, start)].slice(0, WAITING_NODES);
}

function leastBehind(replicas: readonly NodeView[], situation: Situation): Route | undefined {
  const { topology, intent, context } = situation;
  const limit = context.policy.fallbackMaxLagMs;
  // Who allows nothing at all means it.
  if (limit === undefined || intent.maxLagMs === 0) return undefined;
  const relaxed = { ...situation, intent: { ...intent, maxLagMs: Math.max(limit, intent.maxLagMs) } };
  let best: NodeView | undefined;
  for (const node of replicas) {
    if (whyUnfit(node, relaxed) !== undefined) continue;
    if (best === undefined || highAt(node, topology, context.now) < highAt(best, topology, context.now)) best = node;
  }
  return (
    best && {
      type: 'use',
      node: best,
      because: 'no replica is fresh enough: the least behind, within fallbackMaxLagMs',
    }
  );
}

function withoutAnyReplica(replicas: readonly NodeView[], situation: Situation): Route {
  const { topology, intent, context } = situation;
  const { primary } = topology;
  const { primaryReads, primaryReadsMax } = context.policy;
  const because = why(replicas, situation);
  const held = primary && waitForHeld(primary, context);
  const onPrimary = intent.route !== 'replica' && primaryReads !== 'never' && primary !== undefined && !held;
  const spared = onPrimary ? undefined : outOfDuty(replicas, situation);
  if (spared) return spared;
  if (intent.route === 'replica') return waitOrFail(situation, `a replica was asked for: ${because}`);
  if (primaryReads === 'never') return waitOrFail(situation, `primaryReads is 'never': ${because}`);
  if (primary === undefined) return { type: 'wait', for: 'primary', nodes: [], because: topology.because };
  if (held) return held;
  // Where there are no replicas at all there is nothing to wait for.
  const full = replicas.length > 0 && (context.loads.get(primary.id)?.inFlight ?? 0) >= primaryReadsMax;
  if (full && intent.need?.unknownSince === undefined) {
    return {
      type: 'wait',
      for: 'replica',
      nodes: replicas,
      because: 'primaryReadsMax reads are on the primary already',
    };
  }
  return { type: 'use', node: primary, because };
}

/** While a primary that is to take nothing new holds its writes, everything that needs it waits. */
export function waitForHeld(primary: NodeView, { now, policy }: RouteContext): WaitRoute | undefined {
  if (primary.duty.status === 'online' || !holdsWrites(primary, { now, holdMs: policy.holdMs })) return undefined;
  return { type: 'wait', for: 'primary', nodes: [], because: `the primary takes nothing new: ${primary.duty.because}` };
}

// A table must not stop an application: what it takes out serves when nothing else can.
function outOfDuty(replicas: readonly NodeView[], situation: Situation): Route | undefined {
  const { context } = situation;
  const relaxed: Situation = { ...situation, lastResort: true };
  const left = replicas.filter((node) => whyUnfit(node, relaxed) === undefined);
  if (left.length === 0) return undefined;
  const node = context.policy.balance(left, context);
  return { type: 'use', node, because: `nothing else can serve, although ${node.duty.because}` };
}

function waitOrFail(situation: Situation, because: string): Route {
  const { topology, intent } = situation;
  if (!intent.waited) return { type: 'wait', for: 'replica', nodes: topology.replicas, because };
  const reasons = new Map<string, string>();
  for (const node of topology.nodes.values()) {
    const unfit = node.role === 'replica' ? whyUnfit(node, situation) : undefined;
    reasons.set(node.id, unfit === undefined ? node.because : unfitBecause(unfit, node));
  }
  return { type: 'fail', because, reasons };
}

/** The reason that stands for all: the one that came nearest to being fit. */
const NEAREST: readonly Unfit[] = ['ejected', 'gtids', 'lagging', 'lag', 'drained', 'blocked', 'tried', 'suspect'];
const FALLBACK: Readonly<Record<Unfit, string>> = {
  down: 'no replica is up',
  suspect: 'no replica is up',
  drained: 'all replicas are to take nothing new',
  tried: 'the replicas were tried and failed',
  blocked: 'no pool of a replica can connect now',
  lag: 'no replica is fresh enough',
  lagging: 'no replica is fresh enough: one that lagged is not clearly under maxLagMs yet',
  'unknown-write': 'a write ended without telling its GTID, and no sample of the primary was sent since',
  gtids: 'no replica has the transactions that must be seen',
  ejected: 'all replicas are left out for their errors or slowness',
};

function why(replicas: readonly NodeView[], situation: Situation): string {
  if (situation.intent.need?.unknownSince !== undefined) return FALLBACK['unknown-write'];
  if (situation.topology.replicas.length === 0) return 'there is no replica';
  const found = new Set(replicas.map((node) => whyUnfit(node, situation)));
  return FALLBACK[NEAREST.find((unfit) => found.has(unfit)) ?? 'down'];
}
