import type { ClusterKind } from '../cluster-kind.js';
import type { Wishes } from './apply-context.js';
import type { Change } from './change.js';
import type { LiveReport } from './node-report.js';
import type { SemiSyncState, Topology } from './topology.js';

/** The part of the topology that semi-synchronous replication decides. */
export type SemiSynced = Pick<Topology, 'semiSync' | 'writesRefused'>;

/** What is known of the primary's semi-synchronous replication, and whether writes are refused because of it. */
export function noteSemiSync(
  previous: SemiSynced,
  primary: Topology['primary'],
  { requireSemiSync }: Wishes,
): SemiSynced {
  const report = primary?.lastReport;
  if (requireSemiSync === 'off' || report === undefined) {
    return { semiSync: previous.semiSync, writesRefused: previous.writesRefused };
  }
  const semiSync = stateOf(report);
  const refused = requireSemiSync === 'refuse' && semiSync !== undefined && semiSync !== 'on';
  return { semiSync, writesRefused: refused ? `${WORDS[semiSync]}, and requireSemiSync is 'refuse'` : undefined };
}

const WORDS: Readonly<Record<SemiSyncState, string>> = {
  on: 'the primary replicates semi-synchronously',
  off: 'semi-synchronous replication is not turned on on the primary',
  degraded: 'the primary has fallen back to asynchronous replication',
};

const REPLICATING: ReadonlySet<ClusterKind> = new Set([
  'gtid-replication',
  'mariadb-replication',
  'position-replication',
]);

// Groups agree before they commit, and Amazon's storage is shared: there is nothing to require of them.
function stateOf({ kind, semiSync }: LiveReport): SemiSyncState | undefined {
  if (!REPLICATING.has(kind)) return undefined;
  return semiSync?.source ?? 'off';
}

/** The event of a change. That it is on from the beginning is none. */
export function compareSemiSync(
  previous: SemiSynced['semiSync'],
  next: SemiSynced['semiSync'],
  primary: Topology['primary'],
): readonly Change[] {
  if (next === undefined || primary === undefined || next === previous) return [];
  if (previous === undefined && next === 'on') return [];
  const { id: node, address } = primary;
  return [{ type: 'degraded', node, address, previous: previous ?? 'unknown', next, because: WORDS[next] }];
}
