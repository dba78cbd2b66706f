import type { Connection, RowDataPacket } from 'mysql2';
import type { Clock, Timer } from '../clock.js';
import { GtidSet } from '../gtid/gtid-set.js';
import type { ProbeQuery } from '../probes/probe.js';
import { type OpenedRaw, socketOf } from './physical-connection.js';

/** What a follower needs of its surroundings. */
export interface FollowerContext {
  readonly clock: Clock;
  readonly connect: () => Promise<OpenedRaw>;
  /** How the node is asked to answer once it has these GTIDs. */
  readonly waitFor: (gtids: GtidSet, seconds: number) => ProbeQuery;
  /** Called when GTIDs that were wanted are there. Times are clock ms. */
  readonly onArrival: (executed: GtidSet, answeredAt: number) => void;
}

const WAIT_SECONDS = 0.5;
const IDLE_MS = 10_000;
const WEIGHT = 0.2;

/**
 * Waits on one replica for GTIDs to be applied there, as long as somebody wants to know, on a connection of its own.
 * One wait at a time: what is wanted meanwhile goes into the next.
 */
export class Follower {
  readonly #context: FollowerContext;
  #raw: Connection | undefined;
  #wanted = GtidSet.empty;
  #wantedSince = 0;
  #running = false;
  #closed = false;
  #idle: Timer | undefined;
  /** Moving average of how long GTIDs took to arrive, ms; undefined before the first. */
  arrivalMs: number | undefined;

  constructor(context: FollowerContext) {
    this.#context = context;
  }

  /** Asks to be told when these GTIDs have been applied. */
  want(gtids: GtidSet): void {
    if (this.#closed || gtids.isEmpty) return;
    if (this.#wanted.isEmpty) this.#wantedSince = this.#context.clock.now();
    this.#wanted = this.#wanted.union(gtids);
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  close(): void {
    this.#closed = true;
    this.#idle?.cancel();
    this.#drop();
  }

  async #run(): Promise<void> {
    this.#idle?.cancel();
    while (!this.#wanted.isEmpty && !this.#closed) {
      const gtids = this.#wanted;
      let since = this.#wantedSince;
      this.#wanted = GtidSet.empty;
      try {
        const open = this.#raw;
        const raw = open ?? (await this.#connect());
        // How long that took tells nothing of the replica.
        if (!open) since = this.#context.clock.now();
        if (await this.#wait(raw, gtids)) this.#arrived(gtids, since);
      } catch {
        // The replica is lost or refuses: the probe says so. Who still needs the GTIDs asks again.
        this.#drop();
      }
    }
    this.#running = false;
    this.#idle = this.#context.clock.after(IDLE_MS, () => this.#drop(), true);
  }

  #arrived(gtids: GtidSet, since: number): void {
    const now = this.#context.clock.now();
    this.arrivalMs = (this.arrivalMs ?? now - since) * (1 - WEIGHT) + (now - since) * WEIGHT;
    this.#context.onArrival(gtids, now);
  }

  async #wait(raw: Connection, gtids: GtidSet): Promise<boolean> {
    const { sql } = this.#context.waitFor(gtids, WAIT_SECONDS);
    // A server that hangs would keep the wait for ever.
    const guard = this.#context.clock.after(WAIT_SECONDS * 1000 + 1000, () => this.#drop());
    try {
      return await new Promise<boolean>((resolve, reject) => {
        raw.query<RowDataPacket[]>(sql, (error, rows) =>
          error ? reject(error) : resolve(Number(rows[0]?.outcome ?? 1) === 0),
        );
      });
    } finally {
      guard.cancel();
    }
  }

  async #connect(): Promise<Connection> {
    const { raw } = await this.#context.connect();
    raw.on('error', () => {
      if (this.#raw === raw) this.#raw = undefined;
    });
    this.#raw = raw;
    if (this.#closed) this.#drop();
    return raw;
  }

  #drop(): void {
    const raw = this.#raw;
    this.#raw = undefined;
    if (raw) socketOf(raw).destroy();
  }
}
