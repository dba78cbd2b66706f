import { type ClusterState, requireRunning } from '../cluster-state.js';
import { ClusterActError } from '../errors.js';
import type { Member } from '../member.js';
import { electAnother } from './elect.js';
import { follow, waitApplied } from './follow.js';
import { livingReplicas, mostAdvanced, takeOver } from './promote.js';

/** A planned change of the primary: nothing is lost, and nothing is written meanwhile. */
export async function switchover(state: ClusterState, wanted: Member | undefined): Promise<Member> {
  const { flavor, settings } = state;
  const old = requireRunning(state.primary, 'switch over');
  if (flavor.group?.multiPrimary)
    throw new ClusterActError('UNSUPPORTED', 'no switchover in a group where every member is a primary');
  if (flavor.group) return electAnother(state, flavor.group, wanted);
  const target = wanted === undefined ? await mostAdvanced(state) : requireRunning(wanted, 'switch over');
  if (target === old) throw new ClusterActError('NODE_STATE', `${target.name} is the primary already`);
  try {
    await old.run(flavor.setReadOnly(true));
    const text = await flavor.executed(old.ask);
    await waitApplied(state, target, { text, timeoutMs: settings.timeoutMs });
  } catch (error) {
    await old.run(flavor.setReadOnly(false));
    throw error;
  }
  await takeOver(state, target);
  await Promise.all([...(await livingReplicas(state)), old].map((member) => follow(state, member)));
  return target;
}
