import type { ApplyContext } from './apply-context.js';
import { ON_DUTY } from './duty.js';
import { hasSource, turnedTo } from './following.js';
import { noLag } from './lag.js';
import { afterAnswer, afterFailure } from './node-health.js';
import type { FailedReport, LiveReport, NodeId } from './node-report.js';
import type { AddressView, NodeView, Topology } from './topology.js';

type Nodes = ReadonlyMap<NodeId, NodeView>;
type AnswerContext = ApplyContext & { readonly addresses: ReadonlyMap<string, AddressView> };

/** The nodes after one of them answered. */
export function noteAnswer(topology: Topology, report: LiveReport, context: AnswerContext): Nodes {
  const previous = topology.nodes.get(report.id);
  if (previous?.lastReport && previous.lastReport.sentAt > report.sentAt) return topology.nodes;
  const nodes = new Map(topology.nodes);
  nodes.set(
    report.id,
    answered(previous ?? newNode(report, context), report, { topology, context, known: previous !== undefined }),
  );
  const last = previous?.lastReport;
  // Somebody turned to another source since the believed primary was elected: that source is newer than it.
  if (last !== undefined && last.sentAt >= topology.electedAt) {
    for (const node of turnedTo(report, last, { ...context, nodes })) {
      nodes.set(node.id, { ...node, promotable: true, formerPrimary: false });
    }
  }
  return nodes;
}

function newNode(report: LiveReport, context: AnswerContext): NodeView {
  return {
    id: report.id,
    address: report.address,
    addresses: [report.address],
    traits: context.traitsOf([report.address]),
    role: 'unknown',
    because: '',
    health: 'up',
    failures: 0,
    successes: 0,
    knownSince: report.sentAt,
    lastReport: undefined,
    lastFailure: undefined,
    executed: undefined,
    arrivedAt: undefined,
    lag: noLag,
    formerPrimary: false,
    promotable: false,
    claims: 0,
    duty: ON_DUTY,
    maxConnections: undefined,
    servingSince: Number.NEGATIVE_INFINITY,
  };
}

interface Answering {
  readonly topology: Topology;
  readonly context: AnswerContext;
  readonly known: boolean;
}

function answered(node: NodeView, report: LiveReport, { topology, context, known }: Answering): NodeView {
  const replica = hasSource(report) || (report.channels === undefined && report.readOnly);
  const fresh = report.sentAt >= topology.electedAt;
  // A former primary that is read-only may just have been fenced: only following another one makes it a replica.
  const demoted = fresh && (replica || (report.readOnly && !node.formerPrimary));
  // What arrived while the probe was under way is missing in its answer. Otherwise the answer is all: nodes can lose.
  const behind = node.arrivedAt !== undefined && node.arrivedAt > report.sentAt;
  return {
    ...node,
    ...afterAnswer(known ? node : undefined, context),
    lastReport: report,
    executed: behind && node.executed && report.executed ? report.executed.union(node.executed) : report.executed,
    promotable: node.promotable || demoted,
    formerPrimary: node.formerPrimary && !demoted,
  };
}

/** The nodes after a probe failed. Only the address in use tells of its node; others may be names that went out of use. */
export function noteFailure(topology: Topology, report: FailedReport, context: ApplyContext): Nodes {
  const id = topology.addresses.get(report.address)?.node;
  const node = id === undefined ? undefined : topology.nodes.get(id);
  if (node === undefined || node.address !== report.address) return topology.nodes;
  return new Map(topology.nodes).set(node.id, { ...node, ...afterFailure(node, report, context), lastFailure: report });
}
