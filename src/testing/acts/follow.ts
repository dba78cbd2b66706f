import type { ClusterState } from '../cluster-state.js';
import { CREDENTIALS } from '../credentials.js';
import { ClusterActError } from '../errors.js';
import type { Member } from '../member.js';

/** Makes a running node a read-only replica of the primary and waits until both threads run. */
export async function follow(state: ClusterState, member: Member): Promise<void> {
  const { flavor, primary } = state;
  const source = { host: primary.host, port: primary.port, ...CREDENTIALS.replication, follower: member.number };
  if (member === primary)
    throw new ClusterActError('NODE_STATE', `${member.name} is the primary: promote another node first`);
  member.readOnly = true;
  await member.run([...flavor.setReadOnly(true), flavor.stop(), ...flavor.follow(source)]);
  await waitUntilForgotten(state, member);
  await member.run([flavor.start()]);
  await waitUntilReplicating(state, member);
}

// A group that has not yet noticed that a member is gone does not let it in again.
async function waitUntilForgotten({ flavor: { group }, primary }: ClusterState, member: Member): Promise<void> {
  const { serverUuid = '' } = member;
  if (group === undefined) return;
  const check = async (): Promise<boolean> => !(await group.knows(primary.ask, serverUuid));
  await primary.until(`its group to expel ${member.name}`, check);
}

/** Waits until both threads run; not, when a partition is in the way. Throws `ClusterActError` when the node gave up (`STATEMENT_FAILED`) or takes too long. */
export async function waitUntilReplicating({ flavor, network, primary }: ClusterState, member: Member): Promise<void> {
  if (network.isCut(member.number) || network.isCut(primary.number)) return;
  let error = '';
  const check = async (): Promise<boolean> => {
    const replica = await flavor.replicaState(member.ask);
    error = replica?.error ?? 'no source is configured';
    if (replica !== undefined && (replica.ioStopped || !replica.sqlRunning) && error !== '') {
      throw new ClusterActError('STATEMENT_FAILED', `replication stopped on ${member.name}: ${error}`);
    }
    return replica?.ioRunning === true && replica.sqlRunning;
  };
  await member.until('both replication threads to run', check);
}

/** Waits until the node has applied that position. */
export async function waitApplied(
  state: ClusterState,
  member: Member,
  position: { text: string; timeoutMs: number },
): Promise<void> {
  const check = (): Promise<boolean> =>
    state.flavor.applied(member.ask, position.text, Math.min(1, position.timeoutMs / 1000));
  await member.until(`transactions up to ${position.text || 'nothing'} to be applied`, check, position.timeoutMs);
}
