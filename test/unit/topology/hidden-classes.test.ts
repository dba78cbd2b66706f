import { readdirSync, readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { expect, test } from 'vitest';
import type { ClusterKind } from '../../../src/cluster-kind.js';
import { probeOf } from '../../../src/probes/probe-of.js';
import { apply } from '../../../src/topology/apply.js';
import type { LiveReport } from '../../../src/topology/node-report.js';
import type { Topology } from '../../../src/topology/topology.js';
import { type SpelledAnswer, spell } from '../../support/probe-answers.js';
import { applyAll, context, type ShortReport, seeded } from './build.js';

// V8 compiles code for the hidden classes it has seen. What each statement reads would otherwise be of a new one after each probe.
setFlagsFromString('--allow-natives-syntax');
const haveSameClass = new Function('a', 'b', 'return %HaveSameMap(a, b)') as (a: object, b: object) => boolean;

/** How many hidden classes these objects have. */
function classesOf(objects: readonly object[]): number {
  const distinct: object[] = [];
  for (const one of objects) if (!distinct.some((other) => haveSameClass(one, other))) distinct.push(one);
  return distinct.length;
}

const TICKS = 60;
const SETTLED = 30;

test('what statements read of the topology keeps its hidden class from probe to probe', () => {
  const seen: Topology[] = [];
  let { topology } = applyAll(seeded('db-1', 'db-2'), []);
  for (let tick = 0; tick < TICKS; tick++) {
    const at = tick * 500;
    const executed = `A:1-${tick + 1}`;
    const primary: ShortReport = { at, from: 'db-1', as: 'A', executed };
    const channels = [{ id: 'A', source: 'db-1' }];
    const replica: ShortReport = { at: at + 10, from: 'db-2', as: 'B', readOnly: true, channels, executed };
    topology = applyAll(topology, [primary, replica]).topology;
    if (tick >= SETTLED) seen.push(topology);
  }
  expect(classesOf(seen)).toBe(1);
  expect(classesOf(seen.flatMap(({ primary }) => primary ?? []))).toBe(1);
  expect(classesOf(seen.flatMap(({ replicas }) => replicas))).toBe(1);
  expect(classesOf(seen.flatMap(({ replicas }) => replicas.map(({ lag }) => lag)))).toBe(1);
});

interface Case {
  readonly version: string;
  readonly heartbeat?: string;
  readonly ticks: readonly [{ readonly answers: readonly SpelledAnswer[] }];
}

const folder = new URL('../../spec/probes/', import.meta.url);
const kinds = readdirSync(folder).map((name) => name.replace('.json', '') as ClusterKind);

test.each(kinds)('so do the reports of %s', (kind) => {
  const [{ version, heartbeat, ticks }] = JSON.parse(readFileSync(new URL(`${kind}.json`, folder), 'utf8')) as [Case];
  const answers = ticks[0].answers.map(spell);
  const seen: LiveReport[] = [];
  let { topology } = applyAll(seeded('db-1'), []);
  for (let tick = 0; tick < TICKS; tick++) {
    const asked = { tick: 0, last: undefined, version, heartbeat };
    const meta = { address: 'db-1:3306', sentAt: tick, answeredAt: tick + 1, context: asked };
    topology = apply(topology, probeOf(kind).read(answers, meta), context(tick + 1)).topology;
    if (tick >= SETTLED) seen.push(...[...topology.nodes.values()].flatMap(({ lastReport }) => lastReport ?? []));
  }
  expect(seen).toHaveLength(TICKS - SETTLED);
  expect(classesOf(seen)).toBe(1);
});
