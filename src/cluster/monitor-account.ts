import type { Settings } from '../options.js';
import type { ConnectionSettings } from './physical-connection.js';

/** mysql2's options for connections of monitors and followers: the pool's, under the account that `monitor` names. */
export function monitorAccount(
  { monitor }: Pick<Settings, 'monitor'>,
  { database: _database, ...connection }: ConnectionSettings,
): ConnectionSettings {
  const password = monitor.password === undefined ? {} : { password: monitor.password };
  const account = monitor.user === undefined ? password : { user: monitor.user, ...password };
  // They need no schema, and must work when the application's is missing.
  return { ...connection, ...account, connectTimeout: monitor.timeoutMs };
}
