import type { Connection, RowDataPacket } from 'mysql2/promise';

/** MariaDB has no STATEMENT_DIGEST_TEXT(), but keeps the digests of what ran. */
export const DIGEST_ARGS = [
  '--performance-schema=ON',
  '--performance-schema-consumer-events-statements-current=ON',
  '--performance-schema-consumer-events-statements-history=ON',
  '--performance-schema-consumer-events-statements-history-long=ON',
  '--performance-schema-events-statements-history-long-size=10000',
  '--performance-schema-max-digest-length=4096',
  '--max-digest-length=4096',
] as const;

/**
 * Runs each text, whatever comes of it, and gives the server's own reading of it: undefined where it found no statement. For at
 * most some thousands at a time, since the server forgets the oldest.
 */
export async function digestsOfRun(
  connection: Connection,
  texts: readonly string[],
): Promise<readonly (string | undefined)[]> {
  const first = await lastEvent(connection);
  for (const sql of texts) await connection.query(sql).catch(() => undefined);
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT SQL_TEXT, DIGEST_TEXT FROM performance_schema.events_statements_history_long
      WHERE THREAD_ID = (SELECT THREAD_ID FROM performance_schema.threads WHERE PROCESSLIST_ID = CONNECTION_ID()) AND EVENT_ID > ? AND DIGEST_TEXT IS NOT NULL ORDER BY EVENT_ID`,
    [first],
  );
  const byText = new Map(rows.map((row) => [String(row.SQL_TEXT), String(row.DIGEST_TEXT)]));
  return texts.map((sql) => byText.get(sql));
}

async function lastEvent(connection: Connection): Promise<number> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT COALESCE(MAX(EVENT_ID), 0) AS id FROM performance_schema.events_statements_history_long
      WHERE THREAD_ID = (SELECT THREAD_ID FROM performance_schema.threads WHERE PROCESSLIST_ID = CONNECTION_ID())`,
  );
  return Number(rows[0]?.id);
}
