import { isFresh } from '../topology/lag.js';
import type { NodeView, Topology } from '../topology/topology.js';
import type { Intent } from './intent.js';
import type { RouteContext } from './route.js';

/** Why a replica may not answer a read now: the first reason in this order. */
export type Unfit = 'down' | 'suspect' | 'tried' | 'blocked' | 'lag' | 'unknown-write' | 'gtids';

/** What a read is routed by. */
export interface Situation {
  readonly topology: Topology;
  readonly intent: Intent;
  readonly context: RouteContext;
}

/** Why this replica is not fit for the read; undefined when it is. */
export function whyUnfit(node: NodeView, { topology, intent, context }: Situation): Unfit | undefined {
  if (node.health !== 'up') return node.health;
  if (intent.tried.length > 0 && intent.tried.includes(node.id)) return 'tried';
  if ((context.loads.get(node.id)?.blockedUntil ?? 0) > context.now) return 'blocked';
  // An object made here costs less than a fourth parameter would in clarity: V8 never allocates it.
  if (!isFresh(node, topology, { now: context.now, maxLagMs: intent.maxLagMs })) return 'lag';
  const { need } = intent;
  if (need === undefined) return undefined;
  // Without a primary there is nobody to ask: reads go on with what was acknowledged.
  if (need.unknownSince !== undefined && topology.primary !== undefined) return 'unknown-write';
  return node.executed?.contains(need.gtids) ? undefined : 'gtids';
}

const WORDS: Readonly<Record<Unfit, string>> = {
  down: 'it is down',
  suspect: 'it missed a probe, or returns and has not answered often enough',
  tried: 'it was tried for this statement and failed',
  blocked: 'its pool cannot connect now',
  lag: 'it may lag more than maxLagMs',
  'unknown-write': 'a write ended without telling its GTID, and no sample of the primary was sent since',
  gtids: 'it lacks transactions that this read must see',
};

/** The reason in words. */
export function unfitBecause(unfit: Unfit): string {
  return WORDS[unfit];
}

/** Something that it waits for may still come: its replication is not known to stand still. */
export function isMoving({ lag }: NodeView): boolean {
  return lag.replication === 'running' || lag.replication === 'unknown' || lag.replication === 'delayed';
}
