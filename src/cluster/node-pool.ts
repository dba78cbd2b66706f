import genericPool, { type Pool } from 'generic-pool';
import type { Clock, Timer } from '../clock.js';
import { readError } from '../error-facts.js';
import { backOffMs, ConnectGate } from './connect-gate.js';
import { type LeaseReceiver, LeaseWaiters, type Waiter } from './lease-waiters.js';
import { ParkedWaiters } from './parked-waiters.js';
import type { PhysicalConnection } from './physical-connection.js';
import { refusalOf, timeoutOf } from './pool-errors.js';
import { destroyDead, keeping, type NodePoolSettings, type Resource, type Tombstone } from './pool-resource.js';
import { ReturnedLeases } from './returned-leases.js';

export type { NodePoolSettings };

const IDLE_CHECK_MS = 30_000;
const CHECK_MS = 1_000;
const TEND_MS = 5_000;
const FULL_PAUSE_MS = 100;
const UNWANTED = new Error('nobody waits for this connection any more');

/**
 * The connections of one node in one role: generic-pool behind a shield against its traps. A failed connect reaches the
 * waiter at once with its own error, every wait has a bound, dead and outdated connections are never lent, and after
 * {@link NodePool.retire} nothing is. Who finds all connections lent waits here, not in generic-pool, where no wait can be
 * ended: a lease that comes back goes to the next.
 */
export class NodePool {
  readonly #connectTo: () => Promise<PhysicalConnection>;
  #settings: NodePoolSettings;
  readonly #clock: Clock;
  readonly #main: Pool<Resource>;
  readonly #gate = new ConnectGate(2);
  readonly #waiters: LeaseWaiters;
  readonly #parked = new ParkedWaiters();
  readonly #returned: ReturnedLeases;
  readonly #open = new Set<PhysicalConnection>();
  #lent = 0;
  #reserve: Pool<Resource> | undefined;
  #tending: Timer | undefined;
  #retired: Error | undefined;
  #failures = 0;
  #blockedUntil = 0;

  constructor(open: () => Promise<PhysicalConnection>, settings: NodePoolSettings, clock: Clock) {
    this.#connectTo = open;
    this.#settings = settings;
    this.#clock = clock;
    this.#returned = new ReturnedLeases(clock, (lease) => this.#putBack(lease, this.#ownerOf(lease)));
    this.#waiters = new LeaseWaiters(clock, settings.acquireTimeoutMs, () => timeoutOf(this.#settings));
    // The limit is kept here, where it can be changed.
    this.#main = this.#create(settings.min, Number.MAX_SAFE_INTEGER);
    if (settings.min === 0) return;
    this.#main.start();
    this.#tending = this.#tend();
  }

  /** Connects fail: nothing is to be had before this time (clock ms). */
  get blockedUntil(): number {
    return this.#blockedUntil;
  }

  get size(): number {
    return this.#main.size + (this.#reserve?.size ?? 0);
  }

  get idle(): number {
    return this.#main.available + this.#returned.size;
  }

  /** Connections that are borrowed. */
  get lent(): number {
    return this.#lent;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Lends a connection.
   *
   * @param useReserve a session that holds a lease already: may have one above `max`
   */
  acquire(receiver: LeaseReceiver, useReserve = false, now: number = this.#clock.now()): void {
    if (this.#retired) return receiver.onPoolError(this.#retired);
    const returned = this.#returned.take();
    if (returned && now - returned.lastUsedAt <= IDLE_CHECK_MS) return this.#handOver(returned, receiver, now);
    const waiter: Waiter = { receiver, since: Number.POSITIVE_INFINITY, settled: false };
    if (returned) return this.#check(this.#main, returned, waiter);
    const pool = useReserve && this.#exhausted() && this.#settings.reserve > 0 ? this.#reservePool() : this.#main;
    if (pool.available > 0) return this.#take(pool, waiter);
    const busy = pool === this.#main && !this.#hasRoom();
    const refusal = busy && refusalOf(this.#settings, this.#waiters.size);
    if (refusal) return receiver.onPoolError(refusal);
    this.#waiters.add(waiter);
    return busy ? this.#parked.push(waiter) : this.#take(pool, waiter);
  }

  /** Gives a connection back. A second call for the same loan does nothing. */
  release(lease: PhysicalConnection): void {
    if (!lease.leased) return;
    lease.leased = false;
    lease.holder = undefined;
    this.#lent--;
    lease.dirty ||= lease.lastUsedAt - lease.createdAt > this.#settings.maxLifetimeMs;
    const owner = this.#ownerOf(lease);
    const usable = !lease.dead && !lease.dirty && !this.#retired;
    if (owner !== this.#main) return this.#putBack(lease, owner);
    if (usable && this.#waiters.size === 0) return this.#returned.add(lease);
    const next = this.#parked.next();
    if (usable && next) return this.#handOver(lease, this.#settled(next));
    this.#putBack(lease, owner);
    if (next) this.#take(owner, next);
  }

  /** Opens no more than so many from now on; those that are open stay in use. */
  resize(max: number): void {
    this.#settings = { ...this.#settings, max };
    this.#serveParked();
  }

  /**
   * Lends nothing any more: idle connections are closed, waiters get `error`.
   *
   * @param abort also ends the statements in flight
   */
  retire(error: Error, abort: boolean): void {
    if (abort) for (const connection of [...this.#open]) if (connection.leased) connection.destroy(error);
    if (this.#retired) return;
    this.#retired = error;
    this.#waiters.failAll(error);
    this.#returned.putAllBack();
    this.#closeIdle();
    for (const connection of [...this.#open]) if (connection.leased && !connection.dead) connection.recall();
  }

  /** Resolves when all that was lent has come back, or after `timeoutMs`; then everything is closed. */
  async drain(error: Error, timeoutMs: number): Promise<void> {
    const deadline = this.#clock.now() + timeoutMs;
    while ((this.#lent > 0 || this.#waiters.size > 0) && this.#clock.now() < deadline) {
      await new Promise<void>((resolve) => this.#clock.after(5, resolve));
    }
    this.retire(error, true);
  }

  #create(min: number, max: number): Pool<Resource> {
    return genericPool.createPool<Resource>(
      {
        create: () => this.#connect(),
        destroy: async (resource) => {
          if (!('raw' in resource)) return;
          this.#open.delete(resource);
          if (resource.dead) resource.destroy();
          else resource.quit();
        },
      },
      { min, max, ...keeping(this.#settings) },
    );
  }

  #reservePool(): Pool<Resource> {
    this.#reserve ??= this.#create(0, this.#settings.reserve);
    return this.#reserve;
  }

  // One more can be served without a lease coming back: those count who have one or are about to get one.
  #hasRoom(): boolean {
    return this.#main.borrowed + this.#main.pending < this.#settings.max;
  }

  #exhausted(): boolean {
    return this.#main.available === 0 && this.#main.borrowed >= this.#settings.max;
  }

  #ownerOf(resource: Resource): Pool<Resource> {
    return this.#reserve?.isBorrowedResource(resource) ? this.#reserve : this.#main;
  }

  async #connect(): Promise<Resource> {
    try {
      const connection = await this.#gate.run(() => this.#attempt());
      this.#open.add(connection);
      this.#failures = 0;
      this.#blockedUntil = 0;
      return connection;
    } catch (error) {
      return { error: error as Error, at: this.#clock.now() };
    }
  }

  async #attempt(): Promise<PhysicalConnection> {
    if (this.#retired) throw this.#retired;
    // generic-pool goes on creating for those who have been told already.
    if (this.#waiters.size === 0 && this.#main.size > this.#settings.min) throw UNWANTED;
    try {
      return await this.#connectTo();
    } catch (error) {
      // A full server has room again when one of our own leases comes back.
      const full = this.#lent > 0 && readError(error as Error, 'connect').full;
      if (!full) this.#blockedUntil = this.#clock.now() + backOffMs(this.#failures++);
      throw error;
    }
  }

  #take(pool: Pool<Resource>, waiter: Waiter): void {
    pool.acquire().then(
      (resource) => this.#deliver(pool, resource, waiter),
      (error: Error) => this.#waiters.fail(waiter, error),
    );
  }

  #deliver(pool: Pool<Resource>, resource: Resource, taker: Waiter): void {
    // What comes too late for its own waiter is for the next, whom no lease may ever wake.
    const waiter = (taker.settled && pool === this.#main && this.#parked.next()) || taker;
    if (!('raw' in resource)) return this.#bury(pool, resource, waiter);
    if (waiter.settled && !this.#retired) return void pool.release(resource);
    const now = this.#clock.now();
    if (resource.dead || this.#retired) this.#replace(pool, resource, waiter);
    else if (now - resource.lastUsedAt > IDLE_CHECK_MS) this.#check(pool, resource, waiter);
    else this.#handOver(resource, this.#settled(waiter), now);
  }

  #settled(waiter: Waiter): LeaseReceiver {
    this.#waiters.settle(waiter);
    return waiter.receiver;
  }

  #handOver(lease: PhysicalConnection, receiver: LeaseReceiver, now: number = this.#clock.now()): void {
    lease.leased = true;
    lease.home = this;
    this.#lent++;
    receiver.onLease(lease, now);
  }

  #putBack(lease: PhysicalConnection, owner: Pool<Resource>): void {
    void (lease.dead || lease.dirty || this.#retired ? owner.destroy(lease) : owner.release(lease));
  }

  #bury(pool: Pool<Resource>, tombstone: Tombstone, waiter: Waiter): void {
    // An old one, made for `min`, says nothing of this waiter; a full server may have room when a lease comes back.
    const foreign = tombstone.error === UNWANTED || tombstone.at < waiter.since;
    if (!waiter.settled && foreign) return this.#replace(pool, tombstone, waiter);
    void pool.destroy(tombstone);
    if (waiter.settled) return;
    if (!readError(tombstone.error, 'connect').full || this.#lent === 0) {
      // Who waits behind would be told the same, two at a time.
      this.#waiters.fail(waiter, tombstone.error);
      return this.#waiters.failAll(tombstone.error);
    }
    this.#parked.pushFirst(waiter);
    this.#clock.after(FULL_PAUSE_MS, () => {
      if (!waiter.settled) this.#take(pool, waiter);
    });
  }

  #replace(pool: Pool<Resource>, resource: Resource, waiter: Waiter): void {
    void pool.destroy(resource);
    if (this.#retired) return this.#waiters.fail(waiter, this.#retired);
    if (!waiter.settled) this.#waiters.add(waiter);
    this.#take(pool, waiter);
  }

  // A connection that idled for long may lie behind a firewall that has forgotten it.
  #check(pool: Pool<Resource>, lease: PhysicalConnection, waiter: Waiter): void {
    this.#waiters.add(waiter);
    const timer = this.#clock.after(CHECK_MS, () => lease.destroy());
    lease.raw.ping((error) => {
      timer.cancel();
      lease.lastUsedAt = this.#clock.now();
      if (error) lease.destroy(error);
      this.#deliver(pool, lease, waiter);
    });
  }

  #tend(): Timer {
    const again = (): void => {
      if (this.#retired) return;
      this.#tending = this.#tend();
      this.#serveParked(); // who came meanwhile found none idle
    };
    return this.#clock.after(TEND_MS, () => void destroyDead(this.#main).then(again, again), true);
  }

  #serveParked(): void {
    while (this.#hasRoom()) {
      const next = this.#parked.next();
      if (!next) return;
      this.#take(this.#main, next);
    }
  }

  #closeIdle(): void {
    for (const pool of [this.#main, this.#reserve]) {
      if (!pool) continue;
      // drain() refuses new loans, clear() closes the idle; lent ones are closed as they come back.
      void pool.drain();
      void pool.clear();
    }
    this.#tending?.cancel();
  }
}
