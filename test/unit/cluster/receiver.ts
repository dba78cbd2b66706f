import type { LeaseReceiver } from '../../../src/cluster/lease-waiters.js';
import type { NodePool, NodePoolSettings } from '../../../src/cluster/node-pool.js';
import type { PhysicalConnection } from '../../../src/cluster/physical-connection.js';

/** Somebody who waits for a lease, and keeps what came: exactly one thing, once. */
export class Receiver implements LeaseReceiver {
  lease: PhysicalConnection | undefined;
  error: Error | undefined;
  /** Calls of either kind; never more than one. */
  answers = 0;
  readonly answered: Promise<this>;
  #tell!: (self: this) => void;

  constructor() {
    this.answered = new Promise((resolve) => {
      this.#tell = resolve;
    });
  }

  onLease(lease: PhysicalConnection): void {
    this.lease = lease;
    this.#end();
  }

  onPoolError(error: Error): void {
    this.error = error;
    this.#end();
  }

  #end(): void {
    this.answers++;
    this.#tell(this);
  }
}

/** Asks the pool, without waiting for its answer. */
export function ask(pool: NodePool, useReserve = false): Receiver {
  const receiver = new Receiver();
  pool.acquire(receiver, useReserve);
  return receiver;
}

/** Asks the pool so many times. */
export function askTimes(pool: NodePool, count: number): Receiver[] {
  return Array.from({ length: count }, () => ask(pool));
}

/** Waits for a lease; throws what came instead. */
export async function lend(pool: NodePool, useReserve = false): Promise<PhysicalConnection> {
  const { lease, error } = await ask(pool, useReserve).answered;
  if (!lease) throw error ?? new Error('neither a lease nor an error');
  return lease;
}

export const poolSettings: NodePoolSettings = {
  min: 0,
  max: 10,
  reserve: 2,
  acquireTimeoutMs: 10_000,
  idleTimeoutMs: 60_000,
  maxLifetimeMs: 1_800_000,
};
