import type { EventEmitter } from 'node:events';
import type { PhysicalConnection } from '../../cluster/physical-connection.js';
import type { DriverError } from '../../error-facts.js';
import type { StatementClusterOptions } from '../../options.js';
import { type AnswerHeader, untracked, withoutTracking } from '../../session/answer.js';
import { runsAsAWhole } from '../../session/retry.js';
import type { Statement, StatementDone } from '../../session/statement.js';
import { classify } from '../../sql/classify.js';
import { callOptions } from '../call-options.js';
import { createQuery, type DriverCallback, type DriverQuery, format } from './driver.js';

/** What the statements of one pool or connection have in common. */
export interface StatementContext {
  /** mysql2's configuration. */
  readonly config: { readonly namedPlaceholders?: unknown };
  /** The text came by itself, not in an object of options: bare arguments are cheaper for mysql2. */
  readonly bare: boolean;
  /** The caller's `queryFormat` writes the text that is sent. */
  readonly formatted: boolean;
  /** How what is not over ends nobody is told any more. */
  hushed: boolean;
}

/** The two contexts that a pool or a connection has. */
export interface StatementContexts {
  readonly bare: StatementContext;
  readonly full: StatementContext;
}

export function statementContexts(config: object): StatementContexts {
  const formatted = !!(config as { queryFormat?: unknown }).queryFormat;
  const made = (bare: boolean): StatementContext => ({ config, bare, formatted, hushed: false });
  return { bare: made(true), full: made(false) };
}

/** The context of a call with this first argument. */
export function contextOf(sql: unknown, { bare, full }: StatementContexts): StatementContext {
  return typeof sql === 'string' ? bare : full;
}

/** The protocol a statement goes by: text or binary. */
export type Protocol = 'query' | 'execute';

type RawCommand = EventEmitter & { on(event: string, listener: (...args: unknown[]) => void): unknown };
type RawConnection = EventEmitter &
  Record<Protocol, (...args: unknown[]) => RawCommand> & { unprepare(options: object): unknown };

/** What is left to be written into a text that has its values: an array, so that mysql2 looks for no names either. */
const WRITTEN: readonly unknown[] = Object.freeze([]);

// 1243 ER_UNKNOWN_STMT_HANDLER, 1615 ER_NEED_REPREPARE
const STALE = new Set([1243, 1615]);

/**
 * A `query` or `execute` call as a statement. The command that the caller holds is told of everything. A query with a
 * callback is sent as that command; everything else, and every further attempt, as a command of its own.
 */
export class CommandStatement implements Statement {
  readonly sql: string;
  readonly opaque: boolean;
  readonly wordless = false;
  readonly options: StatementClusterOptions | undefined;
  /** What the caller gets. */
  readonly command: DriverQuery;
  delivered = false;
  given = 0;
  /** Is told of the failure that nobody else is told of. */
  unheard: ((error: Error) => void) | undefined;
  readonly #protocol: Protocol;
  readonly #context: StatementContext;
  readonly #callback: DriverCallback | undefined;
  #template: string;
  #values: unknown;
  #attempts = 0;
  #abandoned = false;
  /** What the headers of its streamed results told. */
  #told: AnswerHeader[] | undefined;

  constructor(protocol: Protocol, command: DriverQuery, context: StatementContext) {
    command.namedPlaceholders ??= context.config.namedPlaceholders;
    this.command = command;
    this.#protocol = protocol;
    this.#context = context;
    this.#callback = command.onResult;
    this.#template = command.sql;
    this.#values = command.values;
    this.options = callOptions(command._queryOptions.cluster as StatementClusterOptions | undefined);
    const text = checkText(command.sql);
    // A prepared statement's values are values.
    const brings = protocol === 'query' && command.values !== undefined && bringsSql(command.values, 0);
    const named = !!command.namedPlaceholders && !Array.isArray(command.values);
    this.opaque = context.formatted || (brings && named);
    this.sql = brings && !this.opaque ? format(text, command.values as never) : text;
  }

  get streams(): boolean {
    return this.#callback === undefined;
  }

  written(): string {
    return this.#values === undefined ? this.sql : format(this.#template, this.#values as never);
  }

  /** This is the text with its values in it: whatever the caller makes of the values by now, it is what is sent, each time. */
  fix(text: string): void {
    this.command.sql = text;
    this.#template = text;
    this.#values = WRITTEN;
  }

  send(lease: PhysicalConnection, done: StatementDone): void {
    const raw = lease.raw as unknown as RawConnection;
    if (this.#protocol === 'execute') this.#execute(raw, done);
    else if (!this.#callback) this.#stream(raw, done);
    else if (this.#attempts++ === 0) this.#first(raw, done);
    else this.#dispatch(raw, done);
  }

  #first(raw: RawConnection, done: StatementDone): void {
    const { command } = this;
    const { values } = command;
    command.onResult = done as DriverCallback;
    command.sql = this.#template;
    command.values = this.#values;
    raw.query(command);
    command.values = values;
    if (!this.#context.formatted) this.fix(command.sql);
  }

  abandon(reason: Error): void {
    if (this.#callback || this.#abandoned) return;
    this.#abandoned = true;
    if (this.command.listenerCount('error') > 0) this.command.emit('error', reason);
    (this.command._connection as { resume(): void } | undefined)?.resume();
  }

  settle(error: Error | null, result?: unknown, fields?: unknown): void {
    if (this.#context.hushed) return;
    if (this.#callback) {
      // A query's own command has told its end itself.
      if (this.#protocol === 'execute') this.command.emit('end');
      return this.#callback(error as never, error ? result : withoutTracking(result, fields, this.sql), fields);
    }
    if (error && !this.#abandoned) {
      if (this.command.listenerCount('error') > 0) this.command.emit('error', error);
      else this.unheard?.(error);
    }
    this.command.emit('end');
  }

  // A statement that the server has to prepare anew, or has forgotten, was not run: it is prepared again on the same connection.
  #execute(raw: RawConnection, done: StatementDone): void {
    this.#sendPrepared(raw, (error, result, fields) => {
      if (!error || !this.#isStale(error)) return done(error, result, fields);
      // Found by the options that it was prepared with.
      raw.unprepare({ ...(this.#context.bare ? {} : this.command._queryOptions), sql: this.#template });
      this.#sendPrepared(raw, done);
    });
  }

  #sendPrepared(raw: RawConnection, done: StatementDone): void {
    if (this.#callback) this.#dispatch(raw, done);
    else this.#stream(raw, done);
  }

  #isStale({ errno }: DriverError): boolean {
    return STALE.has(errno ?? 0) && !this.delivered && runsAsAWhole(classify(this.sql));
  }

  #dispatch(raw: RawConnection, done: StatementDone | undefined): RawCommand {
    if (this.#protocol === 'execute' && this.#context.bare) return raw.execute(this.#template, this.#values, done);
    const options = { ...this.command._queryOptions, sql: this.#template, values: this.#values };
    if (this.#protocol === 'execute') return raw.execute(options, done);
    return raw.query(createQuery(options, undefined, done, this.#context.config));
  }

  // Without a callback, rows are events; the caller's command passes them on, and its stream holds the socket back.
  #stream(raw: RawConnection, done: StatementDone): void {
    const { command } = this;
    command._connection = raw;
    const lost = (error: unknown): void => done(error as Error);
    let failed = false;
    const sent = this.#dispatchUnder(raw, lost) as RawCommand & { readonly sql: string };
    command.sql = sent.sql;
    if (this.#protocol === 'query' && !this.#context.formatted) this.fix(sent.sql);
    sent.on('fields', (...args) => this.#pass('fields', args));
    sent.on('result', (...args) => this.#pass('result', args));
    sent.on('error', (error) => {
      failed = true;
      raw.removeListener('error', lost);
      done(error as Error);
    });
    sent.on('end', () => {
      raw.removeListener('error', lost);
      if (!failed) done(null, this.#told ?? [], []);
    });
  }

  #dispatchUnder(raw: RawConnection, lost: (error: unknown) => void): RawCommand {
    raw.once('error', lost);
    try {
      return this.#dispatch(raw, undefined);
    } catch (error) {
      raw.removeListener('error', lost);
      throw error;
    }
  }

  #pass(event: 'fields' | 'result', args: unknown[]): void {
    const [value] = args;
    if (event === 'result' && value?.constructor?.name === 'ResultSetHeader') {
      const header = value as AnswerHeader;
      this.#told ??= [];
      this.#told.push({ ...header, ...(header.stateChanges ? { stateChanges: { ...header.stateChanges } } : {}) });
      args[0] = untracked(header, this.sql);
    }
    if (value !== undefined) this.delivered = true;
    this.given++;
    if (!this.#abandoned) this.command.emit(event, ...args);
  }
}

/** What a `query` call with these arguments would be classified by, on a pool or connection of this configuration. */
export function explainedText(config: object): (sql: string, values: unknown) => Pick<Statement, 'sql' | 'opaque'> {
  const { bare } = statementContexts(config);
  return (sql, values) => new CommandStatement('query', createQuery(sql, values, undefined, config), bare);
}

// Values become literals, which change nothing of what a text does. Those that bring SQL of their own (mysql2's `raw()`)
// are written into it before it is classified.
function bringsSql(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Date || ArrayBuffer.isView(value)) return false;
  if (typeof (value as { toSqlString?: unknown }).toSqlString === 'function') return true;
  if (depth > 2) return false;
  const parts = Array.isArray(value) ? value : Object.values(value);
  for (const part of parts) if (typeof part === 'object' && bringsSql(part, depth + 1)) return true;
  return false;
}

function checkText(sql: unknown): string {
  if (typeof sql === 'string') return sql;
  throw new TypeError(`sql must be a string, not ${sql === null ? 'null' : typeof sql}`);
}
