import type { PhysicalConnection } from '../cluster/physical-connection.js';
import { forgetFunctions } from '../cluster/routine-catalog.js';
import type { SessionCore } from './session-core.js';

/** A replica refused a text that looked like a read: texts of its form go to the primary from now on, and an event says so. */
export function learnMisrouted({ source, classifier }: SessionCore, sql: string, { target }: PhysicalConnection): void {
  source.totals.misrouted++;
  classifier.learn(sql, target.address);
  forgetFunctions();
  source.cluster.tell('misrouted', { sql, node: target.node, because: 'the replica refused it as a write' });
}
