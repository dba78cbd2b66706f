import { type ClusterState, requireRunning } from '../cluster-state.js';
import { ClusterActError } from '../errors.js';
import type { GroupStatements } from '../flavor.js';
import type { Member } from '../member.js';

/**
 * The group has another primary afterwards: the wanted one, or one of its own choice. Where the old one is gone the group elects
 * by itself, and this waits until it has.
 */
export async function electAnother(
  state: ClusterState,
  group: GroupStatements,
  wanted: Member | undefined,
): Promise<Member> {
  if (wanted !== undefined) requireRunning(wanted, 'make it the primary');
  if (wanted === state.primary) throw new ClusterActError('NODE_STATE', `${wanted.name} is the primary already`);
  const alive = await reigns(state, group, state.primary);
  const elected = alive ? await change(state, group, wanted) : await elect(state, group, wanted);
  // One that is only cut off, or paused, becomes a secondary by itself; one that is down returns as it was.
  if (state.primary.state !== 'down') state.primary.readOnly = true;
  elected.readOnly = false;
  state.primary = elected;
  return elected;
}

/** The node begins a new group, alone, and is its primary: what is done after the majority was lost for good. */
export async function bootstrap(state: ClusterState, group: GroupStatements, member: Member): Promise<void> {
  await requireRunning(member, 'begin a group').run(group.bootstrap(member.number));
  member.readOnly = false;
  state.primary = member;
  await member.until('its new group', async () => (await group.reigns(member.ask)) !== undefined);
}

async function reigns({ network }: ClusterState, group: GroupStatements, member: Member): Promise<boolean> {
  if (member.state !== 'running' || network.isCut(member.number)) return false;
  return (await group.reigns(member.ask)) !== undefined;
}

async function change(state: ClusterState, group: GroupStatements, wanted: Member | undefined): Promise<Member> {
  const target = wanted ?? (await anotherMember(state));
  if (group.multiPrimary) return target;
  await state.primary.ask(group.setPrimary(target.serverUuid ?? ''));
  await target.until('the group to make it the primary', () => reigns(state, group, target));
  return target;
}

async function elect(state: ClusterState, group: GroupStatements, wanted: Member | undefined): Promise<Member> {
  const others = state.members.filter((member) => member !== state.primary);
  const what = 'the group to elect another primary (it needs a majority of its members)';
  const elected = await state.primary.until(what, () => newest(state, group, others));
  if (wanted === undefined || wanted === elected) return elected;
  if (!group.multiPrimary) await elected.ask(group.setPrimary(wanted.serverUuid ?? ''));
  await wanted.until('the group to make it the primary', () => reigns(state, group, wanted));
  return wanted;
}

// A member that was cut off goes on in its old view for a while.
async function newest(
  { network }: ClusterState,
  group: GroupStatements,
  members: readonly Member[],
): Promise<Member | undefined> {
  const asked = members.filter((member) => member.state === 'running' && !network.isCut(member.number));
  const views = await Promise.all(asked.map(async (member) => (await group.reigns(member.ask)) ?? -1));
  const best = Math.max(-1, ...views);
  return best < 0 ? undefined : asked[views.indexOf(best)];
}

async function anotherMember({ members, primary, flavor, network }: ClusterState): Promise<Member> {
  for (const member of members) {
    if (member === primary || member.state !== 'running' || network.isCut(member.number)) continue;
    if ((await flavor.replicaState(member.ask))?.sqlRunning === true) return member;
  }
  throw new ClusterActError('NO_CANDIDATE', `no other member of the group is online beside ${primary.name}`);
}
