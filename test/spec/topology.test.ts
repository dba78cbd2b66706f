import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { applyArrival, reconsider } from '../../src/topology/apply.js';
import type { Change } from '../../src/topology/change.js';
import { lagAt } from '../../src/topology/lag.js';
import { judgeLag } from '../../src/topology/lag-fitness.js';
import type { NodeView, Topology } from '../../src/topology/topology.js';
import { applyAll, context, gtids, type ShortOptions, type ShortReport, seeded } from '../unit/topology/build.js';

interface Case {
  readonly name: string;
  /** Of kinds that cannot be run here: where what is said of them is from. */
  readonly source?: 'manual, not run';
  readonly seeds: readonly string[];
  /** The limit that `unfit` and `lagChanges` are judged by. */
  readonly maxLagMs?: number;
  readonly options?: ShortOptions;
  readonly phases: readonly Phase[];
}

interface Phase {
  readonly reports?: readonly ShortReport[];
  /** People changed their mind at this time: from now on these options hold, and nothing is reported. */
  readonly wish?: ShortOptions & { readonly at: number };
  readonly arrival?: { readonly node: string; readonly executed: string; readonly at: number };
  readonly expect: Expected;
}

/** Only what a case names is compared. `null` stands for undefined. */
interface Expected {
  readonly primary?: string | null;
  readonly believed?: string;
  readonly generation?: number;
  readonly version?: number;
  readonly because?: string;
  readonly splitBrain?: readonly string[];
  readonly frozenAt?: number | null;
  readonly samples?: number;
  readonly addresses?: readonly string[];
  readonly replicas?: readonly string[];
  readonly nodes?: readonly string[];
  readonly roles?: Readonly<Record<string, string>>;
  readonly health?: Readonly<Record<string, string>>;
  readonly replication?: Readonly<Record<string, string>>;
  readonly address?: Readonly<Record<string, string>>;
  readonly executed?: Readonly<Record<string, string>>;
  readonly former?: Readonly<Record<string, boolean>>;
  readonly promotable?: Readonly<Record<string, boolean>>;
  readonly appliedAll?: Readonly<Record<string, boolean>>;
  readonly status?: Readonly<Record<string, string>>;
  /** A part of the reason for the status. */
  readonly statusBecause?: Readonly<Record<string, string>>;
  readonly weights?: Readonly<Record<string, number>>;
  readonly zones?: Readonly<Record<string, string | null>>;
  readonly maxConnections?: Readonly<Record<string, number | null>>;
  /** When it began to serve; `null`: it was there at the start. */
  readonly serving?: Readonly<Record<string, number | null>>;
  /** A part of what is wrong with the control table. */
  readonly problem?: string | null;
  readonly semiSync?: string | null;
  readonly writesRefused?: string | null;
  /** Node → [now, low, high]; high `null` is Infinity. */
  readonly lag?: Readonly<Record<string, readonly [number, number, number | null]>>;
  /** Node → a part of the reason of its replication's state. */
  readonly lagBecause?: Readonly<Record<string, string>>;
  /** The replicas that are unfit by `maxLagMs`. */
  readonly unfit?: readonly string[];
  /** `'node fit'` and `'node unfit'` of the phase, in order. */
  readonly lagChanges?: readonly string[];
  /** `'type node'` of all changes of the phase, in order. */
  readonly changes?: readonly string[];
}

const keys: Readonly<
  Record<
    Exclude<keyof Expected, 'unfit' | 'lagChanges'>,
    (topology: Topology, changes: readonly Change[], wanted: Expected) => unknown
  >
> = {
  primary: ({ primary }) => primary?.id ?? null,
  believed: ({ believed }) => believed,
  generation: ({ generation }) => generation,
  version: ({ version }) => version,
  because: ({ because }) => because,
  splitBrain: ({ splitBrain }) => [...splitBrain].sort(),
  frozenAt: ({ frozenAt }) => frozenAt ?? null,
  samples: ({ samples }) => samples.length,
  addresses: ({ addresses }) => [...addresses.keys()].map(short).sort(),
  replicas: ({ replicas }) => replicas.map((node) => node.id),
  nodes: ({ nodes }) => [...nodes.keys()].sort(),
  roles: each('roles', (node) => node.role),
  health: each('health', (node) => node.health),
  replication: each('replication', (node) => node.lag.replication),
  address: each('address', (node) => short(node.address)),
  executed: each('executed', (node, wanted) =>
    node.executed?.equals(gtids(String(wanted))) ? wanted : String(node.executed),
  ),
  former: each('former', (node) => node.formerPrimary),
  promotable: each('promotable', (node) => node.promotable),
  lagBecause: each('lagBecause', (node, wanted) =>
    node.lag.because.includes(String(wanted)) ? wanted : node.lag.because,
  ),
  appliedAll: each('appliedAll', (node) => node.lag.appliedAll),
  status: each('status', (node) => node.duty.status),
  statusBecause: each('statusBecause', ({ duty }, part) => (duty.because.includes(String(part)) ? part : duty.because)),
  weights: each('weights', (node) => node.traits.weight),
  zones: each('zones', (node) => node.traits.zone ?? null),
  maxConnections: each('maxConnections', (node) => node.maxConnections ?? null),
  serving: each('serving', (node) => (Number.isFinite(node.servingSince) ? node.servingSince : null)),
  problem: ({ control }, _changes, { problem }) => partOf(control?.problem, problem),
  semiSync: ({ semiSync }) => semiSync ?? null,
  writesRefused: (topology, _changes, { writesRefused }) => partOf(topology.writesRefused, writesRefused),
  lag: (topology, _changes, { lag = {} }) => pick(topology, lag, (node, [now]) => measured(node, topology, now)),
  changes: (_topology, changes) => changes.map(tell),
};

function each<Key extends keyof Expected>(key: Key, read: (node: NodeView, wanted: unknown) => unknown) {
  return (topology: Topology, _changes: readonly Change[], wanted: Expected): unknown =>
    pick(topology, (wanted[key] ?? {}) as Record<string, unknown>, read);
}

function pick<T>(
  topology: Topology,
  wanted: Readonly<Record<string, T>>,
  read: (node: NodeView, wanted: T) => unknown,
) {
  const entries = Object.entries(wanted).map(([id, value]) => {
    const node = topology.nodes.get(id);
    return [id, node === undefined ? `no node ${id}` : read(node, value)];
  });
  return Object.fromEntries(entries);
}

function partOf(text: string | undefined, part: string | null | undefined): string | null {
  if (text === undefined) return null;
  return typeof part === 'string' && text.includes(part) ? part : text;
}

function measured(node: NodeView, topology: Topology, now: number): unknown {
  const { low, high } = lagAt(node, topology, now);
  return [now, low, high === Number.POSITIVE_INFINITY ? null : high];
}

function short(address: string): string {
  return address.replace(/:3306$/, '');
}

function tell(change: Change): string {
  if (change.type === 'primaryChanged') return `primaryChanged ${change.previous ?? '-'} ${change.next ?? '-'}`;
  if (change.type === 'addressDiscovered') return `addressDiscovered ${short(change.address)}`;
  if (change.type === 'roleChanged') return `roleChanged ${change.node} ${change.next}`;
  if (change.type === 'noPrimary' || change.type === 'controlIgnored') return change.type;
  if (change.type === 'statusChanged' || change.type === 'degraded') {
    return `${change.type} ${change.node} ${change.previous} ${change.next}`;
  }
  return change.type === 'splitBrain'
    ? `splitBrain ${[...change.next].sort().join(' ')}`
    : `${change.type} ${change.node}`;
}

const folder = new URL('./topology/', import.meta.url);

for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  describe(file, () => {
    for (const spec of JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Case[])
      test(spec.name, () => run(spec));
  });
}

function run(spec: Case): void {
  let topology = seeded(...spec.seeds);
  let unfit: ReadonlySet<string> = new Set();
  let options = spec.options;
  for (const [index, phase] of spec.phases.entries()) {
    const lagChanges: string[] = [];
    const onStep = (previous: Topology, next: Topology, now: number): void => {
      const judged = judgeLag(unfit, { previous, next, now, maxLagMs: spec.maxLagMs ?? 1000 });
      unfit = judged.unfit;
      lagChanges.push(...judged.changes.map((change) => `${change.node} ${change.next}`));
    };
    const applied = applyAll(topology, phase.reports ?? [], options, onStep);
    topology = applied.topology;
    if (phase.wish) {
      options = { ...options, ...phase.wish };
      const turned = reconsider(topology, context(phase.wish.at, options));
      topology = turned.topology;
      applied.changes.push(...turned.changes);
    }
    if (phase.arrival) {
      const { node, executed, at } = phase.arrival;
      const previous = topology;
      topology = applyArrival(topology, { node, executed: gtids(executed), answeredAt: at });
      onStep(previous, topology, at);
    }
    const { unfit: wantedUnfit, lagChanges: wantedChanges, ...expected } = phase.expect;
    expect(Object.keys(phase.expect).length, `phase ${index + 1} expects something`).toBeGreaterThan(0);
    if (wantedUnfit) expect([...unfit].sort(), `phase ${index + 1}: unfit`).toEqual(wantedUnfit);
    if (wantedChanges) expect(lagChanges, `phase ${index + 1}: lagChanges`).toEqual(wantedChanges);
    for (const [key, value] of Object.entries(expected) as [keyof typeof expected, unknown][]) {
      if (key === 'because') expect(topology.because, `phase ${index + 1}: because`).toContain(value);
      else expect(keys[key](topology, applied.changes, phase.expect), `phase ${index + 1}: ${key}`).toEqual(value);
    }
  }
}
