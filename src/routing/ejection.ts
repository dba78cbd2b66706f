import type { NodeId } from '../topology/node-report.js';
import type { NodeView } from '../topology/topology.js';

/** How one node answered lately. */
export interface Conduct {
  /** Moving average of the response time in ms; 0 before the first. */
  readonly responseMs: number;
  readonly respondedAt: number;
  /** Share of the last answers that did not come or were slow, 0 to 1. */
  readonly badShare: number;
  /** Since when that has been too much, ms. */
  readonly badSince: number | undefined;
  readonly lastBad: 'lost' | 'slow' | undefined;
  readonly ejectedUntil: number;
  /** How often in a row it was left out. */
  readonly ejections: number;
}

/** The options that decide. */
export interface EjectionPolicy {
  /** Share of bad answers, in percent; 0: no node is ever left out. */
  readonly ejectPercent: number;
  readonly ejectSlowFactor: number;
  /** For how long at first. */
  readonly ejectMs: number;
}

/** A node that is to be left out. */
export interface Ejected {
  readonly node: NodeView;
  readonly forMs: number;
  readonly because: string;
}

/** What is older than this tells nothing of how fast a node is now, ms. */
const RECENT_MS = 10_000;
/** No answer that is faster than this counts as slow, ms: short statements differ by far more than servers do. */
const LEAST_SLOW_MS = 200;
const LONGEST_MS = 300_000;
/** Who behaved for so long after it came back begins anew, ms. */
const FORGIVEN_MS = 60_000;

/** From when on an answer of this node counts as slow: so many times the median of what the others take. `Infinity` without others. */
export function slowOverMs(
  node: NodeId,
  conducts: ReadonlyMap<NodeId, Conduct>,
  {
    replicas,
    now,
    policy,
  }: { readonly replicas: readonly NodeView[]; readonly now: number; readonly policy: EjectionPolicy },
): number {
  const others = replicas
    .flatMap(({ id }) => (id === node ? [] : (conducts.get(id) ?? [])))
    .filter(
      ({ responseMs, respondedAt, ejectedUntil }) =>
        responseMs > 0 && now - respondedAt < RECENT_MS && ejectedUntil <= now,
    )
    .map(({ responseMs }) => responseMs)
    .sort((a, b) => a - b);
  const median = others[Math.floor((others.length - 1) / 2)];
  return median === undefined ? Number.POSITIVE_INFINITY : Math.max(LEAST_SLOW_MS, median * policy.ejectSlowFactor);
}

/**
 * Which replicas are to be left out now, the worst first: never more than half of them at a time. How long grows with each time that
 * one comes back and is no better.
 */
export function toEject(
  replicas: readonly NodeView[],
  conducts: ReadonlyMap<NodeId, Conduct>,
  { now, policy }: { readonly now: number; readonly policy: EjectionPolicy },
): readonly Ejected[] {
  if (policy.ejectPercent === 0) return [];
  const out = replicas.filter(({ id }) => (conducts.get(id)?.ejectedUntil ?? 0) > now).length;
  const room = Math.max(0, Math.floor(replicas.length / 2) - out);
  const share = ({ id }: NodeView): number => conducts.get(id)?.badShare ?? 0;
  return replicas
    .filter((node) => (conducts.get(node.id)?.ejectedUntil ?? 0) <= now && isBad(node, conducts.get(node.id)?.badSince))
    .sort((a, b) => share(b) - share(a))
    .slice(0, room)
    .map((node) => ejected(node, conducts.get(node.id)!, policy));
}

function ejected(node: NodeView, { ejections, lastBad }: Conduct, policy: EjectionPolicy): Ejected {
  const what =
    lastBad === 'slow'
      ? `took ${policy.ejectSlowFactor} times as long as on other replicas`
      : 'lost their connection or got no answer in time';
  return {
    node,
    forMs: Math.min(LONGEST_MS, policy.ejectMs * 2 ** Math.min(ejections, 30)),
    because: `${policy.ejectPercent} % or more of its last reads ${what}`,
  };
}

// It answers probes all the same: what does not is down, or soon will be, and that is another matter.
function isBad({ lastReport }: NodeView, badSince: number | undefined): boolean {
  return badSince !== undefined && lastReport !== undefined && lastReport.sentAt > badSince;
}

/** True when what was is forgotten: it has answered well for as long as it was left out last, and a minute at least. */
export function isForgiven({ ejections, ejectedUntil }: Conduct, now: number, policy: EjectionPolicy): boolean {
  const last = Math.min(LONGEST_MS, policy.ejectMs * 2 ** Math.max(0, ejections - 1));
  return ejections > 0 && now > ejectedUntil + Math.max(FORGIVEN_MS, last);
}
