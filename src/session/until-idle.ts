import { socketOf } from '../cluster/physical-connection.js';
import type { Session } from './session.js';

/** A reader may have other things to do. */
const LEAST_MS = 1000;

/**
 * Waits until nothing runs in the session. Of a result that its reader leaves as it is for `ms`, the rest is thrown away, and the
 * reader told `reason`: it might never be read.
 */
export function untilIdle(session: Session, ms: number, reason: Error): Promise<void> {
  return new Promise((resolve) => {
    let idle = false;
    let watch = { cancel: (): void => undefined };
    session.whenIdle(() => {
      idle = true;
      watch.cancel();
      resolve();
    });
    const next = (before: number | undefined): void => {
      watch = session.core.source.cluster.clock.after(Math.max(ms, LEAST_MS), () => {
        const at = heldBackAt(session);
        if (at !== undefined && at === before) session.streaming?.abandon?.(reason);
        next(at);
      });
    };
    if (!idle) next(heldBackAt(session));
  });
}

// How much was given of a result whose reader takes no more for now. mysql2 may have much of it already, and give it on.
function heldBackAt({ streaming, busy }: Session): number | undefined {
  return streaming && busy && socketOf(busy.raw).isPaused() ? streaming.given : undefined;
}
