import type { Query } from 'mysql2';

/** What mysql2 gives for a text that the server has prepared. */
export interface PreparedInfo {
  readonly query: string;
  readonly id: number;
  readonly columns: readonly unknown[];
  readonly parameters: readonly unknown[];
}

/** What the handle needs of its connection. */
export interface Preparing {
  readonly config: object;
  executePrepared(options: object, callback: unknown): Query;
  unprepare(options: PrepareOptions): unknown;
}

/** The options of a `prepare` call, which each execution has too. */
export type PrepareOptions = { readonly sql: string } & Readonly<Record<string, unknown>>;

/**
 * mysql2's handle of a prepared statement. It belongs to the logical connection: the statement is prepared on each server that it
 * runs on, once for each physical connection, and found there again by its text.
 */
export class PreparedStatement implements PreparedInfo {
  readonly query: string;
  readonly id: number;
  readonly columns: readonly unknown[];
  readonly parameters: readonly unknown[];
  /** @internal mysql2's promise door looks at its configuration. */
  readonly _connection: Preparing;
  readonly #options: PrepareOptions;

  constructor(connection: Preparing, options: PrepareOptions, info: PreparedInfo) {
    this._connection = connection;
    this.#options = options;
    this.query = info.query;
    this.id = info.id;
    this.columns = info.columns;
    this.parameters = info.parameters;
  }

  execute(parameters: unknown, callback?: unknown): Query {
    if (typeof parameters === 'function') return this.execute([], parameters);
    return this._connection.executePrepared({ ...this.#options, values: parameters }, callback);
  }

  close(): void {
    this._connection.unprepare(this.#options);
  }
}
