import type { Settings } from '../options.js';
import type { ConnectionSettings } from './physical-connection.js';

// They need no schema, and must work when the application's is missing. The rest is how the application wants texts written and
// rows read, which nobody here has asked for.
const OF_THE_APPLICATION = new Set([
  'database',
  'rowsAsArray',
  'nestTables',
  'typeCast',
  'dateStrings',
  'timezone',
  'decimalNumbers',
  'supportBigNumbers',
  'bigNumberStrings',
  'jsonStrings',
  'queryFormat',
  'namedPlaceholders',
  'stringifyObjects',
]);

/** The account of monitors and followers: that of the pool, or the one that `monitor` names. */
export class MonitorAccount {
  readonly #isOwn: boolean;
  #settings: ConnectionSettings;

  constructor({ monitor }: Pick<Settings, 'monitor'>, connection: ConnectionSettings) {
    const { user, password, timeoutMs } = monitor;
    this.#isOwn = user !== undefined || password !== undefined;
    const plain = Object.entries(connection).filter(([name]) => !OF_THE_APPLICATION.has(name));
    this.#settings = {
      ...Object.fromEntries(plain),
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { password }),
      connectTimeout: timeoutMs,
    };
  }

  /** mysql2's options for its connections. */
  get settings(): ConnectionSettings {
    return this.#settings;
  }

  /** The pool's account has another password now. */
  usePassword(password: string): void {
    if (!this.#isOwn) this.#settings = { ...this.#settings, password };
  }
}
