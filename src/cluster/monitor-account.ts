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

/** mysql2's options for connections of monitors and followers: the pool's, under the account that `monitor` names. */
export function monitorAccount(
  { monitor }: Pick<Settings, 'monitor'>,
  connection: ConnectionSettings,
): ConnectionSettings {
  const password = monitor.password === undefined ? {} : { password: monitor.password };
  const account = monitor.user === undefined ? password : { user: monitor.user, ...password };
  const ours = Object.entries(connection).filter(([name]) => !OF_THE_APPLICATION.has(name));
  const plain = { ...Object.fromEntries(ours), ...account, connectTimeout: monitor.timeoutMs };
  // The pool's own may be another one later.
  return monitor.user === undefined && monitor.password === undefined ? withPasswordOf(connection, plain) : plain;
}

function withPasswordOf(connection: ConnectionSettings, account: ConnectionSettings): ConnectionSettings {
  return Object.defineProperty(account, 'password', { enumerable: true, get: () => connection.password });
}
