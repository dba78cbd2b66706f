import type { ClusterState } from '../cluster-state.js';
import { ClusterActError } from '../errors.js';
import type { ReplicationThread } from '../flavor.js';
import type { Member } from '../member.js';
import { follow, waitUntilReplicating } from './follow.js';

/** Stops a thread of a replica, or both; a member of a group leaves it, or goes on receiving only. */
export async function stopReplication(
  { flavor }: ClusterState,
  member: Member,
  thread: ReplicationThread | undefined,
): Promise<void> {
  if (flavor.group !== undefined && thread === 'sql') return member.lock();
  if (flavor.group !== undefined && thread === 'io') {
    throw new ClusterActError('UNSUPPORTED', 'a member of a group cannot stop receiving and stay: use partition');
  }
  await member.unlock();
  await member.run([flavor.stop(thread)]);
}

/** Starts both threads, or joins the group again, and waits until that is done. */
export async function startReplication(state: ClusterState, member: Member): Promise<void> {
  const { flavor } = state;
  await member.unlock();
  const left = flavor.group !== undefined && (await flavor.replicaState(member.ask)) === undefined;
  if (left) return follow(state, member);
  if (flavor.group === undefined) await member.run([flavor.start()]);
  await waitUntilReplicating(state, member);
}
