import { GtidSet } from '../../../src/gtid/gtid-set.js';
import { apply, emptyTopology } from '../../../src/topology/apply.js';
import type { Topology } from '../../../src/topology/topology.js';
import { randomOf } from '../../support/random.js';
import { Events } from './events.js';
import { applyContext, ModelProcess } from './model-process.js';
import { ModelServer } from './model-server.js';

/** A fleet of one kind of process on one cluster. */
export interface Fleet {
  readonly processes: number;
  readonly nodes: number;
  readonly seed: number;
  readonly intervalMs?: number;
  readonly maxLagMs?: number;
  /** Applies also the reports that change nothing. Slow, and the same: a test holds it. */
  readonly everyReport?: boolean;
}

/** What came of it. Rates are by second; times in ms. */
export interface FleetFigures {
  /** While all is calm: of one node, all processes together. */
  readonly statements: number;
  readonly connections: number;
  /** CPU of a server that probes take, in cores. */
  readonly cores: number;
  /** The most on any node in a tenth of a second, between the loss and the last process rerouted. */
  readonly peakStatements: number;
  /** The same of connects to the new primary. */
  readonly peakConnects: number;
  /** Of each process: from the promotion to its first write on the new primary, ascending. */
  readonly reroutes: readonly number[];
}

/** Application sessions of a process on each node, beside its monitor. */
const POOL_SESSIONS = 4;
const SETTLE_MS = 1_000;
const MEASURE_MS = 2_000;
const NOTICE_MS = 5;
const PROMOTED_AFTER_MS = 2_000;
const FOLLOWED_AFTER_MS = 100;
const LONGEST_MS = 60_000;

/** Lets a fleet run in calm, kills the primary, promotes another, and waits until every process writes there. */
export function simulate(fleet: Fleet): FleetFigures {
  const events = new Events();
  const random = randomOf(fleet.seed);
  const servers = serversOf(fleet);
  const reroutes: number[] = [];
  const promotedAt = SETTLE_MS + MEASURE_MS + PROMOTED_AFTER_MS;
  const context = {
    ...{ events, servers, random, topology: believed(servers), everyReport: fleet.everyReport ?? false },
    ...{ intervalMs: fleet.intervalMs ?? 500, maxLagMs: fleet.maxLagMs ?? 2000 },
    onRerouted: (now: number) => void reroutes.push(now - promotedAt),
  };
  const processes = Array.from({ length: fleet.processes }, () => new ModelProcess(context));
  events.runUntil(SETTLE_MS);
  for (const server of servers) server.reset();
  events.runUntil(SETTLE_MS + MEASURE_MS);
  const calm = calmOf(servers);
  for (const server of servers) server.reset();
  servers[0]!.alive = false;
  for (const process of processes) events.in(random() * NOTICE_MS, () => process.lose());
  events.runUntil(promotedAt);
  servers[1]!.follow(undefined);
  events.in(FOLLOWED_AFTER_MS, () => {
    for (const replica of servers.slice(2)) replica.follow(1);
  });
  events.runUntil(promotedAt + LONGEST_MS, () => reroutes.length === fleet.processes);
  if (reroutes.length < fleet.processes) throw new Error(`${reroutes.length} of ${fleet.processes} processes moved`);
  return {
    ...calm,
    connections: fleet.processes,
    peakStatements: Math.max(...servers.map((server) => server.peak('statements'))),
    peakConnects: servers[1]!.peak('connects'),
    reroutes: reroutes.sort((a, b) => a - b),
  };
}

function serversOf({ nodes, processes }: Fleet): readonly ModelServer[] {
  const executed = GtidSet.parse('00000000-0000-0000-0000-000000000001:1-5000000');
  const sessions = processes * (1 + POOL_SESSIONS);
  return Array.from({ length: nodes }, (_, index) => new ModelServer(index, executed, sessions));
}

// All nodes said the same twice: the primary is known and all are up.
function believed(servers: readonly ModelServer[]): Topology {
  let topology = emptyTopology(servers.map(({ address }) => address));
  for (const sentAt of [-2, -1]) {
    for (const { says } of servers) {
      topology = apply(topology, { ...says, sentAt, answeredAt: sentAt + 0.5 }, applyContext(sentAt)).topology;
    }
  }
  if (topology.primary?.address !== servers[0]?.address) throw new Error(`no primary is believed: ${topology.because}`);
  return topology;
}

function calmOf(servers: readonly ModelServer[]): Pick<FleetFigures, 'statements' | 'cores'> {
  return {
    statements: (Math.max(...servers.map(({ statements }) => statements)) * 1000) / MEASURE_MS,
    cores: Math.max(...servers.map(({ cpuMs }) => cpuMs)) / MEASURE_MS,
  };
}
