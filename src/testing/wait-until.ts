import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterActError } from './errors.js';

/** A bounded wait: what for, how long, and what to add to the message when it fails. */
export interface Wait {
  /** Completes "timed out after N ms waiting for …". */
  readonly what: string;
  readonly timeoutMs: number;
  readonly intervalMs?: number;
  /** Further text for the message, such as the end of a log. */
  readonly details?: () => string | Promise<string>;
}

/** Calls `check` until it gives something else than `undefined` or `false`. Throws `ClusterActError` (`TIMED_OUT`). */
export async function waitUntil<T>(wait: Wait, check: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + wait.timeoutMs;
  for (;;) {
    const left = deadline - performance.now();
    const value = left > 0 ? await within({ ...wait, timeoutMs: left }, check()) : undefined;
    if (value !== undefined && value !== false) return value;
    if (performance.now() >= deadline) throw await timedOut(wait);
    await sleep(wait.intervalMs ?? 20);
  }
}

/** The promise's own outcome, or `ClusterActError` (`TIMED_OUT`) when it takes longer. */
export async function within<T>(wait: Wait, promise: Promise<T>): Promise<T> {
  const late = new AbortController();
  const timer = sleep(wait.timeoutMs, undefined, { signal: late.signal }).then(async () => {
    throw await timedOut(wait);
  });
  timer.catch(() => undefined);
  try {
    return await Promise.race([promise, timer]);
  } finally {
    late.abort();
  }
}

async function timedOut(wait: Wait): Promise<ClusterActError> {
  const details = wait.details === undefined ? '' : await wait.details();
  const message = `timed out after ${Math.round(wait.timeoutMs)} ms waiting for ${wait.what}`;
  return new ClusterActError('TIMED_OUT', details === '' ? message : `${message}\n${details}`);
}
