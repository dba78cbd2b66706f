import type { Connection, RowDataPacket } from 'mysql2/promise';

/** What others see of a server. A plain read leaves all of it as it was. */
export interface ServerState {
  readonly gtids: string;
  readonly rowLocks: string;
  readonly userLocks: string;
  readonly globals: Readonly<Record<string, string>>;
}

/** What a session holds. A plain read leaves all of it as it was. */
export type SessionState = Readonly<Record<string, string>>;

/** How one kind of server is asked for its state. */
export interface Witness {
  /** Looks from another connection, which may see everything. */
  server(observer: Connection): Promise<ServerState>;
  /** Looks from the session's own connection. */
  session(connection: Connection): Promise<SessionState>;
  /** Makes OK packets tell of changes. */
  readonly track: string;
}

/**
 * Variables that tell of time, or of the statement before, which is the witness's own question. RAND() moves the seeds, which
 * matter only to a session that has set them.
 */
export const MOVING: ReadonlySet<string> = new Set(
  'timestamp statement_id warning_count error_count in_transaction last_gtid rand_seed1 rand_seed2'.split(' '),
);

async function ask(connection: Connection, sql: string): Promise<readonly RowDataPacket[]> {
  return (await connection.query<RowDataPacket[]>(sql))[0];
}

/** Rows of a name and a value as one record. */
async function pairs(connection: Connection, sql: string): Promise<Record<string, string>> {
  const rows = await ask(connection, sql);
  const values = rows.map((row) => Object.values(row).map(String));
  const still = values.filter(([name]) => !MOVING.has((name ?? '').toLowerCase()));
  return Object.fromEntries(still.map(([name, value]) => [name ?? '', value ?? '']));
}

async function one(connection: Connection, sql: string): Promise<Record<string, string>> {
  const [row] = await ask(connection, sql);
  return Object.fromEntries(Object.entries(row ?? {}).map(([name, value]) => [name, String(value)]));
}

/** MySQL: the locks by performance_schema, all of those on the tables of the tests. */
export const mysqlWitness: Witness = {
  track:
    "SET SESSION session_track_system_variables='*', session_track_schema=ON, session_track_state_change=ON, session_track_gtids='OWN_GTID'",
  async server(observer) {
    const seen = await one(
      observer,
      `SELECT @@global.gtid_executed AS gtids,
         (SELECT GROUP_CONCAT(OBJECT_NAME, LOCK_TYPE, LOCK_MODE) FROM performance_schema.data_locks WHERE OBJECT_SCHEMA IN ('shop', 'db')) AS rowLocks,
         (SELECT GROUP_CONCAT(OBJECT_NAME) FROM performance_schema.metadata_locks
            WHERE OBJECT_TYPE IN ('USER LEVEL LOCK', 'LOCKING SERVICE')) AS userLocks`,
    );
    const globals = await pairs(observer, 'SELECT * FROM performance_schema.global_variables');
    return { gtids: seen.gtids ?? '', rowLocks: seen.rowLocks ?? '', userLocks: seen.userLocks ?? '', globals };
  },
  async session(connection) {
    const held = await one(
      connection,
      `SELECT DATABASE() AS \`schema\`, CURRENT_ROLE() AS role,
         (SELECT JSON_OBJECTAGG(VARIABLE_NAME, VARIABLE_VALUE) FROM performance_schema.user_variables_by_thread
            WHERE THREAD_ID = PS_CURRENT_THREAD_ID()) AS \`user variables\`,
         (SELECT COUNT(*) FROM performance_schema.prepared_statements_instances
            WHERE OWNER_THREAD_ID = PS_CURRENT_THREAD_ID()) AS \`prepared statements\``,
    );
    return { ...(await pairs(connection, 'SELECT * FROM performance_schema.session_variables')), ...held };
  },
};

/** MariaDB has no data_locks: every transaction tells how many rows and tables it has locked. */
export const mariadbWitness: Witness = {
  track: "SET SESSION session_track_system_variables='*', session_track_schema=ON, session_track_state_change=ON",
  async server(observer) {
    const seen = await one(
      observer,
      `SELECT CONCAT(@@global.gtid_current_pos, ' ', @@global.gtid_binlog_state) AS gtids,
         (SELECT GROUP_CONCAT(trx_rows_locked, ' rows, ', trx_tables_locked, ' tables') FROM information_schema.INNODB_TRX
            WHERE trx_rows_locked + trx_tables_locked > 0) AS rowLocks,
         (SELECT GROUP_CONCAT(OBJECT_NAME) FROM performance_schema.metadata_locks
            WHERE OBJECT_TYPE = 'USER LEVEL LOCK') AS userLocks`,
    );
    const globals = await pairs(
      observer,
      "SELECT * FROM information_schema.GLOBAL_VARIABLES WHERE VARIABLE_NAME NOT LIKE 'gtid%'",
    );
    return { gtids: seen.gtids ?? '', rowLocks: seen.rowLocks ?? '', userLocks: seen.userLocks ?? '', globals };
  },
  async session(connection) {
    const held = await one(
      connection,
      `SELECT DATABASE() AS \`schema\`, CURRENT_ROLE() AS role,
         (SELECT GROUP_CONCAT(VARIABLE_NAME, '=', COALESCE(VARIABLE_VALUE, 'NULL')) FROM information_schema.USER_VARIABLES)
           AS \`user variables\``,
    );
    return { ...(await pairs(connection, 'SELECT * FROM information_schema.SESSION_VARIABLES')), ...held };
  },
};

/** The names whose values differ. */
export function changed(before: SessionState, after: SessionState): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => before[name] !== after[name]);
}
