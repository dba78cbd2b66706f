import { EventEmitter } from 'node:events';
import mysql2 from 'mysql2';
import { type ClusteredOptions, shadowOptions } from '../driver-config.js';

/** mysql2's callback of a query. */
export type DriverCallback = (error: mysql2.QueryError | null, result?: unknown, fields?: unknown) => void;

/** What the arguments of `query` and `execute` come down to. */
export interface DriverQuery extends mysql2.Query {
  onResult?: DriverCallback;
  values?: unknown;
  namedPlaceholders?: unknown;
  _queryOptions: Record<string, unknown>;
  _connection: unknown;
}

/** What mysql2's connection makes of texts and values. */
export interface DriverTexts {
  format(sql: string, values?: unknown, namedPlaceholders?: unknown): string;
  escape(value: unknown): string;
  escapeId(value: string | string[]): string;
  /** Turns named placeholders into `?` when they are switched on, as is done before a statement is sent. */
  _resolveNamedPlaceholders(command: DriverQuery): void;
}

interface Driver {
  createQuery(sql: unknown, values: unknown, callback: unknown, config: object): DriverQuery;
  readonly Pool: new (options: { config: object }) => mysql2.Pool;
  readonly Connection: { readonly prototype: DriverTexts };
}

checkDriver(mysql2);
// Exports of mysql2 that its types leave out.
const driver = mysql2 as unknown as Driver;

/**
 * Throws where npm's overrides put this package in mysql2's place for itself too: what it imports by that name is then itself, half
 * loaded. Declared so that it can be called in such a circle.
 */
export function checkDriver(found: unknown): void {
  try {
    if (typeof (found as Driver | undefined)?.createQuery === 'function') return;
  } catch {
    // Not loaded far enough to be asked: said below.
  }
  const overrides = '"overrides": { "mysql2": { ".": "npm:mysql2-cluster@…", "mysql2": "^3.24.6" } }';
  throw new Error(
    `mysql2-cluster needs mysql2 itself and finds only mysql2-cluster by that name; in package.json: ${overrides}`,
  );
}

/** mysql2's query command, not yet sent: what `query()` returns. */
export const createQuery = driver.createQuery;

/** The values of an `execute()`: there, those among the options come before those beside them. */
export function executeValues(sql: unknown, values: unknown): unknown {
  return typeof values === 'function' ? values : ((Object(sql) as { values?: unknown }).values ?? values);
}

/** mysql2's own: writes values into a text as literals. */
export const { format } = mysql2;

/** What mysql2's connection of this configuration would do, `queryFormat` included, without being one. */
export function textsOf(config: object): DriverTexts {
  return Object.assign(Object.create(driver.Connection.prototype) as DriverTexts, { config });
}

/** mysql2's pool class. */
export const DriverPool = driver.Pool;

function Unconnected(this: EventEmitter): void {
  EventEmitter.call(this);
}
Unconnected.prototype = mysql2.Connection.prototype;

/** mysql2's connection class by its name: what extends it is an instance of `Connection`, and has no socket of its own. */
export const DriverConnection = Unconnected as unknown as new () => EventEmitter;

/** The configuration of a mysql2 pool. */
export interface DriverPoolConfig {
  readonly connectionConfig: mysql2.ConnectionOptions & object;
  readonly connectionLimit: number;
  readonly resetOnRelease: boolean;
  maxIdle: number;
}

/**
 * Has mysql2 check and complete its own options. No connection is made.
 *
 * mysql2's promise classes capture a stack at each call unless told not to, which costs about a fifth of a query: here only
 * when asked. Where nothing was said (`trace` is undefined), ours give the caller's stack to an error when there is one.
 */
function driverPoolConfig(options: mysql2.PoolOptions): DriverPoolConfig {
  const { config } = mysql2.createPool(options) as unknown as { config: DriverPoolConfig };
  Object.assign(config.connectionConfig, { trace: options.trace === undefined ? undefined : options.trace !== false });
  return config;
}

/**
 * The same, and the options without those that mysql2 does not know: it warns of them, which is enough once, and not for every
 * connection. What it knows it reads.
 */
export function readDriverOptions(given: ClusteredOptions): {
  readonly config: DriverPoolConfig;
  readonly options: ClusteredOptions;
} {
  const names = new Set<string | symbol>(Object.keys(shadowOptions(given)));
  const watched = new Proxy(shadowOptions(given), {
    get(target, name) {
      names.delete(name);
      return Reflect.get(target, name);
    },
  });
  const config = driverPoolConfig(watched);
  const options = Object.fromEntries(Object.entries(given).filter(([name]) => !names.has(name))) as ClusteredOptions;
  return { config, options };
}
