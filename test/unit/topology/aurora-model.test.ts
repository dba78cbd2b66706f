import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apply } from '../../../src/topology/apply.js';
import type { NodeReport } from '../../../src/topology/node-report.js';
import type { Topology } from '../../../src/topology/topology.js';
import { count } from '../../support/counts.js';
import { context, report, seeded } from './build.js';

/**
 * A cluster on shared storage, and its own truth of who was the writer when. Nothing orders what its instances say. A writer that
 * was replaced may go on saying that it is one until it is restarted, which happens before the next failover; readers learn of
 * the new one each in their time, and never of an older one again. Reports are late, reordered or lost. A process must never
 * move from a newer writer to an older one. An election counts for what the elected one was when the report that decided it
 * was sent, or when its own last report was, whichever is later.
 */
const NAMES = ['A', 'B', 'C', 'D'] as const;
type Name = (typeof NAMES)[number];
const SEEDS = NAMES.map((_, index) => `db-${index + 1}`);

interface Instance {
  up: boolean;
  /** It takes itself for the writer. */
  writes: boolean;
  /** Whom it takes for the writer. */
  names: Name;
  /** The number of its newest time as the writer; 0: never. */
  epoch: number;
}

type Act =
  | { readonly type: 'kill' | 'restart' | 'failover' | 'learn'; readonly node: Name }
  | { readonly type: 'probe'; readonly node: Name; readonly fate: 'soon' | 'late' | 'lost' };

interface Sent {
  readonly report: NodeReport;
  readonly epochs: Readonly<Record<string, number>>;
}

class AuroraModel {
  readonly instances = Object.fromEntries(
    NAMES.map((name, i) => [name, { up: true, writes: i === 0, names: 'A', epoch: i === 0 ? 1 : 0 }]),
  ) as Record<Name, Instance>;
  readonly late: Sent[] = [];
  readonly heard = new Map<string, number>();
  writer: Name = 'A';
  epoch = 1;
  time = 0;
  moves = 0;
  topology: Topology = seeded(...SEEDS);
  belief: { readonly node: string; readonly epoch: number } | undefined;

  /** A process begins with a look at all nodes. */
  survey(order: readonly Name[]): void {
    for (const node of order) this.run({ type: 'probe', node, fate: 'soon' });
  }

  run(act: Act): void {
    this.time += 10;
    const instance = this.instances[act.node];
    if (act.type === 'probe') this.#probe(act.node, act.fate);
    else if (act.type === 'kill') this.#kill(act.node);
    else if (act.type === 'failover') this.#failover(act.node);
    else if (instance.up && !instance.writes && act.type === 'learn') instance.names = this.writer;
    else if (act.type === 'restart' && act.node !== this.writer)
      Object.assign(instance, { up: true, writes: false, names: this.writer });
    else if (act.type === 'restart') Object.assign(instance, { up: true, writes: true });
  }

  #late(): readonly Name[] {
    return NAMES.filter((name) => this.instances[name].writes && name !== this.writer);
  }

  // While a former writer does not know that it is one, the new one lives.
  #kill(name: Name): void {
    if (name === this.writer && this.#late().length > 0) return;
    this.instances[name].up = false;
    if (name !== this.writer) this.instances[name].writes = false;
  }

  #failover(name: Name): void {
    if (!this.instances[name].up || name === this.writer || this.#late().length > 0) return;
    if (!this.instances[this.writer].up) this.instances[this.writer].writes = false;
    this.writer = name;
    this.epoch += 1;
    Object.assign(this.instances[name], { writes: true, names: name, epoch: this.epoch });
  }

  #probe(name: Name, fate: 'soon' | 'late' | 'lost'): void {
    const sent = { report: this.#say(name, fate === 'lost'), epochs: this.#epochs() };
    if (fate === 'late') this.late.push(sent);
    else this.#deliver(sent);
    if (fate === 'soon' && this.late.length > 2) {
      const [old] = this.late.splice(this.time % this.late.length, 1);
      if (old) this.#deliver(old.report.ok ? { ...old, report: { ...old.report, answeredAt: this.time + 1 } } : old);
    }
  }

  #epochs(): Readonly<Record<string, number>> {
    return Object.fromEntries(NAMES.map((name) => [name, this.instances[name].epoch]));
  }

  #say(name: Name, lost: boolean): NodeReport {
    const { up, writes, names } = this.instances[name];
    const from = SEEDS[NAMES.indexOf(name)]!;
    if (lost || !up) return report({ at: this.time, from, failed: lost ? 'timeout' : 'gone' });
    const members = NAMES.map((other) => (other === names ? `${other}*` : other));
    return report({ at: this.time, from, as: name, executed: null, readOnly: !writes, group: { view: null, members } });
  }

  #deliver({ report: told, epochs }: Sent): void {
    const before = this.topology;
    this.topology = apply(before, told, context(this.time)).topology;
    if (told.ok && this.topology.nodes.get(told.id)?.lastReport === told) this.heard.set(told.id, epochs[told.id] ?? 0);
    this.#check(before, epochs);
  }

  #check(before: Topology, epochs: Sent['epochs']): void {
    const { believed, primary } = this.topology;
    if (primary && primary.id !== believed) throw new Error('writes go to a node that is not believed in');
    if (believed === undefined || believed === before.believed) return;
    const epoch = Math.max(this.heard.get(believed) ?? 0, epochs[believed] ?? 0);
    if (this.belief !== undefined && epoch < this.belief.epoch)
      throw new Error(`from ${this.belief.node} (${this.belief.epoch}) back to ${believed} (${epoch})`);
    if (this.belief !== undefined) this.moves += 1;
    this.belief = { node: believed, epoch };
  }
}

/** Bound of a test in ms: a slow machine is no failure. */
const MODEL_MS = 120_000;

const name = fc.constantFrom(...NAMES);
const change = fc.record({
  type: fc.constantFrom('kill', 'restart', 'restart', 'failover', 'learn', 'learn'),
  node: name,
}) as fc.Arbitrary<Act>;
const probe = fc.record({
  type: fc.constant('probe' as const),
  node: name,
  fate: fc.constantFrom('soon', 'soon', 'soon', 'late', 'lost'),
}) as fc.Arbitrary<Act>;
const order = fc.shuffledSubarray([...NAMES], { minLength: NAMES.length });
const early = fc.array(change, { maxLength: 6 });
const history = fc.array(fc.oneof({ arbitrary: change, weight: 2 }, { arbitrary: probe, weight: 5 }), {
  minLength: 30,
  maxLength: 160,
});

test('a process never moves from a newer writer on shared storage to an older one', { timeout: MODEL_MS }, () => {
  let moves = 0;
  fc.assert(
    fc.property(early, order, history, (past, first, acts) => {
      const model = new AuroraModel();
      for (const act of past) model.run(act);
      model.survey(first);
      for (const act of acts) model.run(act);
      moves += model.moves;
    }),
    { numRuns: count(500, 5000) },
  );
  expect(moves).toBeGreaterThan(count(100, 1000));
});

test('a writer on shared storage is followed in the end', { timeout: MODEL_MS }, () => {
  fc.assert(
    fc.property(early, order, history, (past, first, acts) => {
      const model = new AuroraModel();
      for (const act of past) model.run(act);
      model.survey(first);
      for (const act of acts) model.run(act);
      for (const node of NAMES) model.run({ type: 'restart', node });
      for (let round = 0; round < 3; round += 1) {
        for (const node of NAMES) model.run({ type: 'probe', node, fate: 'soon' });
      }
      expect(model.topology.primary?.id).toBe(model.writer);
      expect(model.topology.replicas.length).toBe(NAMES.length - 1);
    }),
    { numRuns: count(200, 2000) },
  );
});
