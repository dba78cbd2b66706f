import { GtidSet } from './gtid-set.js';
import { RecentGtids } from './recent-gtids.js';

/** What a reader must be able to see. */
export interface ReadNeed {
  /** All of these GTIDs. */
  readonly gtids: GtidSet;
  /** A write without a GTID ended at this time (ms): until a later sample of the primary exists, only the primary will do. */
  readonly unknownSince: number | undefined;
}

/** Beyond this many intervals a watermark is replaced by a sample that contains it. */
const MAX_INTERVALS = 64;

/** What a consistency scope remembers of its writes: the transactions that its reads must see. No I/O, no clock. */
export class Watermark {
  #gtids = GtidSet.empty;
  #unknownSince: number | undefined;
  #need: ReadNeed | undefined;
  #used = false;
  #era = 0;
  readonly #recent = new RecentGtids();

  /** What a read needs; undefined when any replica will do. The same object while nothing changes. */
  get need(): ReadNeed | undefined {
    this.#join();
    return this.#need;
  }

  /** Another number than before: what was needed before may mean nothing any more, or not be enough. */
  get era(): number {
    return this.#era;
  }

  /** All GTIDs of what was written and may be missing somewhere. */
  get gtids(): GtidSet {
    this.#join();
    return this.#gtids;
  }

  /**
   * What a read that began with this need in this era must see: the same, however much has been written since, or it would wait for
   * ever where somebody always writes. All that is needed by now after a new era, or where a write of unknown GTID may be known by now.
   */
  since(begun: ReadNeed | undefined, era: number): ReadNeed | undefined {
    const { need } = this;
    if (era !== this.#era) return need;
    if (begun === undefined || need === undefined) return undefined;
    return begun.unknownSince === undefined ? begun : need;
  }

  /** Something that was forgotten may be missing again: when anything was written at all, as after {@link Watermark.addUnknown}. */
  recall(at: number): void {
    if (!this.#used && this.#recent.isEmpty) return;
    this.#join();
    this.#era++;
    this.#set(this.#gtids, Math.max(at, this.#unknownSince ?? at));
  }

  /** Adds the GTIDs of an OK packet: entries such as `'uuid:5'` or `'uuid:5-7'`, and MariaDB's `'0-1-5'`. */
  add(gtids: readonly string[]): void {
    for (const text of gtids) {
      if (this.#recent.keep(text)) continue;
      this.#join();
      if (!this.#recent.keep(text)) this.#add(GtidSet.parse(text, text.includes(':') ? 'mysql' : 'mariadb'));
    }
  }

  #join(): void {
    if (!this.#recent.isEmpty) this.#add(this.#recent.take());
  }

  #add(gtids: GtidSet): void {
    const united = this.#gtids.union(gtids);
    if (united === this.#gtids) return;
    this.#set(united, this.#unknownSince);
  }

  /** A write ended at this time (ms) without telling its GTID: an error, 0 rows, a lost connection. */
  addUnknown(at: number): void {
    if (this.#unknownSince !== undefined && this.#unknownSince >= at) return;
    this.#set(this.#gtids, at);
  }

  /**
   * A sample of the primary. When it was sent after the last write of unknown GTID had ended, it holds that write:
   * it joins the watermark, and replicas will do again. True when that happened.
   */
  settle(sample: { readonly sentAt: number; readonly executed: GtidSet }): boolean {
    if (this.#unknownSince === undefined || sample.sentAt < this.#unknownSince) return false;
    this.#join();
    this.#set(this.#gtids.union(sample.executed), undefined);
    return true;
  }

  /** Forgets what every node that may be read from has. */
  prune(everyReaderHas: GtidSet): void {
    this.#join();
    if (!this.#gtids.isEmpty) this.#set(this.#gtids.minus(everyReaderHas), this.#unknownSince);
  }

  /** A watermark of many pieces costs each read: the sample's set takes its place when it is whole and holds all of it. */
  compact(sample: { readonly executed: GtidSet }): void {
    this.#join();
    const { executed } = sample;
    const pieces = this.#gtids.intervals;
    if (pieces <= MAX_INTERVALS || executed.intervals >= pieces || !executed.contains(this.#gtids)) return;
    this.#set(executed, this.#unknownSince);
  }

  /** The GTIDs mean nothing any more, as positions in the log of a former primary: what was written is of unknown GTID at `at` (ms). */
  recount(at: number): void {
    this.#join();
    if (this.#need === undefined) return;
    this.#era++;
    this.#set(GtidSet.empty, Math.max(at, this.#unknownSince ?? at));
  }

  /** Another primary: whoever waits takes what is needed by then. */
  renew(): void {
    this.#era++;
  }

  /** Forgets GTIDs that no node will ever have. */
  drop(lost: GtidSet): void {
    this.#join();
    this.#era++;
    this.#set(this.#gtids.minus(lost), this.#unknownSince);
  }

  #set(gtids: GtidSet, unknownSince: number | undefined): void {
    if (gtids === this.#gtids && unknownSince === this.#unknownSince) return;
    this.#gtids = gtids;
    this.#unknownSince = unknownSince;
    this.#used = true;
    const nothing = gtids.isEmpty && unknownSince === undefined;
    this.#need = nothing ? undefined : Object.freeze({ gtids, unknownSince });
  }
}
