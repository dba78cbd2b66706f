import type { PhysicalConnection } from '../cluster/physical-connection.js';
import type { Classification } from '../sql/classification.js';
import { mayRest } from './pins.js';
import { Session } from './session.js';
import type { SessionCore } from './session-core.js';
import type { Statement } from './statement.js';

const LEFT: ReadonlySet<string> = new Set(['create-temporary-table', 'set-user-variable', 'prepare']);

/** Whether a statement leaves behind what is for those that come after it. */
export function leavesBehind({ effects }: Classification): boolean {
  return effects.some(({ type }) => LEFT.has(type));
}

/**
 * The session of a pool that has one: what binds it, a temporary table or a user variable, is there for whoever comes next, as on
 * the one connection of mysql2's pool. What may hold a transaction or locks is given back.
 */
export class LastingSession extends Session {
  #running = false;
  #resting = false;

  constructor(core: SessionCore) {
    super(core, true);
  }

  /** Whether it holds, or is about to hold, what the pool's own statements shall find. Variables and schema are their users' alone. */
  get isBound(): boolean {
    return this.#running || this.state?.pinnedTo !== undefined;
  }

  override run(statement: Statement): void {
    this.#running = true;
    this.#resting = false;
    super.run(statement);
    this.whenIdle(() => {
      this.#running = false;
    });
  }

  /** Its user has gone: keeps the lease that binds it, and gives back the rest. */
  rest(): void {
    // What was made on a replica would keep all writes from its next users.
    const kept = this.state?.pinnedTo === 'primary' ? this.lease('primary') : undefined;
    const isSound = kept !== undefined && !kept.dead && !kept.dirty && !kept.recalled;
    if (!isSound || !mayRest(this.state?.pins ?? [])) return this.release();
    for (const lease of this.leases) if (lease !== kept) this.drop(lease);
    this.#resting = true;
  }

  override release(): void {
    this.#resting = false;
    super.release();
  }

  // Nobody is there to be told of what is lost.
  override leaseRecalled(lease: PhysicalConnection): void {
    if (this.#resting) this.release();
    else super.leaseRecalled(lease);
  }

  override leaseDied(lease: PhysicalConnection, error: Error): void {
    if (this.#resting) this.release();
    else super.leaseDied(lease, error);
  }
}
