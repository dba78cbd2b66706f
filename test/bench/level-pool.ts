import { route } from '../../src/routing/choose.js';
import type { BenchOptions } from './bench-options.js';
import { type Contender, cpuRounds } from './cpu-rounds.js';
import type { Row } from './row.js';
import { KNOWN_GTID, SilentSource } from './silent-source.js';
import { type Spread, spread, spreadText } from './spread.js';

/** More tell nothing new without a server. */
const MOST_ROUNDS = 31;
const BAR_US = 0.5;
const DECISIONS = 200_000;

/** What level `pool` adds to `eventual` on a read's way, without I/O: the intent that the scope gives, and its route. */
export async function levelPool({ rounds }: BenchOptions): Promise<Row[]> {
  const sources = {
    eventual: new SilentSource('eventual'),
    calm: new SilentSource('pool'),
    after: new SilentSource('pool'),
  };
  const [eventual, calm, after] = [
    decisions('eventual', sources.eventual),
    decisions('pool', sources.calm),
    decisions('pool after a write', sources.after, [KNOWN_GTID]),
  ];
  const figures = await cpuRounds([eventual, calm, after], {
    rounds: Math.min(rounds, MOST_ROUNDS),
    operations: DECISIONS,
  });
  for (const source of Object.values(sources)) await source.close();
  const of = ({ name }: Contender): readonly number[] => figures.get(name) ?? [];
  const base = spread(of(eventual));
  return [
    row("level 'pool', no recent write, added to 'eventual'", { base, added: added(of(calm), of(eventual)) }, BAR_US),
    row("level 'pool', a write that all replicas have, added", { base, added: added(of(after), of(eventual)) }),
  ];
}

function decisions(name: string, silent: SilentSource, written: readonly string[] = []): Contender {
  const run = (count: number): void => {
    silent.refresh();
    if (written.length > 0) silent.source.scope.add(written);
    decide(silent, count);
  };
  return { name, run };
}

function decide(silent: SilentSource, count: number): void {
  const { source, topology } = silent;
  const context = silent.context();
  let used = 0;
  for (let at = 0; at < count; at++) if (route(topology, source.scope.readIntent(), context).type === 'use') used++;
  if (used < count) throw new Error(`${count - used} reads found no replica`);
}

function added(above: readonly number[], below: readonly number[]): Spread {
  return spread(above.map((value, round) => value - (below[round] ?? value)));
}

function row(measure: string, { base, added }: { base: Spread; added: Spread }, bar?: number): Row {
  const detail = `added: ${spreadText(added, 3)}; eventual itself: ${spreadText(base, 3)}`;
  return { measure, value: added.median, unit: 'µs', ...(bar && { bar }), detail, figures: { added, eventual: base } };
}
