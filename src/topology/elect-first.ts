import { type ElectContext, type Election, elected, undecided } from './election.js';
import { follows, hasSource, isCandidate, isFollowed } from './following.js';
import { isThere } from './node-health.js';
import type { NodeView } from './topology.js';

const CIRCLE = 'every writable node has a replication source (where nodes replicate in a circle, name their roles)';

/** Elects for a process that believes in nobody yet: what the nodes say now is all there is. */
export function electFirst(candidates: readonly NodeView[], around: ElectContext): Election {
  const [leader, ...rivals] = candidates.filter((node) => isFollowed(node, around));
  const [only, ...others] = candidates;
  if (only === undefined) return none(isCircle(around) ? CIRCLE : 'no writable node has answered');
  const waiting = [...around.addresses.values()].find((view) => view.node === undefined && !view.lastFailure);
  if (others.length > 0) {
    const ids = candidates.map((node) => node.id);
    if (waiting)
      return { ...none(`several writable nodes, and ${waiting.address} has not been heard yet`), splitBrain: ids };
    if (leader === undefined || rivals.length > 0)
      return undecided(ids, 'several writable nodes, and no rule that tells');
    return { ...elected(leader, 'the others replicate from it'), splitBrain: ids };
  }
  if (leader) return elected(leader, 'the others replicate from it');
  if (waiting) return none(`${waiting.address} has not been heard yet`);
  const other = followerOfAnother(around);
  if (other) return none(`${other.address} replicates from a primary that is not known here`);
  return elected(only, 'it is the only writable node without a source');
}

// A replica whose channel is connected to something that is neither a candidate nor a replica itself: the primary is there.
function followerOfAnother(around: ElectContext): NodeView | undefined {
  const nodes = [...around.nodes.values()];
  const explained = nodes.filter(
    (node) => isCandidate(node) || (node.lastReport !== undefined && hasSource(node.lastReport)),
  );
  return nodes.find(({ lastReport, ...node }) => {
    if (lastReport === undefined || !isThere(node)) return false;
    const connected = (lastReport.channels ?? []).filter((channel) => channel.io === 'running');
    return connected.some(
      (channel) => !explained.some((source) => follows({ ...lastReport, channels: [channel] }, source, around)),
    );
  });
}

function isCircle({ nodes }: ElectContext): boolean {
  return [...nodes.values()].some((node) => isThere(node) && node.lastReport?.readOnly === false);
}

function none(because: string): Election {
  return { primary: undefined, because, splitBrain: [] };
}
