import { Token } from './token.js';

/** A token that was read already. */
export interface ScannedToken {
  readonly kind: number;
  readonly word: number;
  readonly start: number;
  readonly end: number;
}

/** No token. */
export const NO_TOKEN: ScannedToken = { kind: Token.End, word: 0, start: 0, end: 0 };

/** What is scanned, and so what counts. */
export interface ScanOptions {
  /** A statement that reads: a verb of writing or an INTO changes what it is. */
  readonly reads: boolean;
  /** Before the first parenthesis stands a table, not a function: `INSERT INTO t (a)`. */
  readonly table?: boolean;
  /** Functions and variables count only from a SELECT on: column lists and accounts look like them. */
  readonly definition?: boolean;
  /** User variables are given values: `CALL p(@a)`, `LOAD DATA … (@a)`. */
  readonly assigns?: boolean;
  /** The token before the current one, when it belongs to what is scanned. */
  readonly after?: ScannedToken | undefined;
  /** Stops at a comma, or at FOR, that stands in no parentheses. */
  readonly stopsAtComma?: boolean;
}
