import { type CurrentBelief, FIRST_SURVEY_MS } from './election.js';
import { isThere } from './node-health.js';
import type { NodeId } from './node-report.js';
import type { NodeView } from './topology.js';

type Nodes = ReadonlyMap<NodeId, NodeView>;

/**
 * Of those who say that they take the writes, in a group that does not number its views, the ones that may be believed. Nothing
 * orders what they say: as in replication without a group, only a node that took the writes under our eyes takes the place of the
 * one believed in, or one that this names itself. Where it is gone for good, so does one that came later, when another names it.
 */
export function promotedWriters(
  writers: readonly NodeView[],
  nodes: Nodes,
  { believed, electedAt }: CurrentBelief,
): readonly NodeView[] {
  if (believed === undefined) return writers;
  const holder = writers.find((node) => node.id === believed);
  const before = nodes.get(believed);
  const isNew = (node: NodeView): boolean =>
    node.knownSince > electedAt + FIRST_SURVEY_MS && [...nodes.values()].some((other) => names(other, node));
  const isHeir = (node: NodeView): boolean => {
    if (node.promotable || (before && names(before, node))) return true;
    return !holder && !node.formerPrimary && (!before || (before.health === 'down' && isNew(node)));
  };
  const heirs = writers.filter((node) => node !== holder && isHeir(node));
  return heirs.length > 0 || holder === undefined ? heirs : [holder];
}

function names(node: NodeView, { id }: NodeView): boolean {
  const members = node.lastReport?.group?.members ?? [];
  return node.id !== id && isThere(node) && members.some((member) => member.id === id && member.writer);
}
