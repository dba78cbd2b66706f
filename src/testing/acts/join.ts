import type { ClusterState } from '../cluster-state.js';
import { ClusterActError } from '../errors.js';
import type { Member } from '../member.js';

/** By then a node that was killed has been expelled; what hinders the others otherwise ends with no node that joins. */
const REGROUP_MS = 10_000;

/** Starts a node that is down. One of a Galera cluster joins the others, and may first have been made empty. */
export async function join(state: ClusterState, member: Member): Promise<void> {
  const { galera } = state.flavor;
  const others = state.members.filter((other) => other !== member && other.state === 'running');
  // Who asks to join while the others expel a dead node can leave all of them without a majority.
  if (galera)
    await Promise.all(
      others.map((other) => regrouped(other, async () => (await galera.size(other.ask)) <= others.length)),
    );
  await member.start();
}

async function regrouped(member: Member, check: () => Promise<boolean>): Promise<void> {
  try {
    await member.until('the group to be without its dead', check, REGROUP_MS);
  } catch (error) {
    if (!(error instanceof ClusterActError && error.code === 'TIMED_OUT')) throw error;
  }
}
