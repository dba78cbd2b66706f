/**
 * What a statement's text says about itself. Pure data, made by `classify`.
 *
 * The rule above all others: what is not provably a plain read is not `'read'`.
 */

/** What the text needs of a server. Only `'read'` may go to a replica by itself. */
export type Access =
  /** Reads only: no lock, no write, no change of session state, no function that is not known to be pure. */
  | 'read'
  /** Could write rows, schema or accounts. */
  | 'write'
  /** Reads and takes row locks: `FOR UPDATE`, `FOR SHARE`, `LOCK IN SHARE MODE`. */
  | 'locking-read'
  /** Changes or asks for the state of this session, and nothing else. */
  | 'session'
  /** Opens, ends or shapes a transaction. */
  | 'transaction'
  /** Belongs to one server: replication, processes, FLUSH, globals. */
  | 'admin'
  /** Nothing of the above could be proved. Treated as a write. */
  | 'unknown';

/** What the statement does to the session that runs it, in the terms of pins and replay. */
export type Effect =
  | {
      readonly type: 'begin';
      readonly readOnly: boolean;
      readonly consistentSnapshot: boolean;
      /** READ WRITE is said, whatever SET TRANSACTION has said before. */
      readonly readWrite?: true;
    }
  | {
      readonly type: 'commit' | 'rollback';
      readonly chain: boolean;
      readonly release: boolean;
      /** NO RELEASE is said, whatever `completion_type` is. */
      readonly noRelease?: true;
    }
  | { readonly type: 'savepoint' | 'release-savepoint' | 'rollback-to-savepoint'; readonly name: string }
  | { readonly type: 'xa'; readonly verb: string }
  /** `SET TRANSACTION …` without a scope: characteristics of the next transaction only. */
  | {
      readonly type: 'next-transaction';
      readonly isolation: string | undefined;
      readonly readOnly: boolean | undefined;
    }
  /**
   * A system variable. `value` is the literal's text without quotes (`'ON'`, `ON` and `DEFAULT` are bare words alike), undefined for
   * expressions and placeholders. `name` is in lower case. `SET SESSION TRANSACTION …` is told as the setting of
   * `transaction_isolation` (`READ-COMMITTED`) and `transaction_read_only` (`ON`, `OFF`).
   */
  | {
      readonly type: 'set-variable';
      readonly scope: 'session' | 'global' | 'persist' | 'statement';
      readonly name: string;
      readonly value: string | undefined;
    }
  | { readonly type: 'set-names'; readonly charset: string; readonly collation: string | undefined }
  /**
   * `SET @a = …`, `SELECT … INTO @a`, `@a := …`. `value` is a literal as written, with its quotes, when that is all there is: it can be
   * pasted into a `SET` under the same sql_mode. `name` is in lower case.
   */
  | { readonly type: 'set-user-variable'; readonly name: string; readonly value: string | undefined }
  | { readonly type: 'set-role' | 'set-resource-group' }
  | { readonly type: 'use'; readonly schema: string }
  | { readonly type: 'create-temporary-table' | 'drop-temporary-table'; readonly name: string | undefined }
  | { readonly type: 'user-lock' | 'release-user-lock' | 'release-all-user-locks' }
  | { readonly type: 'lock-tables' | 'unlock-tables' | 'lock-instance' | 'unlock-instance' }
  | { readonly type: 'prepare' | 'deallocate' | 'execute-prepared'; readonly name: string }
  | { readonly type: 'handler-open' | 'handler-close' }
  /** `KILL [QUERY | CONNECTION] id`; `id` is undefined when it is no literal. */
  | { readonly type: 'kill'; readonly query: boolean; readonly id: number | undefined };

/**
 * What earlier statement, or which connection, the answer depends on. No such statement is a `'read'`. `SQL_CALC_FOUND_ROWS` has
 * `'found-rows'` as its `FOUND_ROWS()` has: the pair belongs on one connection.
 */
export type Dependency =
  | 'last-insert-id'
  | 'row-count'
  | 'found-rows'
  | 'diagnostics'
  | 'connection-id'
  | 'profiling'
  | 'session-status'
  | 'user-variable'
  | 'session-variable'
  | 'prepared-statement'
  | 'handler';

/** The answer of `classify`. Frozen; arrays are shared and empty when there is nothing to tell. */
export interface Classification {
  /** First keyword(s) of the strongest statement, in lower case: `'select'`, `'insert'`, `'create'`, …; `'empty'` without one. */
  readonly kind: string;
  readonly access: Access;
  /** How many statements the text holds, empty ones not counted. */
  readonly statements: number;
  readonly effects: readonly Effect[];
  readonly dependsOn: readonly Dependency[];
  /** Functions called that are not known to be free of side effects, as written, in lower case, with schema if given. */
  readonly functions: readonly string[];
  /** Why it is of that access, for people: names the token that decided. */
  readonly because: string;
}

/** What changes the reading of a text. */
export interface LexicalOptions {
  /** The session's `sql_mode`: ANSI_QUOTES, NO_BACKSLASH_ESCAPES and IGNORE_SPACE change the reading. By default none of them. */
  readonly sqlMode?: string;
  /**
   * The server's version, such as `'8.0.36'`. Without one, a version comment counts when any server would run it, and only functions
   * that are built in everywhere are known.
   */
  readonly serverVersion?: string;
  readonly flavor?: 'mysql' | 'mariadb';
  /** The connection's character set: those with backslash as a trail byte (gbk, sjis, big5, …) are never lexed optimistically. */
  readonly charset?: string;
  /** Further functions free of side effects, in lower case, `name` or `schema.name`: vouched for, or found in `routines/`. */
  readonly readOnlyFunctions?: ReadonlySet<string>;
}

/** Whether its own words write rows or lock them, or nobody can tell. */
export function touchesRows({ access }: Pick<Classification, 'access'>): boolean {
  return access === 'write' || access === 'locking-read' || access === 'unknown';
}
