import { hasSource } from './following.js';
import type { NodeId } from './node-report.js';
import type { NodeView } from './topology.js';

/** A node's role, with its reason. */
export type Role = Pick<NodeView, 'role' | 'because'>;

const UNHEARD: Role = { role: 'unknown', because: 'it has not answered yet' };
const DENIED: Role = { role: 'unknown', because: 'it refuses the account of the probes' };
const REPLICA: Role = { role: 'replica', because: 'it has a replication source' };
const READ_ONLY: Role = { role: 'replica', because: 'it is read-only, and its sources may not be seen' };
const BELIEVED: Role = { role: 'primary', because: 'it was elected' };
const FENCED: Role = { role: 'unknown', because: 'it is read-only and has no replication source' };
const FORMER: Role = { role: 'unknown', because: 'it is writable, but another node took its place' };
const RIVAL: Role = { role: 'unknown', because: 'it is writable, but was not elected' };

/** A node's role by what it said last, and by the election. */
export function roleOf(node: NodeView, believed: NodeId | undefined): Role {
  const report = node.lastReport;
  if (report === undefined) return UNHEARD;
  if (node.lastFailure?.reason === 'denied' && node.lastFailure.sentAt > report.sentAt && node.id !== believed)
    return DENIED;
  if (hasSource(report)) return REPLICA;
  if (node.id === believed) return BELIEVED;
  if (!report.readOnly) return node.formerPrimary ? FORMER : RIVAL;
  return report.channels === undefined ? READ_ONLY : FENCED;
}
