import type { Clock, Timer } from '../clock.js';
import { processWide } from '../process-wide.js';
import type { RoutineOptions } from '../sql/routines/read-routine.js';
import { RoutineBook } from '../sql/routines/routine-book.js';
import type { Address } from '../topology/node-report.js';
import type { Topology } from '../topology/topology.js';
import type { Cluster, TopologyObserver } from './cluster.js';
import { MOST_FUNCTIONS, type RoutineSource } from './routine-source.js';

/** What a catalogue needs of its surroundings. */
export interface RoutineCatalogContext {
  readonly clock: Clock;
  /** Functions that the user vouches for. */
  readonly vouched: ReadonlySet<string>;
  readonly open: (address: Address) => Promise<RoutineSource>;
  /** Called when there is too much to read. */
  readonly onTooMuch: (message: string) => void;
}

/**
 * Told when other functions are known to be free of side effects than before, and when names may be asked for anew.
 *
 * @param pure as `readOnlyFunctions` names them
 */
export type FunctionsListener = (pure: ReadonlySet<string>) => void;

const NOTHING: ReadonlySet<string> = new Set();
/** Of one reading to the next, however often functions are changed. */
const PAUSE_MS = 250;
const RETRY_MS = 30_000;
const MOST_NAMES = 2000;
/** Characters of all bodies together. */
const MOST_TEXT = 10_000_000;

class TooMuch extends Error {}

/**
 * Knows which stored functions are free of side effects, as far as one account can see: reads those that are asked for, in the background, on a
 * connection to the primary that is open only meanwhile. What was read counts until there is another primary or a function was
 * changed by this process. Until it is read, and when it cannot be, nothing is known.
 */
export class RoutineCatalog implements TopologyObserver {
  readonly #context: RoutineCatalogContext;
  readonly #listeners = new Set<FunctionsListener>();
  readonly #asked = new Set<string>();
  #pure = NOTHING;
  #topology: Topology;
  /** The servers' versions that what is known, or being read, was read for. */
  #versions: ReadonlySet<string>;
  #book: RoutineBook | undefined;
  #read = 0;
  /** Changes when all that is known, or being read, no longer counts. */
  #epoch = 0;
  #source: RoutineSource | undefined;
  #running = false;
  #closed = false;
  #startedAt = Number.NEGATIVE_INFINITY;
  #notBefore = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(context: RoutineCatalogContext, topology: Topology) {
    this.#context = context;
    this.#topology = topology;
    this.#versions = versionsOf(topology);
    open.add(this);
  }

  /** Has the listener told, at once of what is known already. */
  join(listener: FunctionsListener): void {
    this.#listeners.add(listener);
    if (this.#pure.size > 0) listener(this.#pure);
  }

  leave(listener: FunctionsListener): void {
    this.#listeners.delete(listener);
  }

  /** Names of functions in a text, which are worth to be read. Returns at once. */
  want(names: readonly string[]): void {
    let more = false;
    for (const name of names) {
      if (this.#asked.has(name) || this.#asked.size >= MOST_NAMES) continue;
      this.#asked.add(name);
      more = true;
    }
    if (more) this.#schedule();
  }

  /** What is known no longer counts: functions were changed. */
  forget(): void {
    this.#epoch++;
    this.#notBefore = this.#startedAt + PAUSE_MS;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#asked.size === 0 || this.#closed) return;
    this.#asked.clear();
    this.#book = undefined;
    this.#source?.close();
    this.#tell(NOTHING);
  }

  onTopology(topology: Topology): void {
    const isAnother = topology.generation !== this.#topology.generation || this.#hasNewVersion(topology);
    this.#topology = topology;
    if (isAnother) {
      this.#versions = versionsOf(topology);
      this.forget();
    } else if (topology.primary && this.#timer === undefined) this.#schedule();
  }

  onClose(): void {
    this.#closed = true;
    open.delete(this);
    this.#timer?.cancel();
    this.#source?.close();
  }

  // Every GTID that arrives somewhere makes another topology: nothing is built for it.
  #hasNewVersion({ nodes }: Topology): boolean {
    for (const { lastReport } of nodes.values()) {
      if (lastReport !== undefined && !this.#versions.has(lastReport.version)) return true;
    }
    return false;
  }

  #tell(pure: ReadonlySet<string>): void {
    this.#pure = pure;
    for (const listener of this.#listeners) listener(pure);
  }

  #schedule(): void {
    const isDue = !this.#closed && !this.#running && this.#timer === undefined;
    if (!isDue || !this.#topology.primary || !this.#isMissing()) return;
    const { clock } = this.#context;
    const wait = Math.max(0, this.#notBefore - clock.now());
    this.#timer = clock.after(
      wait,
      () => {
        this.#timer = undefined;
        const { primary } = this.#topology;
        if (primary) void this.#run(primary.address);
      },
      true,
    );
  }

  #isMissing(): boolean {
    return this.#book === undefined ? this.#asked.size > 0 : this.#book.missing(this.#asked).length > 0;
  }

  async #run(address: Address): Promise<void> {
    const { clock } = this.#context;
    const epoch = this.#epoch;
    this.#running = true;
    this.#startedAt = clock.now();
    this.#notBefore = this.#startedAt + PAUSE_MS;
    try {
      await this.#readMissing(address, epoch);
      if (epoch === this.#epoch && !this.#closed) this.#tell(this.#book?.pure() ?? NOTHING);
    } catch (error) {
      if (epoch === this.#epoch) this.#failed(error as Error);
    }
    this.#source?.close();
    this.#source = undefined;
    this.#running = false;
    this.#schedule();
  }

  async #readMissing(address: Address, epoch: number): Promise<void> {
    const source = await this.#context.open(address);
    this.#source = source;
    const isOver = (): boolean => epoch !== this.#epoch || this.#closed;
    if (isOver()) return;
    const book = this.#book ?? (await this.#list(source));
    // What is read is asked for again: a body may call others, and others may have been wanted meanwhile.
    for (let missing = book.missing(this.#asked); missing.length > 0; missing = book.missing(this.#asked)) {
      for (const routine of missing) {
        const text = await source.textOf(routine);
        if (isOver()) return;
        this.#read += text.definition?.length ?? 0;
        if (this.#read > MOST_TEXT) throw new TooMuch(`more than ${MOST_TEXT} characters of stored functions`);
        book.add(routine, text);
      }
    }
    if (!isOver()) this.#book = book;
  }

  async #list(source: RoutineSource): Promise<RoutineBook> {
    const listed = await source.list();
    if (listed.length > MOST_FUNCTIONS) throw new TooMuch(`more than ${MOST_FUNCTIONS} stored functions`);
    this.#read = 0;
    return new RoutineBook(listed, { ...serverOf(this.#topology), readOnlyFunctions: this.#context.vouched });
  }

  #failed(error: Error): void {
    this.#notBefore = this.#context.clock.now() + RETRY_MS;
    if (!(error instanceof TooMuch)) return;
    // Nothing is missing in an empty book, until all is forgotten.
    this.#book = new RoutineBook([], {});
    this.#tell(NOTHING);
    this.#context.onTooMuch(`${error.message}: their bodies are not read, and calls of them run on the primary`);
  }
}

// Functions may be changed through another pool than that which calls them, and by either door.
const open = processWide('routine-catalogs', () => new Set<Pick<RoutineCatalog, 'forget'>>());

const catalogs = new WeakMap<Cluster, Map<string, RoutineCatalog>>();

/** The catalogue of a cluster for `key`, which tells accounts apart; made when it is the first use. It ends with the cluster. */
export function catalogOf(cluster: Cluster, key: string, context: () => RoutineCatalogContext): RoutineCatalog {
  const ofCluster = catalogs.get(cluster) ?? new Map<string, RoutineCatalog>();
  catalogs.set(cluster, ofCluster);
  let catalog = ofCluster.get(key);
  if (catalog === undefined) {
    catalog = new RoutineCatalog(context(), cluster.topology);
    ofCluster.set(key, catalog);
    cluster.watch(catalog);
  }
  return catalog;
}

/** A stored function was, or may have been, changed: no catalogue of this process knows anything any more. */
export function forgetFunctions(): void {
  for (const catalog of open) catalog.forget();
}

function versionsOf({ nodes }: Topology): ReadonlySet<string> {
  return new Set([...nodes.values()].flatMap(({ lastReport }) => lastReport?.version ?? []));
}

/** The servers, when they are alike. */
function serverOf(topology: Topology): RoutineOptions {
  const [serverVersion, another] = versionsOf(topology);
  const flavor = topology.primary?.lastReport?.flavor;
  if (serverVersion === undefined || another !== undefined || flavor === undefined) return {};
  return { serverVersion, flavor };
}
