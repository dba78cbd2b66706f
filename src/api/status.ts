import type { RuleOption } from '../rules.js';
import type { RefusedForm } from '../session/refused-forms.js';
import type { SessionCore } from '../session/session-core.js';
import type { ControlView } from '../topology/topology.js';
import { type NodeStatus, nodeStatus } from './node-status.js';

/** A snapshot of a cluster: frozen, and JSON as it is. */
export interface ClusterStatus {
  /** Version of this shape; a change that breaks readers raises it. */
  readonly schemaVersion: 1;
  readonly generation: number;
  /** The primary's address. */
  readonly primary: string | undefined;
  readonly because: string;
  readonly splitBrain: readonly string[];
  /** Statements that wait for a primary. */
  readonly held: number;
  /** Counted since the beginning: statements that were held, that were run again, and that a replica refused as writes. */
  readonly totals: { readonly held: number; readonly retried: number; readonly misrouted: number };
  /** Forms of statements that looked like reads and that a replica refused as writes; at most 1000, the latest last. */
  readonly misrouted: readonly RefusedForm[];
  /** The option `rules`, and how many statements each has decided or refused. */
  readonly rules: readonly {
    readonly because: string;
    readonly route: RuleOption['route'];
    readonly hits: number;
  }[];
  /** What the control table said last; undefined without the option `control`, and before it was read. */
  readonly control:
    | { readonly rows: number; readonly readAgoMs: number | undefined; readonly problem: string | undefined }
    | undefined;
  /** Why no write is sent although there is a primary: `requireSemiSync`. */
  readonly writesRefused: string | undefined;
  /** How many connections of this pool are bound to one of a node's, by reason: `'a transaction'`, `'a temporary table'`, … */
  readonly pins: Readonly<Record<string, number>>;
  readonly nodes: readonly NodeStatus[];
  /** Addresses that have not answered: address → why. */
  readonly unreachable: Readonly<Record<string, string>>;
}

/** Takes a snapshot. */
export function statusOf({ source, classifier, rules, pinned }: SessionCore): ClusterStatus {
  const { topology, errors, clock } = source.cluster;
  const now = clock.now();
  const unreachable = [...errors].map(([address, error]) => [address, error.message]);
  const status: ClusterStatus = {
    schemaVersion: 1,
    generation: topology.generation,
    primary: topology.primary?.address,
    because: topology.because,
    splitBrain: topology.splitBrain,
    held: source.held,
    totals: { ...source.totals },
    misrouted: classifier.refused.list(),
    rules: (rules?.hits() ?? []).map(({ rule: { because, route }, hits }) => ({ because, route, hits })),
    control: topology.control && controlStatus(topology.control, now),
    writesRefused: topology.writesRefused,
    pins: pinCounts(pinned),
    nodes: [...topology.nodes.values()].map((node) => nodeStatus({ node, topology, source, now })),
    unreachable: Object.fromEntries(unreachable),
  };
  return deepFreeze(status);
}

function controlStatus({ rows, readAt, problem }: ControlView, now: number): ClusterStatus['control'] {
  return { rows: rows.length, readAgoMs: readAt === undefined ? undefined : now - readAt, problem };
}

function pinCounts(pinned: SessionCore['pinned']): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { pins } of pinned) for (const pin of pins) counts[pin] = (counts[pin] ?? 0) + 1;
  return counts;
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
