import { hasSource } from './following.js';
import type { MemberState, NodeId } from './node-report.js';
import type { NodeView } from './topology.js';

/** A node's role, with its reason. */
export type Role = Pick<NodeView, 'role' | 'because'>;

const UNHEARD: Role = { role: 'unknown', because: 'it has not answered yet' };
const DENIED: Role = { role: 'unknown', because: 'it refuses the account of the probes' };
const REPLICA: Role = { role: 'replica', because: 'it has a replication source' };
const READ_ONLY: Role = { role: 'replica', because: 'it is read-only, and its sources may not be seen' };
const MEMBER: Role = { role: 'replica', because: 'it is a member of the group, and another one takes the writes' };
const GIVEN: Role = { role: 'replica', because: 'it was given the role of a replica' };
const BELIEVED: Role = { role: 'primary', because: 'it was elected' };
const FENCED: Role = { role: 'unknown', because: 'it is read-only and has no replication source' };
const FORMER: Role = { role: 'unknown', because: 'it is writable, but another node took its place' };
const RIVAL: Role = { role: 'unknown', because: 'it is writable, but was not elected' };

/** Members of a group that serve nothing. */
const ABSENT: Readonly<Record<Exclude<MemberState, 'online'>, Role>> = {
  joining: { role: 'unknown', because: 'it joins its group, and has not caught up' },
  donor: { role: 'unknown', because: 'it serves another member that joins, or was taken out of its group on purpose' },
  unreachable: { role: 'unknown', because: 'its group cannot reach it' },
  left: { role: 'unknown', because: 'it has left its group' },
};

/** A node's role by what it said last, and by the election. */
export function roleOf(node: NodeView, believed: NodeId | undefined): Role {
  const report = node.lastReport;
  if (report === undefined) return UNHEARD;
  if (node.lastFailure?.reason === 'denied' && node.lastFailure.sentAt > report.sentAt && node.id !== believed)
    return DENIED;
  if (node.traits.role !== undefined) return node.id === believed ? BELIEVED : GIVEN;
  const state = report.group?.state;
  if (state === 'joining' || (state === 'donor' && node.id !== believed)) return ABSENT[state];
  if (hasSource(report)) return REPLICA;
  if (node.id === believed) return BELIEVED;
  if (state !== undefined) return state === 'online' ? MEMBER : ABSENT[state];
  if (!report.readOnly) return node.formerPrimary ? FORMER : RIVAL;
  return report.channels === undefined ? READ_ONLY : FENCED;
}
