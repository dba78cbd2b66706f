import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apply } from '../../../src/topology/apply.js';
import type { NodeReport } from '../../../src/topology/node-report.js';
import type { Topology } from '../../../src/topology/topology.js';
import { count } from '../../support/counts.js';
import { address, context, report, type ShortReport, seeded } from './build.js';

/**
 * A small cluster with its own truth of who was promoted when, seen through reports that are late, reordered or lost.
 * A process must never move from a newer primary to an older one. An election counts for the newest promotion that the
 * elected node had when the report that decided it was sent, or when its own last report was, whichever is later.
 */
const NAMES = ['A', 'B', 'C', 'D'] as const;
type Name = (typeof NAMES)[number];

interface ModelNode {
  up: boolean;
  readOnly: boolean;
  source: Name | undefined;
  /** Its newest promotion; 0: never. */
  epoch: number;
  /** Transactions by origin: the last number of each. */
  readonly has: Record<Name, number>;
}

type Act =
  | {
      readonly type: 'write' | 'kill' | 'restart' | 'promote' | 'switchover' | 'follow' | 'replicate';
      readonly node: Name;
    }
  | { readonly type: 'probe'; readonly node: Name; readonly fate: 'soon' | 'late' | 'lost' };

const SEEDS = NAMES.map((_, index) => `db-${index + 1}`);

interface Sent {
  readonly report: NodeReport;
  /** Each node's newest promotion when the report was sent. */
  readonly epochs: Readonly<Record<string, number>>;
}

/** Nobody promotes twice within the second that a process takes for its first look. */
const CHANGE_MS = 600;

class Model {
  readonly nodes: Record<Name, ModelNode>;
  readonly late: Sent[] = [];
  /** Each node's newest promotion when its last report was sent. */
  readonly heard = new Map<string, number>();
  time = 0;
  epoch = 1;
  primary: Name = 'A';
  topology: Topology = seeded(...SEEDS);
  belief: { readonly node: string; readonly epoch: number } | undefined;
  moves = 0;

  constructor() {
    const fresh = (source: Name | undefined): ModelNode => ({
      up: true,
      readOnly: source !== undefined,
      source,
      epoch: source === undefined ? 1 : 0,
      has: { A: 1, B: 0, C: 0, D: 0 },
    });
    this.nodes = { A: fresh(undefined), B: fresh('A'), C: fresh('A'), D: fresh('A') };
  }

  run(act: Act): void {
    this.time += act.type === 'probe' ? 10 : CHANGE_MS;
    const node = this.nodes[act.node];
    switch (act.type) {
      case 'write':
        // Clients that have not noticed write to old primaries too.
        if (node.up && !node.readOnly) node.has[act.node] += 1;
        break;
      case 'kill':
        node.up = false;
        break;
      case 'restart':
        // As it was: an old primary returns writable, with its followers still pointing to it.
        node.up = true;
        break;
      case 'promote':
        if (node.up && act.node !== this.primary && !this.nodes[this.primary].up) this.#promote(act.node);
        break;
      case 'switchover':
        if (node.up && act.node !== this.primary) this.#switchOver(act.node);
        break;
      case 'follow':
        this.#follow(act.node);
        break;
      case 'replicate':
        this.#replicate(node);
        break;
      case 'probe':
        this.#probe(act.node, act.fate);
        break;
      default: {
        const never: never = act;
        throw new Error(String(never));
      }
    }
  }

  #promote(name: Name): void {
    this.epoch += 1;
    this.primary = name;
    Object.assign(this.nodes[name], { source: undefined, readOnly: false, epoch: this.epoch });
  }

  #switchOver(name: Name): void {
    const old = this.nodes[this.primary];
    if (old.up) old.readOnly = true;
    this.#promote(name);
  }

  // Whoever repoints nodes repoints them to the primary of that time.
  #follow(name: Name): void {
    const node = this.nodes[name];
    if (node.up && name !== this.primary) Object.assign(node, { source: this.primary, readOnly: true });
  }

  #replicate(node: ModelNode): void {
    const source = node.source && this.nodes[node.source];
    if (!node.up || !source?.up) return;
    for (const origin of NAMES) node.has[origin] = Math.max(node.has[origin], source.has[origin]);
  }

  #probe(name: Name, fate: 'soon' | 'late' | 'lost'): void {
    const epochs = Object.fromEntries(NAMES.map((node) => [node, this.nodes[node].epoch]));
    const sent = { report: this.#say(name, fate === 'lost'), epochs };
    if (fate === 'late') this.late.push(sent);
    else this.deliver(sent);
    // Late ones arrive after newer ones, in any order.
    if (fate === 'soon' && this.late.length > 2) this.deliver(this.late.splice(this.time % this.late.length, 1)[0]!);
  }

  #say(name: Name, lost: boolean): NodeReport {
    const { up, readOnly, source, has } = this.nodes[name];
    const from = SEEDS[NAMES.indexOf(name)]!;
    if (lost || !up) return report({ at: this.time, from, failed: lost ? 'timeout' : 'gone' });
    const executed = NAMES.flatMap((origin) => (has[origin] > 0 ? `${origin}:1-${has[origin]}` : [])).join(',');
    const io = source && this.nodes[source].up ? 'running' : 'connecting';
    const channels = source
      ? [{ id: source, source: SEEDS[NAMES.indexOf(source)]!, io, retrieved: executed } as const]
      : [];
    return report({ at: this.time, from, as: name, readOnly, channels, executed } satisfies ShortReport);
  }

  deliver({ report: told, epochs }: Sent): void {
    const before = this.topology;
    this.topology = apply(before, told, context(this.time)).topology;
    if (told.ok && this.topology.nodes.get(told.id)?.lastReport === told) this.heard.set(told.id, epochs[told.id] ?? 0);
    this.#check(before, epochs);
  }

  #check(before: Topology, epochs: Sent['epochs']): void {
    const { believed, primary, generation } = this.topology;
    if (primary && primary.id !== believed) throw new Error('writes go to a node that is not believed in');
    if (believed === undefined || believed === before.believed) return;
    const epoch = Math.max(this.heard.get(believed) ?? 0, epochs[believed] ?? 0);
    if (generation <= before.generation) throw new Error('a new primary without a new generation');
    if (this.belief !== undefined && epoch < this.belief.epoch) {
      throw new Error(
        `from ${this.belief.node} (promotion ${this.belief.epoch}) back to ${believed} (promotion ${epoch})`,
      );
    }
    if (this.belief !== undefined) this.moves += 1;
    this.belief = { node: believed, epoch };
  }
}

const name = fc.constantFrom(...NAMES);
const change = fc.record({
  type: fc.constantFrom('write', 'kill', 'restart', 'promote', 'switchover', 'follow', 'replicate'),
  node: name,
}) as fc.Arbitrary<Act>;
const probe = fc.record({
  type: fc.constant('probe' as const),
  node: name,
  fate: fc.constantFrom('soon', 'soon', 'soon', 'late', 'lost'),
}) as fc.Arbitrary<Act>;
const history = fc.array(fc.oneof({ arbitrary: change, weight: 2 }, { arbitrary: probe, weight: 5 }), {
  minLength: 30,
  maxLength: 160,
});

/** Bound of a test in ms: a slow machine is no failure. */
const MODEL_MS = 120_000;

test('a process never moves from a newer primary to an older one', { timeout: MODEL_MS }, () => {
  let moves = 0;
  fc.assert(
    fc.property(history, (acts) => {
      const model = new Model();
      for (const act of acts) model.run(act);
      moves += model.moves;
    }),
    { numRuns: count(300, 20_000) },
  );
  // A model in which nothing is ever elected would show nothing.
  expect(moves).toBeGreaterThan(count(20, 2000));
});

test('a promotion is followed in the end, however it was seen', { timeout: MODEL_MS }, () => {
  fc.assert(
    fc.property(history, (acts) => {
      const model = new Model();
      for (const node of NAMES) model.run({ type: 'probe', node, fate: 'soon' });
      for (const act of acts) model.run(act);
      // In the end the newest primary lives, all follow it, and all are heard.
      for (const node of NAMES) model.run({ type: 'restart', node });
      for (const node of NAMES) model.run({ type: 'follow', node });
      for (let round = 0; round < 4; round += 1) {
        for (const node of NAMES) model.run({ type: 'replicate', node });
        for (const node of NAMES) model.run({ type: 'probe', node, fate: 'soon' });
      }
      expect(model.topology.primary?.id).toBe(model.primary);
      expect(model.topology.replicas.length).toBe(NAMES.length - 1);
    }),
    { numRuns: count(100, 5000) },
  );
});

test('addresses of the model are those of its seeds', () => {
  expect([...new Model().topology.addresses.keys()]).toEqual(SEEDS.map(address));
});
