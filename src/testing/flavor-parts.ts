import { CREDENTIALS } from './credentials.js';
import type { ReplicationThread } from './flavor.js';

/** Keeps what follows out of the binary log, and ends that. Both on one connection. */
export const NO_BINLOG = { on: 'SET SESSION sql_log_bin=0', off: 'SET SESSION sql_log_bin=1' } as const;

/** ` IO_THREAD`, ` SQL_THREAD` or nothing. */
export function threadWord(thread: ReplicationThread | undefined): string {
  return thread === undefined ? '' : ` ${thread.toUpperCase()}_THREAD`;
}

/** What the status columns of replicas mean: `Yes` is yes; `No` and `Connecting` are not. */
export function yes(value: unknown): boolean {
  return value === 'Yes';
}

/** Statements for the databases and the accounts beside `root`, kept out of the binary log. */
export function accountStatements(databases: readonly string[], monitoring: string): string[] {
  const { app, plain, replication } = CREDENTIALS;
  return [
    NO_BINLOG.on,
    ...databases.map((name) => `CREATE DATABASE IF NOT EXISTS \`${name}\``),
    ...[app, plain, replication].map(
      ({ user, password }) => `CREATE USER IF NOT EXISTS '${user}'@'%' IDENTIFIED BY '${password}'`,
    ),
    ...[app, plain].flatMap(({ user }) =>
      databases.map((name) => `GRANT ALL ON \`${grantPattern(name)}\`.* TO '${user}'@'%'`),
    ),
    `GRANT ${monitoring} ON *.* TO '${app.user}'@'%'`,
    `GRANT SELECT ON performance_schema.* TO '${app.user}'@'%'`,
    `GRANT REPLICATION SLAVE ON *.* TO '${replication.user}'@'%'`,
    NO_BINLOG.off,
  ];
}

// In GRANT a database name is a pattern: without the backslash `_` would match any character.
function grantPattern(name: string): string {
  return name.replaceAll('_', '\\_');
}
