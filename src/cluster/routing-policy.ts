import type { Settings } from '../options.js';
import { balancers } from '../routing/balancers/balancers.js';
import type { RoutingPolicy } from '../routing/route.js';

/** The options that routing obeys. */
export function policyOf(settings: Settings): RoutingPolicy {
  return {
    balance: balancers[settings.balance],
    maxLagMs: settings.maxLagMs,
    primaryReads: settings.primaryReads,
    primaryReadsMax: settings.primaryReadsMax,
    fallbackMaxLagMs: settings.fallbackMaxLagMs,
    zone: settings.zone,
    consistencyWaitMs: settings.consistencyWaitMs,
    slowStartMs: settings.slowStartMs,
    poolMax: settings.pool.max,
    holdMs: settings.failover.holdMs,
  };
}
