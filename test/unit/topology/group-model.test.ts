import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apply } from '../../../src/topology/apply.js';
import type { NodeReport } from '../../../src/topology/node-report.js';
import type { Topology } from '../../../src/topology/topology.js';
import { count } from '../../support/counts.js';
import { context, report, seeded } from './build.js';

/**
 * A group with one primary and its own truth of who was primary when. Its members learn of a new view, or of a new primary in
 * the same view, one after the other; the old primary takes no writes any more before the new one does, unless it is cut off and
 * does not know it yet. Reports are late, reordered or lost. A process must never move from a newer primary to an older one.
 */
const NAMES = ['A', 'B', 'C', 'D', 'E'] as const;
type Name = (typeof NAMES)[number];
const SEEDS = NAMES.map((_, index) => `db-${index + 1}`);

interface View {
  readonly number: number;
  readonly members: readonly Name[];
  readonly primary: Name;
}

interface Member {
  up: boolean;
  /** On the other side of a partition. */
  cut: boolean;
  /** It knows that it has no majority. */
  knowsCut: boolean;
  /** The view that it has learned; undefined while it is in no group. */
  view: View | undefined;
  /** The number of its newest time as the primary; 0: never. */
  epoch: number;
}

type Act =
  | { readonly type: 'kill' | 'restart' | 'cut' | 'heal' | 'detect' | 'join' | 'switch' | 'learn'; readonly node: Name }
  | { readonly type: 'reconfigure' }
  | { readonly type: 'probe'; readonly node: Name; readonly fate: 'soon' | 'late' | 'lost' };

interface Sent {
  readonly report: NodeReport;
  readonly epochs: Readonly<Record<string, number>>;
}

class GroupModel {
  readonly members: Record<Name, Member>;
  readonly late: {
    readonly sent: Omit<Sent, 'report'>;
    readonly at: number;
    readonly from: Name;
    readonly said: Said;
  }[] = [];
  readonly heard = new Map<string, number>();
  view: View = { number: 1, members: NAMES, primary: 'A' };
  epoch = 1;
  time = 0;
  moves = 0;
  topology: Topology = seeded(...SEEDS);
  belief: { readonly node: string; readonly epoch: number } | undefined;

  constructor() {
    const member = (epoch: number): Member => ({ up: true, cut: false, knowsCut: false, view: this.view, epoch });
    this.members = { A: member(1), B: member(0), C: member(0), D: member(0), E: member(0) };
  }

  run(act: Act): void {
    this.time += 10;
    if (act.type === 'reconfigure') return this.#reconfigure();
    const member = this.members[act.node];
    switch (act.type) {
      case 'kill':
        Object.assign(member, { up: false, view: undefined });
        break;
      case 'restart':
        member.up = true;
        break;
      case 'cut':
        member.cut = true;
        break;
      case 'heal':
        // Who was expelled meanwhile finds out, and leaves.
        Object.assign(member, { cut: false, knowsCut: false });
        if (member.view && !this.view.members.includes(act.node)) member.view = undefined;
        break;
      case 'detect':
        member.knowsCut = member.cut;
        break;
      case 'join':
        this.#join(act.node);
        break;
      case 'switch':
        this.#switch(act.node);
        break;
      case 'learn':
        this.#learn(act.node);
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

  #reachable(): readonly Name[] {
    return this.view.members.filter((name) => this.members[name].up && !this.members[name].cut);
  }

  #hasMajority(): boolean {
    return this.#reachable().length * 2 > this.view.members.length;
  }

  // Those who are gone are expelled; when the primary is, another takes its place.
  #reconfigure(): void {
    const members = this.#reachable().filter((name) => this.members[name].view !== undefined);
    if (members.length * 2 <= this.view.members.length || members.length === this.view.members.length) return;
    const stays = members.includes(this.view.primary);
    this.view = { number: this.view.number + 1, members, primary: stays ? this.view.primary : members[0]! };
    if (!stays) this.#reign(this.view.primary);
  }

  #join(name: Name): void {
    const { up, cut } = this.members[name];
    if (!up || cut || this.view.members.includes(name) || !this.#hasMajority()) return;
    this.view = { ...this.view, number: this.view.number + 1, members: [...this.view.members, name] };
    this.#learn(name);
  }

  // The view's number stays.
  #switch(name: Name): void {
    const reachable = this.#reachable();
    if (!this.#hasMajority() || !reachable.includes(name) || !reachable.includes(this.view.primary)) return;
    if (name === this.view.primary || !this.members[name].view) return;
    const old = this.view.primary;
    this.view = { ...this.view, primary: name };
    this.#learn(old);
    this.#reign(name);
  }

  #reign(name: Name): void {
    this.epoch += 1;
    this.members[name].epoch = this.epoch;
    this.#learn(name);
  }

  #learn(name: Name): void {
    const member = this.members[name];
    if (member.up && !member.cut && this.view.members.includes(name)) member.view = this.view;
  }

  #probe(name: Name, fate: 'soon' | 'late' | 'lost'): void {
    const epochs = Object.fromEntries(NAMES.map((node) => [node, this.members[node].epoch]));
    const said = this.#say(name, fate === 'lost');
    if (fate === 'late') this.late.push({ sent: { epochs }, at: this.time, from: name, said });
    else this.#deliver(name, { at: this.time, said, epochs });
    if (fate !== 'soon' || this.late.length <= 2) return;
    const { sent, at, from, said: old } = this.late.splice(this.time % this.late.length, 1)[0]!;
    this.#deliver(from, { at, said: old, epochs: sent.epochs });
  }

  #say(name: Name, lost: boolean): Said {
    const { up, view, knowsCut } = this.members[name];
    if (lost || !up) return { failed: lost ? 'timeout' : 'gone' };
    if (!view) return { readOnly: true, group: { view: 0, state: 'left', quorum: false, members: [] } };
    const unreachable = view.members.filter((other) => knowsCut && other !== name);
    const members = view.members.map(
      (other) => `${other}${other === view.primary ? '*' : ''}${unreachable.includes(other) ? '/unreachable' : ''}`,
    );
    return { readOnly: view.primary !== name, group: { view: view.number, quorum: !knowsCut, members } };
  }

  #deliver(name: Name, { at, said, epochs }: { at: number; said: Said; epochs: Sent['epochs'] }): void {
    const from = SEEDS[NAMES.indexOf(name)]!;
    const told = report({ at, until: this.time + 1, from, as: name, executed: 'A:1-10', ...said });
    const before = this.topology;
    this.topology = apply(before, told, context(this.time)).topology;
    if (told.ok && this.topology.nodes.get(told.id)?.lastReport === told) this.heard.set(told.id, epochs[told.id] ?? 0);
    this.#check(before);
  }

  #check(before: Topology): void {
    const { believed, primary, generation, splitBrain } = this.topology;
    if (splitBrain.length > 0) throw new Error('one group is never two');
    if (primary && primary.id !== believed) throw new Error('writes go to a node that is not believed in');
    if (believed === undefined || believed === before.believed) return;
    const epoch = this.heard.get(believed) ?? 0;
    if (generation <= before.generation) throw new Error('a new primary without a new generation');
    if (this.belief !== undefined && epoch < this.belief.epoch) {
      throw new Error(`from ${this.belief.node} (${this.belief.epoch}) back to ${believed} (${epoch})`);
    }
    if (this.belief !== undefined) this.moves += 1;
    this.belief = { node: believed, epoch };
  }
}

type Said = Partial<Pick<Parameters<typeof report>[0], 'failed' | 'readOnly' | 'group'>>;

const name = fc.constantFrom(...NAMES);
const change = fc.oneof(
  fc.record({
    type: fc.constantFrom('kill', 'restart', 'cut', 'heal', 'detect', 'join', 'switch', 'learn', 'learn'),
    node: name,
  }),
  fc.constant({ type: 'reconfigure' as const }),
) as fc.Arbitrary<Act>;
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

test('a process never moves from a newer primary of a group to an older one', { timeout: MODEL_MS }, () => {
  let moves = 0;
  fc.assert(
    fc.property(history, (acts) => {
      const model = new GroupModel();
      for (const act of acts) model.run(act);
      moves += model.moves;
    }),
    { numRuns: count(500, 20_000) },
  );
  expect(moves).toBeGreaterThan(count(100, 4000));
});

test("a group's primary is followed in the end", { timeout: MODEL_MS }, () => {
  fc.assert(
    fc.property(history, (acts) => {
      const model = new GroupModel();
      for (const act of acts) model.run(act);
      for (const node of NAMES) for (const type of ['restart', 'heal'] as const) model.run({ type, node });
      // A group that has lost its majority for good is begun anew by people: that is another history.
      fc.pre(
        model.view.members.filter((node) => model.members[node].view !== undefined).length * 2 >
          model.view.members.length,
      );
      model.run({ type: 'reconfigure' });
      for (const node of NAMES) for (const type of ['join', 'learn'] as const) model.run({ type, node });
      for (const node of NAMES) model.run({ type: 'learn', node });
      for (let round = 0; round < 3; round += 1) {
        for (const node of NAMES) model.run({ type: 'probe', node, fate: 'soon' });
      }
      expect(model.topology.primary?.id).toBe(model.view.primary);
      expect(model.topology.replicas.length).toBe(NAMES.length - 1);
    }),
    { numRuns: count(200, 5000) },
  );
});
