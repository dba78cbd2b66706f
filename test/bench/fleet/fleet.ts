import type { Row } from '../row.js';
import { type Fleet, type FleetFigures, simulate } from './simulate.js';

const SEED = 7;
const BAR = 4;
const FLEETS: readonly Omit<Fleet, 'seed'>[] = [
  ...[10, 1_000, 10_000].flatMap((processes) => [3, 20].map((nodes) => ({ processes, nodes }))),
  { processes: 10_000, nodes: 3, maxLagMs: 10_000 },
];

/** What fleets of processes cost their servers, and how soon they follow a failover: a simulation, by seed. */
export async function fleets(): Promise<Row[]> {
  const measured = FLEETS.map((fleet) => ({ fleet, figures: simulate({ ...fleet, seed: SEED }) }));
  const rates = measured.map(({ fleet, figures }) => figures.statements / fleet.processes);
  return [
    {
      measure: 'probe statements of a process a node a second, 500 ms (simulated)',
      value: Math.max(...rates),
      unit: '',
      bar: BAR,
      detail: `least ${Math.min(...rates).toFixed(2)}, where the servers are crowded`,
    },
    ...measured.map(({ fleet, figures }) => rowOf(fleet, figures)),
  ];
}

function rowOf({ processes, nodes, maxLagMs }: Omit<Fleet, 'seed'>, figures: FleetFigures): Row {
  const { reroutes, ...rest } = figures;
  const [p50, p99] = [at(reroutes, 0.5), at(reroutes, 0.99)];
  const limit = maxLagMs === undefined ? '' : `, maxLagMs ${maxLagMs}`;
  return {
    measure: `reroute of ${processes} processes, ${nodes} nodes${limit}, p99 (simulated)`,
    value: p99 / 1000,
    unit: 's',
    detail:
      `p50 ${(p50 / 1000).toFixed(3)} s; a node: ${Math.round(rest.statements)} statements/s, ` +
      `${rest.connections} connections, ${rest.cores.toFixed(2)} cores; in the failover at most ` +
      `${Math.round(rest.peakStatements)} statements/s, ${Math.round(rest.peakConnects)} connects/s`,
    figures: { processes, nodes, maxLagMs, ...rest, p50, p99, last: reroutes.at(-1) },
  };
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
