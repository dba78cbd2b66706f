import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { balancers } from '../../src/routing/balancers/balancers.js';
import { explainRoute, type RouteContext, route } from '../../src/routing/choose.js';
import type { Intent } from '../../src/routing/intent.js';
import type { NodeLoad, RoutingPolicy } from '../../src/routing/route.js';
import type { Duty, NodeView } from '../../src/topology/topology.js';
import { address, applyAll, gtids, type ShortReport, seeded } from '../unit/topology/build.js';

/** Replicas of A, which was sampled at 0 (`A:1-10`) and at 1000 (`A:1-20`); now is 1100 unless given. */
interface Case {
  readonly name: string;
  readonly replicas: Readonly<Record<string, Partial<ShortReport>>>;
  /** Reports after those. */
  readonly then?: readonly ShortReport[];
  readonly now?: number;
  /** When the statement began; `now` unless given. */
  readonly begunAt?: number;
  readonly intent?: Partial<Omit<Intent, 'need'>> & { readonly need?: string; readonly unknownSince?: number };
  readonly policy?: Partial<Omit<RoutingPolicy, 'balance'>>;
  readonly zones?: Readonly<Record<string, string>>;
  readonly weights?: Readonly<Record<string, number>>;
  /** Out of duty since 0 unless said otherwise. */
  readonly duties?: Readonly<Record<string, Partial<Duty>>>;
  /** When a node began to serve. */
  readonly serving?: Readonly<Record<string, number>>;
  readonly maxConnections?: Readonly<Record<string, number>>;
  readonly writesRefused?: string;
  readonly loads?: Readonly<Record<string, Partial<NodeLoad>>>;
  readonly expect: {
    readonly type: string;
    readonly node?: string;
    /** One of these, over many random choices, and each of them at least once. */
    readonly any?: readonly string[];
    readonly for?: string;
    readonly nodes?: readonly string[];
    /** What is looked at without waiting. */
    readonly late?: readonly string[];
    readonly because?: string;
    readonly reasons?: Readonly<Record<string, string>>;
  };
}

const NAMES: Readonly<Record<string, string>> = { A: 'db-1', B: 'db-2', C: 'db-3', D: 'db-4' };
const POLICY: RoutingPolicy = {
  balance: balancers.random,
  maxLagMs: 500,
  primaryReads: 'fallback',
  primaryReadsMax: 10,
  fallbackMaxLagMs: undefined,
  zone: undefined,
  consistencyWaitMs: 100,
  slowStartMs: 0,
  poolMax: 10,
  holdMs: 1000,
};
const INTENT: Intent = {
  access: 'read',
  route: 'auto',
  node: undefined,
  maxLagMs: 500,
  need: undefined,
  tried: [],
  waited: false,
};
const LOAD: NodeLoad = {
  inFlight: 0,
  responseMs: 0,
  respondedAt: 0,
  arrivalMs: undefined,
  blockedUntil: 0,
  lagging: false,
  ejectedUntil: 0,
};
const STEPS = 60;

function topologyOf(spec: Case) {
  const primary = { from: 'db-1', as: 'A' };
  const replicas = Object.entries(spec.replicas).map(
    ([id, more]): ShortReport => ({
      at: 1010,
      from: NAMES[id]!,
      as: id,
      readOnly: true,
      channels: [{ id: 'A', source: 'db-1' }],
      executed: 'A:1-20',
      ...more,
    }),
  );
  const heard = replicas.map((replica) => ({ ...replica, at: -10, executed: 'A:1' }));
  const reports = [
    ...heard,
    { at: 0, ...primary, executed: 'A:1-10' },
    { at: 1000, ...primary, executed: 'A:1-20' },
    ...replicas,
    ...(spec.then ?? []),
  ];
  const seeds = ['db-1', ...Object.keys(spec.replicas).map((id) => NAMES[id]!)];
  const { topology } = applyAll(seeded(...seeds), reports);
  const nodes = new Map([...topology.nodes].map(([id, node]) => [id, withMore(node, spec, id)]));
  const primaryView = topology.primary && nodes.get(topology.primary.id);
  return {
    ...topology,
    nodes,
    primary: primaryView,
    replicas: topology.replicas.map(({ id }) => nodes.get(id)!),
    writesRefused: spec.writesRefused,
  };
}

function withMore(node: NodeView, { zones, weights, duties, serving, maxConnections }: Case, id: string): NodeView {
  const duty = duties?.[id];
  return {
    ...node,
    traits: { weight: weights?.[id] ?? 1, zone: zones?.[id], tags: [] },
    duty: duty ? { status: 'draining', because: 'the table says so', since: 0, own: false, ...duty } : node.duty,
    servingSince: serving?.[id] ?? node.servingSince,
    maxConnections: maxConnections?.[id],
  };
}

function intentOf({ intent = {} }: Case): Intent {
  const { need, unknownSince, ...rest } = intent;
  const wanted =
    need === undefined && unknownSince === undefined ? undefined : { gtids: gtids(need ?? ''), unknownSince };
  return { ...INTENT, ...rest, need: wanted };
}

const folder = new URL('./routing/', import.meta.url);

for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  describe(file, () => {
    for (const spec of JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Case[])
      test(spec.name, () => run(spec));
  });
}

function run(spec: Case): void {
  const topology = topologyOf(spec);
  const intent = intentOf(spec);
  const loads = new Map(Object.entries(spec.loads ?? {}).map(([id, load]) => [id, { ...LOAD, ...load }]));
  const policy = { ...POLICY, ...spec.policy };
  const chosen = new Set<string>();
  for (let step = 0; step < STEPS; step += 1) {
    const now = spec.now ?? 1100;
    const begunAt = spec.begunAt ?? now;
    const context: RouteContext = { loads, now, begunAt, random: () => step / STEPS, turn: step, policy };
    const answer = route(topology, intent, context);
    expect(answer.type, answer.because).toBe(spec.expect.type);
    expect(answer.because).not.toBe('');
    if (spec.expect.because) expect(answer.because).toContain(spec.expect.because);
    if (answer.type === 'use') {
      chosen.add(answer.node.id);
      expect(answer.late?.nodes.map(({ id }) => id)).toEqual(spec.expect.late);
    }
    if (answer.type === 'wait' && spec.expect.for) expect(answer.for).toBe(spec.expect.for);
    if (answer.type === 'wait' && spec.expect.nodes)
      expect(answer.nodes.map(({ id }) => id)).toEqual(spec.expect.nodes);
    if (answer.type === 'fail') expect([...answer.reasons.keys()].sort()).toEqual([...topology.nodes.keys()].sort());
    const explained = explainRoute(topology, intent, context);
    expect(explained.route).toEqual(answer);
    if (answer.type === 'use' && intent.node === undefined && spec.policy?.fallbackMaxLagMs === undefined) {
      expect(explained.fit).toContain(answer.node.id);
    }
    for (const [id, reason] of Object.entries(spec.expect.reasons ?? {}))
      expect(explained.reasons.get(id)).toContain(reason);
  }
  if (spec.expect.type === 'use') expect([...chosen].sort()).toEqual(spec.expect.any ?? [spec.expect.node]);
}

test('the cases name addresses that the builder makes', () => {
  expect(Object.values(NAMES).map(address)).toEqual(['db-1:3306', 'db-2:3306', 'db-3:3306', 'db-4:3306']);
});
