import { afterEach, beforeEach, expect, test } from 'vitest';
import { forgetFunctions, RoutineCatalog } from '../../../src/cluster/routine-catalog.js';
import { MOST_FUNCTIONS, type RoutineSource } from '../../../src/cluster/routine-source.js';
import type { ListedRoutine } from '../../../src/sql/routines/routine-book.js';
import type { NodeView, Topology } from '../../../src/topology/topology.js';
import { HandClock, settled } from '../../support/hand-clock.js';
import { applyAll, seeded } from '../topology/build.js';

/** A server's functions by `schema.name`: their bodies, undefined for one that is not visible. */
let bodies: Record<string, string | undefined>;
let failure: Error | undefined;
/** What was asked of servers. */
let asked: string[];
let open: number;
let clock: HandClock;
let catalog: RoutineCatalog;
let told: string[][];
let warnings: string[];

const source: RoutineSource = {
  async list() {
    asked.push('list');
    if (failure) throw failure;
    return Object.keys(bodies).map((path): ListedRoutine => {
      const [schema = '', name = ''] = path.split('.');
      return { schema, name, dataAccess: 'CONTAINS SQL' };
    });
  },
  async textOf({ schema, name }) {
    asked.push(name);
    const body = bodies[`${schema}.${name}`];
    const definition = body && `CREATE DEFINER=\`a\`@\`%\` FUNCTION \`${name}\`() RETURNS int\n${body}`;
    return { definition, sqlMode: '', charset: 'utf8mb4' };
  },
  close: () => void open--,
};

const first = applyAll(seeded('db-1'), [{ at: 0, from: 'db-1', as: 'A' }]).topology;
const next: Topology = { ...first, generation: first.generation + 1 };

beforeEach(() => {
  [bodies, failure, asked, open, told, warnings] = [{}, undefined, [], 0, [], []];
  clock = new HandClock();
  catalog = make(first);
});
afterEach(() => catalog.onClose());

function make(topology: Topology): RoutineCatalog {
  const context = {
    clock,
    vouched: new Set<string>(),
    open: async () => {
      open++;
      return source;
    },
    onTooMuch: (message: string) => void warnings.push(message),
  };
  const made = new RoutineCatalog(context, topology);
  made.join((pure) => void told.push([...pure].sort()));
  return made;
}

async function pass(ms = 0): Promise<void> {
  clock.advance(ms);
  await settled();
}

test('asks nothing until a function is named, then for that and what it calls', async () => {
  bodies = { 'a.f': 'RETURN g()', 'a.g': 'RETURN 1', 'a.h': 'RETURN 2' };
  await pass(60_000);
  expect(asked).toEqual([]);
  catalog.want(['f']);
  expect(asked).toEqual([]);
  await pass();
  expect(asked).toEqual(['list', 'f', 'g']);
  expect(told).toEqual([['a.f', 'a.g', 'f', 'g']]);
  expect(open).toBe(0);
});

test('reads on for other names, and not again for the same or for those that nobody has', async () => {
  bodies = { 'a.f': 'RETURN 1', 'a.g': 'RETURN 2' };
  catalog.want(['f']);
  await pass();
  catalog.want(['f', 'nobody']);
  await pass(60_000);
  expect(asked).toEqual(['list', 'f']);
  catalog.want(['a.g']);
  await pass(60_000);
  expect(asked).toEqual(['list', 'f', 'g']);
  expect(told.at(-1)).toEqual(['a.f', 'a.g', 'f', 'g']);
});

test('a change of functions: nothing is known, and all is read anew when it is asked for', async () => {
  bodies = { 'a.f': 'RETURN 1' };
  catalog.want(['f']);
  await pass();
  forgetFunctions();
  expect(told).toEqual([['a.f', 'f'], []]);
  bodies = { 'a.f': 'BEGIN DELETE FROM t; RETURN 1; END' };
  await pass(60_000);
  expect(asked).toEqual(['list', 'f']);
  catalog.want(['f']);
  await pass(60_000);
  expect(asked).toEqual(['list', 'f', 'list', 'f']);
  expect(told.at(-1)).toEqual([]);
});

test('what is being read when functions change does not count', async () => {
  bodies = { 'a.f': 'RETURN 1' };
  catalog.want(['f']);
  clock.advance(0);
  await Promise.resolve();
  forgetFunctions();
  bodies = { 'a.f': 'BEGIN DELETE FROM t; RETURN 1; END' };
  await settled();
  catalog.want(['f']);
  await pass(60_000);
  expect(told.flat()).toEqual([]);
});

test('changes in a row are read at a pace', async () => {
  bodies = { 'a.f': 'RETURN 1' };
  for (let change = 0; change < 50; change++) {
    catalog.want(['f']);
    await pass(10);
    forgetFunctions();
  }
  expect(asked.filter((what) => what === 'list').length).toBeLessThanOrEqual(3);
});

test('a failed reading is tried again after 30 s, by itself', async () => {
  bodies = { 'a.f': 'RETURN 1' };
  failure = new Error('no');
  catalog.want(['f']);
  await pass();
  expect(asked).toEqual(['list']);
  failure = undefined;
  catalog.want(['a.f']);
  await pass(29_000);
  expect(asked).toEqual(['list']);
  await pass(2000);
  expect(told).toEqual([['a.f', 'f']]);
});

test('another primary: nothing is known, and a failure is forgotten too', async () => {
  bodies = { 'a.f': 'RETURN 1' };
  catalog.want(['f']);
  await pass();
  catalog.onTopology({ ...first, version: first.version + 1 });
  expect(told).toHaveLength(1);
  failure = new Error('no');
  catalog.onTopology(next);
  expect(told.at(-1)).toEqual([]);
  catalog.want(['f']);
  await pass(1000);
  failure = undefined;
  catalog.onTopology({ ...next, generation: next.generation + 1 });
  catalog.want(['f']);
  await pass(1000);
  expect(told.at(-1)).toEqual(['a.f', 'f']);
});

test('a server of another version: bodies are read anew, by what all servers have', async () => {
  bodies = { 'a.f': "RETURN VECTOR_DIM(STRING_TO_VECTOR('[1]'))" };
  catalog.want(['f']);
  await pass(1000);
  expect(told.at(-1)).toEqual(['a.f', 'f']);
  const [view] = [...first.nodes.values()];
  if (view?.lastReport === undefined) throw new Error('no report');
  const older: NodeView = { ...view, id: 'B', lastReport: { ...view.lastReport, version: '8.0.36' } };
  const mixed: Topology = { ...first, nodes: new Map([...first.nodes, ['B', older]]) };
  catalog.onTopology(mixed);
  expect(told.at(-1)).toEqual([]);
  catalog.want(['f']);
  await pass(1000);
  expect(asked.filter((what) => what === 'f')).toHaveLength(2);
  expect(told.at(-1)).toEqual([]);
});

test('without a primary it waits for one', async () => {
  catalog.onClose();
  const lonely: Topology = { ...first, primary: undefined };
  catalog = make(lonely);
  bodies = { 'a.f': 'RETURN 1' };
  catalog.want(['f']);
  await pass(60_000);
  expect(asked).toEqual([]);
  catalog.onTopology(first);
  await pass();
  expect(told).toEqual([['a.f', 'f']]);
});

test('too many functions, or too long ones, are not read, and a warning says so once', async () => {
  bodies = Object.fromEntries(Array.from({ length: MOST_FUNCTIONS + 1 }, (_, n) => [`a.f${n}`, 'RETURN 1']));
  catalog.want(['f1']);
  await pass();
  catalog.want(['f2']);
  await pass(60_000);
  expect(asked).toEqual(['list']);
  expect(warnings).toEqual([expect.stringContaining('5000 stored functions')]);
  bodies = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`a.f${n}`, `RETURN '${'x'.repeat(250_000)}'`]));
  forgetFunctions();
  catalog.want(Object.keys(bodies));
  await pass(60_000);
  expect(warnings).toHaveLength(2);
  expect(told.flat()).toEqual([]);
});

test('when it is closed it does nothing more', async () => {
  catalog.want(['f']);
  catalog.onClose();
  catalog.want(['g']);
  forgetFunctions();
  await pass(60_000);
  expect(asked).toEqual([]);
  expect(clock.timers).toBe(0);
});

test('who joins later is told what is known, who has left is told nothing', async () => {
  bodies = { 'a.f': 'RETURN 1' };
  catalog.want(['f']);
  await pass();
  const later: string[][] = [];
  const listener = (pure: ReadonlySet<string>): void => void later.push([...pure].sort());
  catalog.join(listener);
  forgetFunctions();
  catalog.leave(listener);
  catalog.want(['f']);
  await pass(1000);
  expect(later).toEqual([['a.f', 'f'], []]);
  expect(told).toHaveLength(3);
});
