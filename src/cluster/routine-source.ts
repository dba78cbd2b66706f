import type { Connection, RowDataPacket } from 'mysql2';
import type { Clock } from '../clock.js';
import type { ListedRoutine, RoutineText } from '../sql/routines/routine-book.js';
import { type ConnectionSettings, type Destination, openRaw, socketOf } from './physical-connection.js';

/** More functions are not read: the work is not to be noticed. */
export const MOST_FUNCTIONS = 5000;
const BOUND_MS = 10_000;

/** Where the functions of a server are read. Every promise rejects after 10 s at the latest. */
export interface RoutineSource {
  /** All functions that the account can see, one more than {@link MOST_FUNCTIONS} at most. */
  list(): Promise<readonly ListedRoutine[]>;
  /** One body, with no definition when the account may not see it, or it is gone. */
  textOf(routine: ListedRoutine): Promise<RoutineText>;
  close(): void;
}

const LIST = `SELECT ROUTINE_SCHEMA AS sch, ROUTINE_NAME AS nam, SQL_DATA_ACCESS AS acc, ROUTINE_TYPE AS typ
  FROM information_schema.ROUTINES WHERE ROUTINE_TYPE <> 'PROCEDURE' LIMIT ${MOST_FUNCTIONS + 1}`;
const UNSEEN: RoutineText = { definition: undefined, sqlMode: '', charset: '' };

/**
 * Opens a connection of its own, with the application's account: what that may not see is not known.
 *
 * @throws mysql2's error object
 */
export async function openRoutineSource(
  settings: ConnectionSettings,
  destination: Destination,
  clock: Clock,
): Promise<RoutineSource> {
  const { database: _database, ...connection } = settings;
  const own = { charset: 'utf8mb4', connectTimeout: BOUND_MS, multipleStatements: false };
  const { raw } = await openRaw({ ...connection, ...own }, destination);
  raw.on('error', () => undefined); // whoever waits for an answer is told by it
  const close = (): void => void socketOf(raw).destroy();
  const guard = clock.after(BOUND_MS, close, true);
  return {
    list: async () => (await rowsOf(raw, LIST)).map(listed),
    textOf: (routine) => textOf(raw, routine),
    close() {
      guard.cancel();
      close();
    },
  };
}

type Row = Readonly<Record<string, unknown>>;

function rowsOf(raw: Connection, sql: string): Promise<readonly Row[]> {
  return new Promise((resolve, reject) => {
    const shape = { rowsAsArray: false, nestTables: false, typeCast: true };
    raw.query<RowDataPacket[]>({ sql, ...shape }, (error, rows) => (error ? reject(error) : resolve(rows)));
  });
}

function listed({ sch, nam, acc, typ }: Row): ListedRoutine {
  // MariaDB: what looks like a schema may be a package, in any schema.
  if (typ !== 'FUNCTION') throw new Error('there are packages');
  return { schema: String(sch), name: String(nam), dataAccess: String(acc) };
}

async function textOf(raw: Connection, { schema, name }: ListedRoutine): Promise<RoutineText> {
  const quoted = [schema, name].map((part) => `\`${part.replaceAll('`', '``')}\``).join('.');
  try {
    const [row] = await rowsOf(raw, `SHOW CREATE FUNCTION ${quoted}`);
    const definition = row?.['Create Function'];
    if (typeof definition !== 'string') return UNSEEN;
    return { definition, sqlMode: String(row?.sql_mode), charset: String(row?.character_set_client) };
  } catch (error) {
    // Dropped, or not for this account; a connection that is lost is fatal.
    if ((error as { fatal?: boolean }).fatal === true) throw error;
    return UNSEEN;
  }
}
