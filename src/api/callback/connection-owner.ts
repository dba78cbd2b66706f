import type { Session } from '../../session/session.js';
import type { SessionCore } from '../../session/session-core.js';

/** A promise connection for a while: after `leave` it runs nothing. */
export interface Guest {
  readonly face: unknown;
  leave(): void;
}

/** Who gets a pooled connection back. */
export interface ConnectionOwner<C> {
  takeBack(connection: C, reusable: boolean): void;
  /** What runs the statements of one of its connections. */
  newSession(core: SessionCore): Session;
  /** Its user has gone: gives back what the session holds. */
  leave(session: Session): void;
  promiseConnection(connection: C): unknown;
  guest(connection: C): Guest;
}
