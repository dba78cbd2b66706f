import { type ClusterState, requireRunning } from '../cluster-state.js';
import { ClusterActError } from '../errors.js';
import type { Member } from '../member.js';
import { electAnother } from './elect.js';
import { follow, waitApplied } from './follow.js';

/** Makes a replica the primary after it has applied what it received, and repoints the other living replicas; a group elects. */
export async function promote(state: ClusterState, wanted: Member | undefined): Promise<Member> {
  if (state.flavor.group) return electAnother(state, state.flavor.group, wanted);
  const target = wanted === undefined ? await mostAdvanced(state) : requireRunning(wanted, 'promote');
  if (target === state.primary) throw new ClusterActError('NODE_STATE', `${target.name} is the primary already`);
  await applyReceived(state, target);
  await takeOver(state, target);
  await Promise.all((await livingReplicas(state)).map((member) => follow(state, member)));
  return target;
}

/** Ends replication on the node, makes it writable, and calls it the primary. */
export async function takeOver(state: ClusterState, target: Member): Promise<void> {
  const { flavor } = state;
  await target.run([...flavor.leave, ...flavor.setReadOnly(false)]);
  target.readOnly = false;
  state.primary = target;
}

/** The running nodes that are configured to replicate, the primary not among them. */
export async function livingReplicas(state: ClusterState): Promise<Member[]> {
  const running = state.members.filter((member) => member !== state.primary && member.state === 'running');
  const replicas = await Promise.all(running.map((member) => state.flavor.replicaState(member.ask)));
  return running.filter((_, index) => replicas[index] !== undefined);
}

/** The living replica that has received the most transactions; none behind a partition. */
export async function mostAdvanced(state: ClusterState): Promise<Member> {
  const replicas = (await livingReplicas(state)).filter((member) => !state.network.isCut(member.number));
  const counts = await Promise.all(replicas.map((member) => received(state, member)));
  const best = counts.indexOf(Math.max(...counts));
  const member = replicas[best];
  if (member !== undefined) return member;
  throw new ClusterActError(
    'NO_CANDIDATE',
    `no living replica among ${state.members.map(({ name }) => name).join(', ')}`,
  );
}

async function received({ flavor }: ClusterState, member: Member): Promise<number> {
  const replica = await flavor.replicaState(member.ask);
  return flavor.count(member.ask, replica?.received ?? '');
}

async function applyReceived({ flavor, settings, ...rest }: ClusterState, target: Member): Promise<void> {
  const before = await flavor.replicaState(target.ask);
  if (before === undefined) throw new ClusterActError('NODE_STATE', `${target.name} is no replica`);
  if (before.delaySeconds > 0 && flavor.delayKeepsReceived) await target.run(flavor.setDelay(0));
  await target.run([flavor.stop('io'), flavor.start('sql')]);
  const after = await flavor.replicaState(target.ask);
  const position = { text: after?.received ?? '', timeoutMs: settings.timeoutMs };
  if (position.text !== '') await waitApplied({ flavor, settings, ...rest }, target, position);
}
