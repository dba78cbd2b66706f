import type { PhysicalConnection } from '../cluster/physical-connection.js';
import { processWide } from '../process-wide.js';

/** A session whose user has seen the id of its connection. */
export interface Shower {
  /** What its statement runs on now. */
  readonly busy: PhysicalConnection | undefined;
  /** What it keeps between statements. */
  readonly leases: readonly PhysicalConnection[];
  /** What it runs on, or ran on last. */
  readonly lastLease: PhysicalConnection | undefined;
}

/** So many ids are remembered; the one that was shown longest ago is forgotten first. */
const MOST = 10_000;

// As the ids themselves are.
const shown = processWide('shown-threads', () => new Map<number, WeakRef<Shower>>());

/**
 * The session shows this id. Whoever has seen it means the session by it, wherever that runs its next statement: with mysql2, a
 * connection has one id for life, and some programs ask for it once.
 */
export function showThread(id: number, session: Shower): void {
  shown.delete(id);
  shown.set(id, new WeakRef(session));
  if (shown.size <= MOST) return;
  const [oldest] = shown.keys();
  if (oldest !== undefined) shown.delete(oldest);
}

// Far from the servers' counters, so that a KILL past this process hits nobody.
let lastMadeUp = 2 ** 31;
const lastShown = new WeakMap<Shower, number>();

/**
 * The id that names this session and, of those that are alive, no other: of the connection that it holds. While it holds none, of
 * the one it had last, unless that is another's by now; then the one that it has shown before, or a made-up one.
 */
export function idOf(session: Shower): number | null {
  const { lastLease } = session;
  if (lastLease === undefined) return null;
  const id = session.leases.includes(lastLease) ? lastLease.threadId : idWithoutLease(session, lastLease);
  lastShown.set(session, id);
  showThread(id, session);
  return id;
}

function idWithoutLease(session: Shower, { threadId, leased }: PhysicalConnection): number {
  const before = lastShown.get(session);
  if (before !== undefined && shownBy(before) === session) return before;
  const other = shownBy(threadId);
  return leased || (other && other !== session) ? --lastMadeUp : threadId;
}

/** What it has shown is gone: its connection died while nobody had the session, and the next user asks anew. */
export function forgetShown(session: Shower): void {
  lastShown.delete(session);
}

/** The session that has shown the id last. */
export function shownBy(id: number): Shower | undefined {
  return shown.get(id)?.deref();
}
