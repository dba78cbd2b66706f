import type { ClusterState } from '../cluster-state.js';
import type { Member } from '../member.js';

/** Accounts and databases on a new node, and binary logs that begin after them. */
export async function prepare(
  { flavor, settings }: Pick<ClusterState, 'flavor' | 'settings'>,
  member: Member,
): Promise<void> {
  await member.run([...flavor.accounts(settings.databases), ...flavor.resetLogs(member.version)]);
}
