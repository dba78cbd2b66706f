import type { Change } from './change.js';
import { isReturning } from './node-health.js';
import type { NodeView, Topology } from './topology.js';

type Compared = Omit<Topology, 'version'>;

/** What differs between two topologies, as data for events. */
export function compare(previous: Compared, next: Compared): readonly Change[] {
  const changes: Change[] = [];
  for (const node of next.nodes.values()) {
    const before = previous.nodes.get(node.id);
    if (before !== node) changes.push(...compareNode(before, node));
  }
  for (const { id, address } of previous.nodes.values()) {
    if (!next.nodes.has(id)) changes.push({ type: 'nodeRemoved', node: id, address, because: removal(next, address) });
  }
  return [...changes, ...comparePrimary(previous, next), ...compareSplit(previous, next)];
}

function removal(next: Compared, address: string): string {
  return next.addresses.has(address)
    ? 'another node answers at its address'
    : 'it fails, and no node names it any more';
}

function compareNode(
  before: NodeView | undefined,
  { id: node, address, health, role, because, lastFailure }: NodeView,
): Change[] {
  const changes: Change[] = [];
  if (before === undefined) changes.push({ type: 'nodeAdded', node, address, because: `it answered at ${address}` });
  else if (health === 'down' && before.health !== 'down') {
    changes.push({ type: 'nodeDown', node, address, because: lastFailure?.message ?? 'its probe failed' });
  } else if (health === 'up' && before.health !== 'up' && isReturning(before)) {
    changes.push({ type: 'nodeUp', node, address, because: 'it answers again' });
  }
  const was = before?.role ?? 'unknown';
  if (role !== was) changes.push({ type: 'roleChanged', node, previous: was, next: role, because });
  return changes;
}

function comparePrimary(previous: Compared, next: Compared): Change[] {
  const { generation, because } = next;
  if (next.primary === undefined) return previous.primary === undefined ? [] : [{ type: 'noPrimary', because }];
  const again = generation === previous.generation;
  if (again && next.primary.id === previous.primary?.id) return [];
  const was = again ? undefined : previous.believed;
  return [{ type: 'primaryChanged', previous: was, next: next.primary.id, generation, because }];
}

function compareSplit(previous: Compared, next: Compared): Change[] {
  const before = new Set(previous.splitBrain);
  const same = before.size === next.splitBrain.length && next.splitBrain.every((node) => before.has(node));
  if (same || next.splitBrain.length === 0) return [];
  return [{ type: 'splitBrain', nodes: next.splitBrain, because: next.because }];
}
