import { electByRole } from './elect-by-role.js';
import { electByView } from './elect-by-view.js';
import { electFirst } from './elect-first.js';
import { electHeir } from './elect-heir.js';
import { type CurrentBelief, type ElectContext, type Election, elected, undecided } from './election.js';
import { isCandidate, isFollowed } from './following.js';
import type { NodeId } from './node-report.js';
import type { NodeView } from './topology.js';

/**
 * Tells which node is the primary; the first rule that matches wins (DESIGN §7).
 * (0) Roles that the user gave.
 * (1) A node with a configured source is a replica, and a read-only one takes no writes.
 * (2) What a group itself says: its view, or Aurora's writer. Where there is a group nothing else elects.
 * (3) The node that the others replicate from.
 * (4) The one believed in, until it is gone and a node that was promoted since holds what it had.
 * (5) None.
 * A process that believes in a primary moves only to a `promotable` node: one that became what it is in this generation.
 * Nothing else tells a new primary from an old one that has returned.
 */
export function electPrimary(
  nodes: ReadonlyMap<NodeId, NodeView>,
  current: CurrentBelief,
  context: Omit<ElectContext, 'nodes'>,
): Election {
  const around: ElectContext = { ...context, nodes };
  const given = electByRole(nodes) ?? electByView(around, current);
  if (given !== undefined) return given;
  const candidates = [...nodes.values()].filter(isCandidate);
  if (current.believed === undefined) return electFirst(candidates, around);
  const believed = nodes.get(current.believed);
  const rivals = candidates.filter((node) => node !== believed);
  if (believed === undefined || !isCandidate(believed)) return electHeir(rivals, { believed, current, around });
  return rivals.length === 0 ? elected(believed, 'it is writable and has no source') : defend(believed, rivals, around);
}

// The believed primary answers and can be written to, and so can others.
function defend(believed: NodeView, rivals: readonly NodeView[], around: ElectContext): Election {
  const all = [believed, ...rivals].map((node) => node.id);
  const followed = rivals.filter((node) => isFollowed(node, around));
  const proven = followed.filter((node) => node.promotable);
  if (isFollowed(believed, around)) {
    if (proven.length > 0) return undecided(all, 'several writable nodes have replicas that follow them');
    return { ...elected(believed, 'it is writable and others replicate from it'), splitBrain: all };
  }
  const [heir] = proven;
  if (heir && followed.length === 1) return elected(heir, 'the others replicate from it');
  if (followed.length > 0) return undecided(all, 'replicas follow a writable node that was not seen being promoted');
  return { ...elected(believed, 'it was the primary, and nobody follows the other writable nodes'), splitBrain: all };
}
