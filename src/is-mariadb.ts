/** Whether a server that gives this version is MariaDB: in its handshake, or by its variable `version`. */
export function isMariaDb(version: string): boolean {
  return /mariadb/i.test(version);
}
