import { processWide } from '../process-wide.js';
import type { NodeId } from '../topology/node-report.js';

/** A connection as a server's thread. */
export interface Thread {
  readonly threadId: number;
  readonly target: { readonly node: NodeId };
}

// An id must name one connection whichever door it was opened by.
const threads = processWide('threads', () => new Map<number, Set<Thread>>());

/**
 * The open connections of this process that have the id. More than one only where several servers were so far ahead of
 * another that it could not catch up: ids are counters of each server.
 */
export function threadsOf<T extends Thread>(threadId: number): readonly T[] {
  return [...((threads.get(threadId) as Set<T> | undefined) ?? [])];
}

/** Whether no open connection of this process to another node has the id. */
export function isFreeThread(threadId: number, node: NodeId): boolean {
  return threadsOf(threadId).every(({ target }) => target.node === node);
}

/** The connection is open, and found by its id. */
export function addThread(thread: Thread): void {
  const same = threads.get(thread.threadId);
  if (same) same.add(thread);
  else threads.set(thread.threadId, new Set([thread]));
}

/** The connection is closed. */
export function removeThread(thread: Thread): void {
  const same = threads.get(thread.threadId);
  if (same?.delete(thread) && same.size === 0) threads.delete(thread.threadId);
}
