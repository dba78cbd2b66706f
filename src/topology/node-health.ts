import type { FailedReport } from './node-report.js';
import type { NodeView } from './topology.js';

/** What of a node's view tells whether it is there. */
export type HealthState = Pick<NodeView, 'health' | 'failures' | 'successes'>;

/** How many probes count. */
export interface HealthContext {
  readonly failures: number;
  readonly successes: number;
}

/**
 * A node that answered. New ones are up at once; one that was down proves itself first; one that only missed a probe is
 * up again: hysteresis on the safe side only.
 */
export function afterAnswer(node: HealthState | undefined, { successes: needed }: HealthContext): HealthState {
  const successes = (node?.successes ?? 0) + 1;
  const returning = node !== undefined && isReturning(node);
  return { health: returning && successes < needed ? 'suspect' : 'up', failures: 0, successes };
}

/** It was down, and has not answered often enough since. */
export function isReturning({ health, failures }: HealthState): boolean {
  return health === 'down' || (health === 'suspect' && failures === 0);
}

/** A node whose probe failed. Refused or reset connections tell at once; a server that is full or denies us lives. */
export function afterFailure(node: HealthState, { reason }: FailedReport, context: HealthContext): HealthState {
  switch (reason) {
    case 'full':
      return node;
    case 'denied':
      return { ...node, health: node.health === 'down' ? 'down' : 'suspect', successes: 0 };
    case 'gone':
    case 'timeout':
    case 'error': {
      const failures = node.failures + 1;
      const down = reason === 'gone' || isReturning(node) || failures >= context.failures;
      return { health: down ? 'down' : 'suspect', failures, successes: 0 };
    }
    default: {
      const never: never = reason;
      return never;
    }
  }
}

/** The last probe was answered, or refused in a way that only a living server does. */
export function isThere(node: HealthState): boolean {
  return node.failures === 0 && node.health !== 'down';
}
