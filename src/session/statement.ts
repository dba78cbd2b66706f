import type { PhysicalConnection } from '../cluster/physical-connection.js';
import type { DriverError } from '../error-facts.js';
import type { StatementClusterOptions } from '../options.js';

/** How the driver ends a statement: mysql2's callback. */
export type StatementDone = (error: DriverError | null, result?: unknown, fields?: unknown) => void;

/** One call's text, and how to run it on a connection. Made by the API for each call. */
export interface Statement {
  /** What is classified. */
  readonly sql: string;
  /** The text that is sent cannot be known beforehand: it is treated as a write. */
  readonly opaque: boolean;
  /** The text only stands for a call that has none of its own, such as a ping: rules and comments have no say. */
  readonly wordless: boolean;
  readonly options: StatementClusterOptions | undefined;
  /** It has to find a server, and nothing else: the primary, or a replica while there is none. */
  readonly opens?: boolean;
  /** It begins the session anew: all that was made before is forgotten. */
  readonly resets?: boolean;
  /** The text behind it that decides where both run. */
  readonly leadsTo?: string | undefined;
  /** Its rows are given one by one, and the caller may hold them back. */
  readonly streams?: boolean;
  /** Rows or fields have reached the caller, so that it cannot be run again unseen. */
  readonly delivered: boolean;
  /** How many of its rows, and of what goes with them, were given one by one. */
  readonly given?: number;
  /** The text with its values in it; absent where it has none. */
  written?(): string;
  /** Nobody wants its rows any more: the caller is told at once, and what still comes is thrown away. */
  abandon?(reason: Error): void;
  /** Runs it; `done` is called once. May be called again for a further attempt. */
  send(lease: PhysicalConnection, done: StatementDone): void;
  /** Tells the caller. Called once. */
  settle: StatementDone;
}
