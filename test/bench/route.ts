import { GtidSet } from '../../src/gtid/gtid-set.js';
import { balancers } from '../../src/routing/balancers/balancers.js';
import { type RouteContext, route } from '../../src/routing/choose.js';
import type { Intent } from '../../src/routing/intent.js';
import type { NodeLoad } from '../../src/routing/route.js';
import { applyAll, gtids, type ShortReport, seeded } from '../unit/topology/build.js';

/** Nanoseconds of the pure core's hot paths. `npx tsx test/bench/route.ts`, or bundled with esbuild. */
const ROUNDS = 15;
const CALLS = 200_000;

function measure(name: string, call: () => unknown): void {
  const times: number[] = [];
  let kept: unknown;
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < CALLS; i += 1) kept = call();
    times.push(Number(process.hrtime.bigint() - start) / CALLS);
  }
  times.sort((a, b) => a - b);
  const figure = (value: number | undefined): string => (value ?? 0).toFixed(1).padStart(8);
  process.stdout.write(`${name.padEnd(52)} min ${figure(times[0])} ns  median ${figure(times[ROUNDS >> 1])} ns\n`);
  if (kept === process) process.stdout.write('');
}

const replicas = ['B', 'C', 'D'].map(
  (as, index): ShortReport => ({
    at: 10,
    from: `db-${index + 2}`,
    as,
    readOnly: true,
    channels: [{ id: 'A', source: 'db-1' }],
    executed: 'A:1-1000,B:1-50',
  }),
);
const seeds = ['db-1', 'db-2', 'db-3', 'db-4'];
const reports: ShortReport[] = [{ at: 0, from: 'db-1', as: 'A', executed: 'A:1-1000,B:1-50' }, ...replicas];
const three = applyAll(seeded(...seeds), reports).topology;
const two = applyAll(seeded(...seeds.slice(0, 3)), reports.slice(0, 3)).topology;

const load: NodeLoad = {
  inFlight: 1,
  responseMs: 0.4,
  respondedAt: 0,
  arrivalMs: 2,
  blockedUntil: 0,
  lagging: false,
  ejectedUntil: 0,
};
const context: RouteContext = {
  loads: new Map(['A', 'B', 'C', 'D'].map((id) => [id, load])),
  now: 100,
  begunAt: 100,
  random: Math.random,
  turn: 0,
  policy: {
    balance: balancers.adaptive,
    maxLagMs: 500,
    primaryReads: 'fallback',
    primaryReadsMax: 10,
    fallbackMaxLagMs: undefined,
    zone: undefined,
    consistencyWaitMs: 100,
    slowStartMs: 0,
    poolMax: 10,
    holdMs: 30_000,
  },
};
const read: Intent = {
  access: 'read',
  route: 'auto',
  node: undefined,
  maxLagMs: 500,
  need: undefined,
  tried: [],
  waited: false,
};
const needing: Intent = { ...read, need: { gtids: gtids('A:998'), unknownSince: undefined } };
const write: Intent = { ...read, access: 'write' };

const wide = GtidSet.parse(
  Array.from({ length: 2000 }, (_, i) => `aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa:${i * 3 + 1}`).join(','),
);
const one = gtids('A:3001');
const simple = gtids('A:1-1000');
const gtid998 = gtids('A:998');
const next = gtids('A:1001');

measure('route: read, 2 replicas', () => route(two, read, context));
measure('route: read, 3 replicas', () => route(three, read, context));
measure('route: read with a watermark, 3 replicas', () => route(three, needing, context));
measure('route: write', () => route(three, write, context));
measure('contains: one GTID in 2000 intervals', () => wide.contains(one));
measure('contains: one GTID in one interval', () => simple.contains(gtid998));
measure('contains: empty in empty', () => GtidSet.empty.contains(GtidSet.empty));
measure('union: the next GTID', () => simple.union(next));
measure('parse: one GTID', () => GtidSet.parse('aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa:5'));
