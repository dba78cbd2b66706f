import type { LeaseSource } from '../cluster/lease-source.js';
import type { PhysicalConnection } from '../cluster/physical-connection.js';

/** How long a KILL may take to be sent, and to be answered, and the statement that it is for to end after it. */
export const KILL_MS = 10_000;
/** How long a connection that was killed may take to be closed by the server. */
const CLOSE_MS = 1000;
/** By then a KILL that was sent has been carried out, though its connection was lost before the answer. */
const ARRIVAL_MS = 1000;

/** What is known of a KILL: `'unknown'` when its connection was lost before the answer, and it may still be on its way. */
export type KillDone = 'killed' | 'nothing' | 'unknown';

/** Nothing more is sent on the victim before the KILL has been answered. */
export function shutVictim({ victim, query }: { victim: PhysicalConnection | undefined; query: boolean }): void {
  victim?.kills.shut();
  if (victim && !query) victim.kills.endsAll = true;
}

/**
 * Lets the victim be lent again. A KILL that came too late for its statement may meet the next one: that one is ours. Of one that
 * may still be on its way nobody knows whether it kills: it has its time to arrive, and the connection is closed for nothing that
 * takes longer.
 */
export function settleVictim(
  victim: PhysicalConnection,
  { query, done, clock }: { query: boolean; done: KillDone; clock: LeaseSource['cluster']['clock'] },
): void {
  if (done === 'nothing') victim.kills.endsAll = false;
  if (victim.dead || done === 'nothing') return victim.kills.open();
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    timer.cancel();
    victim.kills.open();
  };
  const meetIt = (): void => void victim.raw.query('DO 0', end);
  const [ms, late] = done === 'unknown' ? [ARRIVAL_MS, meetIt] : [query ? KILL_MS : CLOSE_MS, () => victim.destroy()];
  const timer = clock.after(ms, late, true);
  if (done === 'killed' && query) meetIt();
  else victim.onceDead(end);
}
