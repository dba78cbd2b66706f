import { isThere } from './node-health.js';
import type { Address, LiveReport, NodeId, ReplicationChannel } from './node-report.js';
import type { AddressView, NodeView } from './topology.js';

/** What is needed to tell whom a channel points to. */
export interface Surroundings {
  readonly nodes: ReadonlyMap<string, NodeView>;
  readonly addresses: ReadonlyMap<Address, AddressView>;
  readonly resolve?: ((address: Address) => Address | undefined) | undefined;
}

/** True when the report's node has `source` as the source of a channel that it runs. */
export function follows(report: LiveReport, source: NodeView, around: Surroundings): boolean {
  return (report.channels ?? []).some((channel) => channel.io !== 'stopped' && pointsTo(channel, source, around));
}

// The identity is known once the channel has connected; before, and after a new CHANGE REPLICATION SOURCE, the address is all.
function pointsTo(channel: ReplicationChannel, source: NodeView, { addresses, resolve }: Surroundings): boolean {
  if (channel.sourceId !== undefined) return channel.sourceId === source.id;
  if (channel.source === source.lastReport?.advertised) return true;
  const address = resolve ? resolve(channel.source) : channel.source;
  return address !== undefined && addresses.get(address)?.node === source.id;
}

/** True when another node that answers replicates from `source`. */
export function isFollowed(source: NodeView, around: Surroundings): boolean {
  for (const node of around.nodes.values()) {
    if (node.id === source.id || node.lastReport === undefined || !isThere(node)) continue;
    if (follows(node.lastReport, source, around)) return true;
  }
  return false;
}

/**
 * The nodes that this report's node follows now and did not follow in `previous`. Where groups elect, it is the one that it names
 * as their writer now, perhaps itself, after it had named another.
 */
export function turnedTo(report: LiveReport, previous: LiveReport, around: Surroundings): readonly NodeView[] {
  const writer = writerOf(report);
  const before = writerOf(previous);
  const named = before === undefined || writer === before ? undefined : writer;
  return [...around.nodes.values()].filter(
    (node) =>
      node.id === named || (node.id !== report.id && follows(report, node, around) && !follows(previous, node, around)),
  );
}

/** The one node that a report's group lets be written to; undefined when there is none or several. */
function writerOf({ group }: LiveReport): NodeId | undefined {
  const [writer, ...others] = (group?.members ?? []).filter((member) => member.writer);
  return others.length === 0 ? writer?.id : undefined;
}

/** A source is configured, or may be: replicas, whatever their `read_only` says. */
export function hasSource(report: LiveReport): boolean {
  return report.channels !== undefined && report.channels.length > 0;
}

/** It answers, may be written to and has no source: it could be the primary. */
export function isCandidate(node: NodeView): boolean {
  const report = node.lastReport;
  return report !== undefined && isThere(node) && !report.readOnly && !hasSource(report);
}
