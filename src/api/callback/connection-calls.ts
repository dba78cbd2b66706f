import type { Query } from 'mysql2';
import type { Statement } from '../../session/statement.js';
import {
  CommandStatement,
  contextOf,
  type Protocol,
  type StatementContexts,
  statementContexts,
} from './command-statement.js';
import { createQuery, type DriverQuery, type DriverTexts, executeValues, textsOf } from './driver.js';

/** The connection that is called. */
interface Caller {
  run(statement: Statement): void;
  /** Who is told, when a statement that begins now and has no callback fails without a listener. */
  unheard(): (error: Error) => void;
}

/**
 * The `query` and `execute` calls of one connection, with what mysql2's connection does at once: it names the placeholders by
 * position, refuses values that cannot be bound, and shows the text that is sent as the command's `sql`.
 */
export class ConnectionCalls {
  readonly texts: DriverTexts;
  readonly #config: object;
  #contexts: StatementContexts;
  readonly #caller: Caller;

  constructor(config: object, caller: Caller) {
    this.texts = textsOf(config);
    this.#config = config;
    this.#contexts = statementContexts(config);
    this.#caller = caller;
  }

  /** Those that run or wait are told nothing more. */
  hush(): void {
    const { bare, full } = this.#contexts;
    bare.hushed = true;
    full.hushed = true;
    this.#contexts = statementContexts(this.#config);
  }

  query(sql: unknown, values: unknown, callback: unknown): Query {
    const command = this.#command(sql, values, callback);
    const template = command.sql;
    const statement = this.#send('query', sql, command);
    // What was sent at once has its text already; the values of what waits are the caller's again, who may change them.
    if (command.sql === template && hasValues(command.values) && !statement.opaque) this.#write(statement);
    return command;
  }

  /** @throws TypeError when a value cannot be bound */
  execute(sql: unknown, values: unknown, callback: unknown): Query {
    const command = this.#command(sql, executeValues(sql, values), callback);
    checkBound(command.values);
    this.#send('execute', sql, command);
    return command;
  }

  /** The same for a statement that was prepared before: what is wrong with its values, its callback is told. */
  executePrepared(options: object, callback: unknown): Query {
    const command = createQuery(options, callback, undefined, this.#config);
    const missing = Array.isArray(command.values) && command.values.includes(undefined);
    if (!missing) this.#send('execute', options, command);
    else {
      const error = new TypeError('Bind parameters must not contain undefined');
      process.nextTick(() => new CommandStatement('execute', command, this.#contexts.full).settle(error));
    }
    return command;
  }

  // What cannot be written its callback is told when it is sent.
  #write(statement: CommandStatement): void {
    const { sql, values, namedPlaceholders } = statement.command;
    try {
      statement.fix(this.texts.format(sql, values, namedPlaceholders));
    } catch {
      return;
    }
  }

  #command(sql: unknown, values: unknown, callback: unknown): DriverQuery {
    const command = createQuery(sql, values, callback, this.#config);
    this.texts._resolveNamedPlaceholders(command);
    return command;
  }

  #send(protocol: Protocol, sql: unknown, command: DriverQuery): CommandStatement {
    const statement = new CommandStatement(protocol, command, contextOf(sql, this.#contexts));
    if (!command.onResult) statement.unheard = this.#caller.unheard();
    this.#caller.run(statement);
    return statement;
  }
}

function hasValues(values: unknown): boolean {
  return values !== undefined && !(Array.isArray(values) && values.length === 0);
}

// In mysql2's words, which callers may know.
function checkBound(values: unknown): void {
  if (!values) return;
  if (!Array.isArray(values))
    throw new TypeError('Bind parameters must be array if namedPlaceholders parameter is not enabled');
  for (const value of values) {
    if (value === undefined)
      throw new TypeError('Bind parameters must not contain undefined. To pass SQL NULL specify JS null');
    if (typeof value === 'function')
      throw new TypeError(
        'Bind parameters must not contain function(s). To pass the body of a function as a string call .toString() first',
      );
  }
}
