import type { LeaseSource } from '../cluster/lease-source.js';
import type { PhysicalConnection } from '../cluster/physical-connection.js';
import { type Classification, touchesRows } from '../sql/classification.js';
import { tracksItsSamples } from '../topology/samples.js';
import { type AnswerHeader, gtidsOf } from './answer.js';

/** How a statement ended. */
export interface Ending {
  readonly lease: PhysicalConnection;
  readonly headers: readonly AnswerHeader[];
  readonly inTransaction: boolean;
}

/** Takes in what a statement that succeeded wrote: everything that could have written counts for the reads that follow. */
export function rememberWrites(
  source: LeaseSource,
  classification: Classification,
  { lease, headers, inTransaction }: Ending,
): void {
  if (headers.length === 0 && classification.access === 'read') return;
  let told = false;
  for (const { stateChanges } of headers) {
    const gtids = stateChanges && gtidsOf(stateChanges);
    if (gtids === undefined || gtids.length === 0) continue;
    if (!tracksItsSamples(source.cluster.topology.nodes.get(lease.target.node))) break;
    told = true;
    source.scope.add(gtids);
  }
  if (!told && !inTransaction) rememberUntold(source, classification);
}

/** The same for a statement that ended without telling a GTID, also with an error. */
export function rememberUntold(source: LeaseSource, classification: Classification): void {
  const { functions, kind, effects } = classification;
  if (kind === 'empty') return;
  const commits = !source.hasGtids && effects.some((effect) => effect.type === 'commit');
  const wrote = touchesRows(classification) || functions.length > 0;
  if (wrote || commits) source.scope.addUnknown();
}
