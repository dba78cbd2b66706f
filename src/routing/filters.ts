import { isFresh, isSampledSince } from '../topology/lag.js';
import type { NodeView, Topology } from '../topology/topology.js';
import type { Intent } from './intent.js';
import type { RouteContext } from './route.js';

/** Why a replica may not answer a read now: the first reason in this order. */
export type Unfit =
  | 'down'
  | 'suspect'
  | 'drained'
  | 'tried'
  | 'blocked'
  | 'lag'
  | 'lagging'
  | 'unknown-write'
  | 'gtids'
  | 'ejected';

/** What a read is routed by. */
export interface Situation {
  readonly topology: Topology;
  readonly intent: Intent;
  readonly context: RouteContext;
  /** Nothing else is left: what only a table takes out may serve all the same. */
  readonly lastResort?: true;
}

/** Why this replica is not fit for the read; undefined when it is. */
export function whyUnfit(node: NodeView, situation: Situation): Unfit | undefined {
  const { topology, intent, context } = situation;
  if (node.health !== 'up') return node.health;
  if (node.duty.status !== 'online' && (node.duty.own || situation.lastResort === undefined)) return 'drained';
  if (intent.tried.length > 0 && intent.tried.includes(node.id)) return 'tried';
  const load = context.loads.get(node.id);
  if (load !== undefined && load.blockedUntil > context.now) return 'blocked';
  const { maxLagMs } = intent;
  // An object made here costs less than a fourth parameter would in clarity: V8 never allocates it.
  if (!isFresh(node, topology, { now: context.now, maxLagMs, begunAt: context.begunAt })) return 'lag';
  if (load?.lagging && maxLagMs === context.policy.maxLagMs && mayFlap(node, topology, context)) return 'lagging';
  const { need } = intent;
  if (need !== undefined) {
    // Without a primary there is nobody to ask: reads go on with what was acknowledged.
    const { unknownSince } = need;
    if (unknownSince !== undefined && topology.primary !== undefined && !hasAllUntil(node, unknownSince)) {
      return 'unknown-write';
    }
    if (!node.executed?.contains(need.gtids)) return 'gtids';
  }
  // The last reason: who has no other is still better than none.
  return load !== undefined && load.ejectedUntil > context.now ? 'ejected' : undefined;
}

// Without a primary nothing comes and goes; and a sample that was sent after the read began leaves no doubt.
function mayFlap(node: NodeView, topology: Topology, { begunAt }: RouteContext): boolean {
  return topology.primary !== undefined && !isSampledSince(node, begunAt);
}

// Also where no GTIDs tell it: all that was acknowledged before is there.
function hasAllUntil({ lag }: NodeView, time: number): boolean {
  return lag.caughtUpTo !== undefined && lag.caughtUpTo >= time;
}

const WORDS: Readonly<Record<Unfit, string>> = {
  down: 'it is down',
  suspect: 'it returns and has not answered often enough',
  drained: 'it is to take nothing new',
  tried: 'it was tried for this statement and failed',
  blocked: 'its pool cannot connect now',
  lag: 'it may lag more than maxLagMs',
  lagging: 'it lagged more than maxLagMs, and is not clearly under it yet',
  'unknown-write': 'a write ended without telling its GTID, and no sample of the primary was sent since',
  gtids: 'it lacks transactions that this read must see',
  ejected: 'it is left out for a while: too many of the last reads there failed, or were far slower than on others',
};

/** The reason in words, with what is known of the node. */
export function unfitBecause(unfit: Unfit, { lag, failures, lastFailure, duty }: NodeView): string {
  if (unfit === 'drained') return duty.because;
  if (unfit === 'lag' || unfit === 'lagging') return `${WORDS[unfit]}; ${lag.because}`;
  const failed = failures > 0 && (unfit === 'down' || unfit === 'suspect') ? lastFailure : undefined;
  if (failed === undefined) return WORDS[unfit];
  return `${unfit === 'down' ? WORDS.down : 'it missed a probe'}: ${failed.message}`;
}

/** Something that it waits for may still come: its replication is not known to stand still. */
export function isMoving({ lag: { replication } }: NodeView): boolean {
  return replication !== 'stopped' && replication !== 'broken' && replication !== 'none';
}
