import { type Election, elected, undecided } from './election.js';
import type { NodeId } from './node-report.js';
import type { NodeView } from './topology.js';

/** Elects by the roles that the user gave; undefined when none were given. No word of a server counts, but that it answers. */
export function electByRole(nodes: ReadonlyMap<NodeId, NodeView>): Election | undefined {
  const given = [...nodes.values()].filter(({ traits }) => traits.role !== undefined);
  if (given.length === 0) return undefined;
  const primaries = given.filter(({ traits }) => traits.role === 'primary');
  const living = primaries.filter(({ health }) => health !== 'down');
  if (living.length > 1) {
    const ids = living.map(({ id }) => id);
    return undecided(ids, 'the address that was given the role of the primary leads to several nodes');
  }
  const primary = living[0] ?? primaries[0];
  if (primary === undefined) return none('no node has answered that was given the role of the primary');
  if (primary.health === 'down') return none(`the primary ${primary.address} is down`);
  return elected(primary, 'it was given the role of the primary');
}

function none(because: string): Election {
  return { primary: undefined, because, splitBrain: [] };
}
