import { GtidSet } from '../gtid/gtid-set.js';
import { type ReadNeed, Watermark } from '../gtid/watermark.js';
import type { Consistency, Settings } from '../options.js';
import type { Intent } from '../routing/intent.js';
import type { NodeId } from '../topology/node-report.js';
import { tellsGtids } from '../topology/samples.js';
import type { NodeView, Sample, Topology } from '../topology/topology.js';
import type { Cluster } from './cluster.js';

const PLAIN_READ = {
  access: 'read',
  route: 'auto',
  node: undefined,
  need: undefined,
  tried: Object.freeze([]) as readonly NodeId[],
  waited: false,
} as const;

/** Without GTIDs a sample is asked for no more often than this. */
const SAMPLE_PAUSE_MS = 50;

/** What was written, as seen from a topology. Those who read as one share it, also when they are not there at the same time. */
export interface WriteHistory {
  readonly watermark: Watermark;
  /** The one that it was last kept true for. */
  topology: Topology;
  /** What had been written when the primary changed, until it is known whether the new one has it. */
  doubt?: { readonly since: number; readonly gtids: GtidSet } | undefined;
}

/** How long a member that takes the writes over may take to receive what the others have, ms. */
const RECEIVE_MS = 10_000;

/** Nothing written yet. */
export function newHistory({ topology }: Cluster): WriteHistory {
  return { watermark: new Watermark(), topology };
}

/**
 * What the reads of one pool, or of all connections that share it, must be able to see, kept true as the topology changes; and
 * the intents made from it.
 */
export class ReadScope {
  /** The intent of a write without further wishes. */
  readonly writeIntent: Intent;
  /** The intent of who only has to find a server. */
  readonly openingIntent: Intent;
  readonly #history: WriteHistory;
  readonly #watermark: Watermark;
  readonly #cluster: Cluster;
  readonly #settings: Settings;
  #readIntent: Intent;
  #sampledAt = Number.NEGATIVE_INFINITY;

  constructor(cluster: Cluster, settings: Settings, history: WriteHistory) {
    this.#history = history;
    this.#watermark = history.watermark;
    this.#cluster = cluster;
    this.#settings = settings;
    this.#readIntent = Object.freeze({ ...PLAIN_READ, maxLagMs: settings.maxLagMs });
    this.writeIntent = Object.freeze({ ...this.#readIntent, access: 'write' as const });
    this.openingIntent = Object.freeze({
      ...this.#readIntent,
      route: 'primary-first' as const,
      maxLagMs: Number.POSITIVE_INFINITY,
    });
    // What the topology went through while nobody shared the history.
    this.onTopology(cluster.topology);
  }

  get need(): ReadNeed | undefined {
    return this.#watermark.need;
  }

  /** The intent of a read: the same object while the watermark is unchanged. */
  readIntent(maxLagMs?: number, consistency: Consistency = this.#settings.consistency): Intent {
    const counts = consistency !== 'eventual';
    const need = counts ? this.need : undefined;
    const era = counts ? this.#watermark.era : undefined;
    const last = this.#readIntent;
    if (need !== last.need || era !== last.era) this.#readIntent = Object.freeze({ ...last, need, era });
    return maxLagMs === undefined ? this.#readIntent : { ...this.#readIntent, maxLagMs };
  }

  /**
   * The intent of who comes again: what must be seen may mean nothing any more, or be more since a replica has come. What a write
   * without a GTID did may be known by now; if not, a sample of the primary is asked for.
   */
  refresh(intent: Intent): Intent {
    if (intent.era === undefined) return intent;
    const { era } = this.#watermark;
    const need = this.#watermark.since(intent.need, intent.era);
    if (need?.unknownSince !== undefined && this.#wantsSample()) this.#cluster.sample([], need.unknownSince);
    return need === intent.need && era === intent.era ? intent : { ...intent, need, era };
  }

  /** Takes in the GTIDs of a write. Where no replica could tell that it has them (Aurora), they are as good as none. */
  add(gtids: readonly string[]): void {
    const report = this.#cluster.topology.primary?.lastReport;
    if (report && !tellsGtids(report)) this.addUnknown();
    else this.#watermark.add(gtids);
  }

  /** A write ended now, and nobody told its GTID. */
  addUnknown(): void {
    this.#watermark.addUnknown(this.#cluster.clock.now());
  }

  // Where every write is of that kind, replicas tell of it no sooner than now and then; on shared storage no sample tells it.
  #wantsSample(): boolean {
    const report = this.#cluster.topology.primary?.lastReport;
    if (report === undefined || tellsGtids(report)) return true;
    const now = this.#cluster.clock.now();
    if (report.executed === undefined || now - this.#sampledAt < SAMPLE_PAUSE_MS) return false;
    this.#sampledAt = now;
    return true;
  }

  /** Takes in the topology, once: all that share the history tell of it. */
  onTopology(topology: Topology): void {
    const previous = this.#history.topology;
    if (topology === previous) return;
    this.#history.topology = topology;
    if (topology.generation !== previous.generation) this.#doubt(topology);
    this.#judge(topology);
    // It may lack what all others had, and what was forgotten for that.
    const comes = topology.replicas.some((node) => isNewTo(previous, node));
    if (comes) this.#watermark.recall(this.#cluster.clock.now());
    if (this.need !== undefined) this.#tidy(topology);
  }

  // What was written may be missing on another primary.
  #doubt({ primary }: Topology): void {
    const now = this.#cluster.clock.now();
    // Positions count in one server's log: what another one has of it is told by where its own log ends.
    if (primary?.lastReport && !tellsGtids(primary.lastReport)) {
      this.#history.doubt = undefined;
      return this.#watermark.recount(now);
    }
    this.#watermark.renew();
    const { gtids } = this.#watermark;
    this.#history.doubt = gtids.isEmpty ? undefined : { since: now, gtids };
  }

  // GTIDs that a new primary does not have are gone: nobody could ever wait for them. Of a group it may still receive them.
  #judge({ primary, samples }: Topology): void {
    const { doubt } = this.#history;
    const sample = samples.at(-1);
    if (doubt === undefined || sample === undefined || primary === undefined) return;
    const group = primary.lastReport?.group;
    const missing = doubt.gtids.minus(sample.executed);
    if (group && !missing.isEmpty && sample.sentAt < doubt.since + RECEIVE_MS) return;
    this.#history.doubt = undefined;
    const lost = group?.received ? missing.minus(group.received) : missing;
    if (lost.isEmpty) return;
    this.#watermark.drop(lost);
    const message = `writes acknowledged through this pool are missing on the new primary: ${lost.toString()}`;
    this.#cluster.tell('warning', { code: 'WRITES_LOST', message });
  }

  #tidy(topology: Topology): void {
    const sample = topology.samples.at(-1) ?? this.#withoutGtids(topology);
    if (sample) {
      this.#watermark.settle(sample);
      this.#watermark.compact(sample);
    }
    const { need } = this;
    const { replicas } = topology;
    if (need === undefined || replicas.length === 0) return;
    this.#watermark.prune(
      replicas.reduce((have, { executed = GtidSet.empty }) => have.intersect(executed), need.gtids),
    );
  }

  // Without GTIDs a replica has what was acknowledged before the upper bound of its lag; here, when all have it.
  #withoutGtids({ primary, replicas }: Topology): Pick<Sample, 'sentAt' | 'executed'> | undefined {
    if (primary === undefined || primary.lastReport === undefined || tellsGtids(primary.lastReport)) return undefined;
    const sentAt = Math.min(...replicas.map(({ lag }) => lag.caughtUpTo ?? Number.NEGATIVE_INFINITY));
    return { sentAt, executed: GtidSet.empty };
  }
}

/** Whether a replica was none before, or lacks by now what it had: nodes can lose. */
function isNewTo({ nodes }: Topology, { id, executed }: NodeView): boolean {
  const before = nodes.get(id);
  if (before?.role !== 'replica') return true;
  return executed !== undefined && before.executed !== undefined && !executed.contains(before.executed);
}
