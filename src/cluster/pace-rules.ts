/** What the pace of probes depends on. Times in ms. */
export interface PaceFacts {
  /** The option `monitor.intervalMs`. */
  readonly intervalMs: number;
  /** The tightest `maxLagMs` of those who read; `Infinity` when nobody does. */
  readonly maxLagMs: number;
  /** How long a primary has been searched; undefined while there is one. */
  readonly searchingMs: number | undefined;
  /** How long no statement was routed. */
  readonly unusedMs: number;
  readonly crowd: Crowd;
}

/** How much the probes of all processes together weigh on the servers. */
export interface Crowd {
  /** The most sessions that a node has shown; 0 while none has. */
  readonly sessions: number;
  /** The length of the longest text of GTIDs that a node has shown. */
  readonly gtidBytes: number;
}

/** The jitter makes pauses up to so much longer, never shorter: the interval bounds the statements a second. */
export const JITTER = 0.1;
/** Replicas are probed that long after the primary: most transactions are on them by then. */
export const AFTER_SAMPLE_MS = 25;
/** Texts of GTIDs are large over this: reading one with 84 KB takes a server four times as long as a short one. */
export const LARGE_GTID_BYTES = 10 * 1024;

const FAST_MS = 25;
const FAST_FOR_MS = 2_000;
const SLOWEST_SEARCH_MS = 200;
const CALM_AFTER_MS = 30_000;
const CALM_FACTOR = 4;
/** A server with so many sessions or fewer has little to fear from those who probe it. */
const CROWD_SESSIONS = 1_000;
const MOST_FACTOR = 8;
const SPREAD_MS_PER_SESSION = 0.02;
const LONGEST_SPREAD_MS = 1_000;

/**
 * Milliseconds between two probes of a node, without jitter. The interval grows in proportion with the sessions over 1,000 and
 * with the GTIDs over 10 KB, and fourfold after 30 s without a statement: at most eightfold, and never so that the lag of a
 * healthy replica, whose probe follows the primary's, would pass half of `maxLagMs`.
 *
 * While a primary is searched it is 25 ms for two seconds, then slower up to 200 ms, in proportion with the sessions over
 * 1,000, and never slower than the interval.
 */
export function intervalOf(facts: PaceFacts): number {
  const { intervalMs, searchingMs, crowd } = facts;
  if (searchingMs !== undefined) return Math.min(intervalMs, searchOf(searchingMs) * crowdFactor(crowd));
  const calm = facts.unusedMs > CALM_AFTER_MS ? CALM_FACTOR : 1;
  const factor = Math.min(MOST_FACTOR, calm * crowdFactor(crowd) * Math.max(1, crowd.gtidBytes / LARGE_GTID_BYTES));
  const slowest = Math.max(intervalMs, (facts.maxLagMs / 2 - 2 * AFTER_SAMPLE_MS) / (1 + JITTER));
  return Math.min(intervalMs * factor, slowest);
}

/**
 * The longest pause before a node that does not answer is tried again; the pause itself is any part of it, by chance, so that
 * a server that comes back does not meet all processes at once. It doubles with each failure, up to twice the slowest pace
 * of the moment.
 */
export function longestRetryOf(facts: PaceFacts, failures: number): number {
  const slowest = facts.searchingMs === undefined ? intervalOf(facts) : SLOWEST_SEARCH_MS * crowdFactor(facts.crowd);
  const growing = FAST_MS * crowdFactor(facts.crowd) * 2 ** Math.min(failures, 16);
  return Math.min(growing, 2 * Math.min(slowest, MOST_FACTOR * facts.intervalMs));
}

/** The shortest time, ms, between two probes of a node that errors of the traffic ask for. */
export function shortestGapOf({ crowd, intervalMs }: PaceFacts): number {
  return Math.min(intervalMs, FAST_MS * crowdFactor(crowd));
}

/**
 * What all processes would do in one moment, when they lose or find a primary together, each does at a time of its own within
 * so many ms: 50,000 sessions a second, at most a second. 0 up to 1,000 sessions.
 */
export function spreadOf({ sessions }: Crowd): number {
  return Math.min(LONGEST_SPREAD_MS, Math.max(0, sessions - CROWD_SESSIONS) * SPREAD_MS_PER_SESSION);
}

function searchOf(searchingMs: number): number {
  return Math.min(SLOWEST_SEARCH_MS, FAST_MS + Math.max(0, searchingMs - FAST_FOR_MS) / 20);
}

function crowdFactor({ sessions }: Crowd): number {
  return Math.max(1, sessions / CROWD_SESSIONS);
}
