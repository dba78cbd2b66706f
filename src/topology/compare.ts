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
  for (const { id: node, address, health } of previous.nodes.values()) {
    if (next.nodes.has(node)) continue;
    const because = removal(next, address);
    changes.push({ type: 'nodeRemoved', node, address, previous: health, next: undefined, because });
  }
  return [...changes, ...comparePrimary(previous, next), ...compareSplit(previous, next)];
}

function removal(next: Compared, address: string): string {
  return next.addresses.has(address)
    ? 'another node answers at its address'
    : 'it fails, and no node names it any more';
}

function compareNode(before: NodeView | undefined, now: NodeView): Change[] {
  const { id: node, role, because } = now;
  const changes = compareHealth(before, now);
  const was = before?.role ?? 'unknown';
  if (role !== was) changes.push({ type: 'roleChanged', node, previous: was, next: role, because });
  return changes;
}

function compareHealth(before: NodeView | undefined, { id: node, address, health, lastFailure }: NodeView): Change[] {
  const about = { node, address, previous: before?.health, next: health };
  if (before === undefined) return [{ type: 'nodeAdded', ...about, because: `it answered at ${address}` }];
  if (health === 'down' && before.health !== 'down') {
    return [{ type: 'nodeDown', ...about, because: lastFailure?.message ?? 'its probe failed' }];
  }
  const returned = health === 'up' && before.health !== 'up' && isReturning(before);
  return returned ? [{ type: 'nodeUp', ...about, because: 'it answers again' }] : [];
}

function comparePrimary(previous: Compared, next: Compared): Change[] {
  const { generation, because } = next;
  if (next.primary === undefined) {
    if (previous.primary === undefined) return [];
    return [{ type: 'noPrimary', previous: previous.primary.id, next: undefined, because }];
  }
  const again = generation === previous.generation;
  if (again && next.primary.id === previous.primary?.id) return [];
  const was = again ? undefined : previous.believed;
  return [{ type: 'primaryChanged', previous: was, next: next.primary.id, generation, because }];
}

function compareSplit(previous: Compared, next: Compared): Change[] {
  const before = new Set(previous.splitBrain);
  const same = before.size === next.splitBrain.length && next.splitBrain.every((node) => before.has(node));
  if (same || next.splitBrain.length === 0) return [];
  return [{ type: 'splitBrain', previous: previous.splitBrain, next: next.splitBrain, because: next.because }];
}
