import { crowdOf, Pace } from '../../../src/cluster/pace.js';
import { AFTER_SAMPLE_MS } from '../../../src/cluster/pace-rules.js';
import { type RouteContext, route } from '../../../src/routing/choose.js';
import type { Intent } from '../../../src/routing/intent.js';
import { type ApplyContext, apply } from '../../../src/topology/apply.js';
import type { LiveReport, NodeReport } from '../../../src/topology/node-report.js';
import type { Topology } from '../../../src/topology/topology.js';
import { COSTS, ROUND_TRIP_MS } from './costs.js';
import type { Events } from './events.js';
import type { ModelServer } from './model-server.js';

/** What the processes of a fleet share. */
export interface FleetContext {
  readonly events: Events;
  readonly servers: readonly ModelServer[];
  readonly random: () => number;
  readonly intervalMs: number;
  readonly maxLagMs: number;
  /** What every process believes at the beginning. */
  readonly topology: Topology;
  /** Also applies the reports that change nothing, which is slow. */
  readonly everyReport: boolean;
  /** A process that had lost the primary has written to the next. */
  readonly onRerouted: (now: number) => void;
}

const TIMEOUT_MS = 1000;
const LED_FACTOR = 1.5;
/** Connections that a pool opens at a time to one node. */
const GATE = 2;

const WRITE: Intent = {
  access: 'write',
  route: 'auto',
  node: undefined,
  maxLagMs: 2000,
  need: undefined,
  tried: [],
  waited: false,
};

/** One monitor: what it waits for, and what it was told last. */
interface Watch {
  readonly server: ModelServer;
  connected: boolean;
  running: boolean;
  again: boolean;
  failures: number;
  begunAt: number;
  dueAt: number;
  told: LiveReport;
}

/** One process: the real pace, `apply` and `route`, on monitors of the model. */
export class ModelProcess {
  readonly #context: FleetContext;
  readonly #pace: Pace;
  readonly #watches: readonly Watch[];
  #topology: Topology;
  #lost = false;
  /** It writes to the new primary: nothing that it hears then changes its pace. */
  #moved = false;

  constructor(context: FleetContext) {
    this.#context = context;
    const { events, random, servers, topology, intervalMs } = context;
    this.#pace = new Pace({ now: () => events.now, after: never }, intervalMs, random);
    this.#pace.keepFresh(context.maxLagMs);
    this.#pace.crowded(crowdOf(topology));
    this.#topology = topology;
    this.#watches = servers.map((server) => ({
      ...{ server, connected: true, running: false, again: false, failures: 0 },
      ...{ begunAt: -random() * intervalMs, dueAt: 0, told: server.says },
    }));
    for (const watch of this.#watches) this.#schedule(watch, random() * this.#pause(watch));
  }

  /** The traffic meets an error that smells of a failover. */
  lose(): void {
    this.#lost = true;
    this.#probeAll();
  }

  #probeAll(): void {
    for (const watch of this.#watches) {
      if (watch.running) watch.again = true;
      else this.#schedule(watch, Math.min(watch.dueAt - this.#context.events.now, this.#pace.soon(watch.begunAt)));
    }
  }

  #pause({ server, failures }: Watch): number {
    const { primary } = this.#topology;
    const led = primary !== undefined && primary.health === 'up' && primary.address !== server.address;
    return this.#pace.next(failures) * (led ? LED_FACTOR : 1);
  }

  // An event cannot be taken back: what is no longer due does nothing.
  #schedule(watch: Watch, ms: number): void {
    const { events } = this.#context;
    const dueAt = events.now + ms;
    watch.dueAt = dueAt;
    events.in(ms, () => {
      if (!watch.running && watch.dueAt === dueAt) this.#probe(watch);
    });
  }

  #probe(watch: Watch): void {
    const { events } = this.#context;
    const { server } = watch;
    const sentAt = events.now;
    watch.running = true;
    watch.again = false;
    watch.begunAt = sentAt;
    if (!server.alive) return events.in(ROUND_TRIP_MS, () => this.#answered(watch, failed(server, sentAt, 'gone')));
    const cpuMs = watch.connected ? COSTS.sample + COSTS.second : COSTS.connect + COSTS.firstSample + COSTS.second;
    const answeredAt = server.work(sentAt, cpuMs, { statements: watch.connected ? 2 : 3, connects: +!watch.connected });
    const late = answeredAt - sentAt > TIMEOUT_MS;
    const { says } = server;
    events.in(Math.min(TIMEOUT_MS, answeredAt - sentAt), () => {
      const gone = !server.alive;
      if (gone || late) this.#answered(watch, failed(server, sentAt, gone ? 'gone' : 'timeout'));
      else this.#answered(watch, { ...says, sentAt, answeredAt }, says);
    });
  }

  #answered(watch: Watch, report: NodeReport, says?: LiveReport): void {
    watch.connected = says !== undefined;
    watch.failures = report.ok ? 0 : watch.failures + 1;
    const news = says === undefined || says !== watch.told || this.#matters(says);
    if (says !== undefined) watch.told = says;
    if ((news && !this.#moved) || this.#context.everyReport) this.#believe(report);
    const { primary } = this.#topology;
    if (says !== undefined && primary?.address === watch.server.address) this.#lead();
    watch.running = false;
    this.#schedule(watch, watch.again ? this.#pace.soon(watch.begunAt) : this.#pause(watch));
  }

  // Reports in a row count for who claims the primary's place, and for a node that returns.
  #matters({ id, channels }: LiveReport): boolean {
    const claims = channels?.length === 0 && this.#topology.primary?.id !== id;
    return claims || this.#topology.nodes.get(id)?.health !== 'up';
  }

  #believe(report: NodeReport): void {
    const { topology, changes } = apply(this.#topology, report, this.#applyContext());
    this.#topology = topology;
    this.#pace.used(this.#context.events.now);
    if (report.ok) this.#pace.crowded(crowdOf(topology));
    this.#pace.search(topology.primary === undefined || topology.primary.health !== 'up');
    for (const { type } of changes) {
      if (type === 'noPrimary' || type === 'nodeDown') this.#probeAll();
      if (type === 'primaryChanged') this.#write();
    }
  }

  // Replicas are probed soon after the primary.
  #lead(): void {
    const { events, intervalMs } = this.#context;
    for (const watch of this.#watches) {
      const resting = watch.running || watch.failures > 0 || events.now - watch.begunAt < intervalMs / 2;
      if (!resting && this.#topology.primary?.address !== watch.server.address) this.#schedule(watch, AFTER_SAMPLE_MS);
    }
  }

  // The statements that were held go on: a new pool, its first connections at a moment of their own.
  #write(): void {
    const { events, servers, onRerouted } = this.#context;
    const answer = route(this.#topology, WRITE, this.#routeContext());
    const server = answer.type === 'use' ? servers.find(({ address }) => address === answer.node.address) : undefined;
    if (!this.#lost || server === undefined) return;
    this.#lost = false;
    this.#moved = true;
    events.in(this.#pace.spread(), () => {
      let first = Number.POSITIVE_INFINITY;
      for (let at = 0; at < GATE; at++) {
        const cpuMs = COSTS.connect + COSTS.setUp + COSTS.write;
        first = Math.min(first, server.work(events.now, cpuMs, { connects: 1, statements: 0 }) + 2 * ROUND_TRIP_MS);
      }
      events.in(first - events.now, () => onRerouted(events.now));
    });
  }

  #applyContext(): ApplyContext {
    return applyContext(this.#context.events.now);
  }

  #routeContext(): RouteContext {
    const { random, events, maxLagMs } = this.#context;
    return {
      ...{ loads: new Map(), now: events.now, begunAt: events.now, random, turn: 0 },
      policy: {
        ...{ balance: ([node]) => node!, maxLagMs, primaryReads: 'fallback', primaryReadsMax: 100 },
        ...{ fallbackMaxLagMs: undefined, zone: undefined, consistencyWaitMs: 100 },
        ...{ slowStartMs: 0, poolMax: 10, holdMs: 30_000 },
      },
    };
  }
}

/** The options that count for what is believed, with their defaults. */
export function applyContext(now: number): ApplyContext {
  return { now, failures: 3, successes: 2, discover: false, traitsOf: () => TRAITS };
}

const TRAITS = { weight: 1, zone: undefined, tags: [] };

function failed({ address }: ModelServer, sentAt: number, reason: 'gone' | 'timeout'): NodeReport {
  const answeredAt = sentAt + ROUND_TRIP_MS;
  return { ok: false, address, sentAt, answeredAt, reason, message: reason, code: undefined };
}

function never(): never {
  throw new Error('the pace starts no timer');
}
