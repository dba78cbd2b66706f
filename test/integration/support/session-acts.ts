/** A statement of the torture of sessions. */
export interface Act {
  readonly sql: string;
  readonly values?: (string | number | null)[];
  /** By `execute`. */
  readonly prepared?: boolean;
  /**
   * It binds the session to its connection for longer than a transaction. In a READ ONLY transaction that is a replica's, where
   * nothing can be written later, which is said by an error.
   */
  readonly binds?: boolean;
  /** Only right after a SELECT: what FOUND_ROWS() says after anything else is undefined. */
  readonly afterRows?: boolean;
  /** Whether a READ ONLY transaction may be open after it; undefined when it changes nothing of that. */
  readonly readOnly?: boolean;
  /** The transactions that begin after it may be READ ONLY ones, until one has ended. */
  readonly nextReadOnly?: boolean;
}

const plain = (...texts: readonly string[]): Act[] => texts.map((sql) => ({ sql }));
const binding = (...texts: readonly string[]): Act[] => texts.map((sql) => ({ sql, binds: true }));
const ending = (...texts: readonly string[]): Act[] => texts.map((sql) => ({ sql, readOnly: false }));

const READS = plain(
  'SELECT id, v FROM t ORDER BY id',
  'SELECT COUNT(*) AS n, MAX(id) AS m FROM {A}.t',
  'SELECT v FROM {B}.t ORDER BY id',
  'SELECT v FROM t WHERE id = 1 FOR UPDATE',
  'SELECT GROUP_CONCAT(v ORDER BY id) AS vs FROM t',
  'SELECT SQL_CALC_FOUND_ROWS id FROM t ORDER BY id LIMIT 1',
);

const STATE_READS = plain(
  'SELECT HOUR(FROM_UNIXTIME(0)) AS h',
  'SELECT COLLATION("a") AS c, 1 / 3 AS third',
  "SELECT COLLATION('a') AS c, CHARSET(v) AS s FROM t WHERE id = 1",
  "SELECT 'a\\'b' AS quoted -- '",
  "SELECT 'a' || 'b' AS piped FROM t ORDER BY id LIMIT 1",
  'SELECT DATABASE() AS d',
  'SELECT @@time_zone AS z, @@group_concat_max_len AS g, @@autocommit AS a, @@character_set_results AS r',
  'SELECT @@session.transaction_isolation AS i, @@sql_mode AS m',
  'SHOW TABLES',
);

const ANSWERS: Act[] = [
  { sql: 'SELECT FOUND_ROWS() AS n', afterRows: true },
  ...plain('SELECT LAST_INSERT_ID() AS id', 'SELECT ROW_COUNT() AS n', 'SHOW WARNINGS', 'SELECT @@warning_count AS n'),
];

const WRITES = plain(
  "INSERT INTO t (v) VALUES ('n')",
  "INSERT INTO {B}.t (v) VALUES ('o')",
  "INSERT INTO t (v, u) VALUES ('dup', 1)",
  "INSERT IGNORE INTO t (v, u) VALUES ('dup', 1)",
  "UPDATE t SET v = CONCAT(v, '+') WHERE id = 1",
  'UPDATE t SET v = LEFT(v, 3)',
  'DELETE FROM t WHERE id = 2',
  "REPLACE INTO t (id, v) VALUES (2, 'r')",
  'CALL {A}.p(3)',
);

const PREPARED: Act[] = [
  { sql: 'SELECT id, v FROM t WHERE id = ?', values: [1], prepared: true },
  { sql: 'SELECT ? AS one, COUNT(*) AS n FROM t', values: ['x'], prepared: true },
  { sql: 'INSERT INTO t (v) VALUES (?)', values: ['p'], prepared: true },
  { sql: 'UPDATE t SET v = ? WHERE id = 1', values: [null], prepared: true },
  { sql: 'SELECT v FROM t WHERE id = ? FOR UPDATE', values: [1], prepared: true },
  { sql: 'SELECT v FROM t WHERE id = ?', values: [1] },
];

const SETTINGS = plain(
  "SET time_zone = '+05:00'",
  "SET SESSION time_zone = '-03:00', group_concat_max_len = 4",
  'SET group_concat_max_len = DEFAULT',
  'SET NAMES latin1',
  'SET NAMES utf8mb4 COLLATE utf8mb4_bin',
  "SET collation_connection = 'utf8mb4_spanish_ci'",
  "SET sql_mode = ''",
  "SET sql_mode = 'ANSI_QUOTES'",
  "SET sql_mode = 'NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT'",
  'SET div_precision_increment = 8',
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  "SET SESSION transaction_isolation = 'SERIALIZABLE'",
  'SET nothing_has_this_name = 1',
  'USE {A}',
  'USE {B}',
);

const VARIABLES = [
  ...plain('SELECT @v AS v'),
  ...binding(
    'SET @v = 5',
    "SET @v = 'text', time_zone = '+01:00'",
    'SELECT @v := COALESCE(@v, 0) + 1 AS v',
    'SELECT id INTO @v FROM t ORDER BY id LIMIT 1',
    'SET @v = 1; SELECT @v AS v; SELECT COUNT(*) AS n FROM t',
  ),
];

const TEMPORARY = [
  ...plain('SELECT COUNT(*) AS n FROM tmp', 'INSERT INTO tmp VALUES (1)'),
  ...binding('CREATE TEMPORARY TABLE tmp (v INT)', 'CREATE TEMPORARY TABLE t (id INT, v VARCHAR(20))'),
  ...plain('DROP TEMPORARY TABLE tmp', 'DROP TEMPORARY TABLE IF EXISTS t'),
];

/** Begins on a replica that has all. */
export const BEGIN_READ_ONLY: Act = { sql: 'START TRANSACTION READ ONLY', readOnly: true };

const TRANSACTIONS = [
  ...ending('BEGIN', 'START TRANSACTION', 'START TRANSACTION WITH CONSISTENT SNAPSHOT', 'COMMIT', 'ROLLBACK'),
  ...ending('COMMIT', 'ROLLBACK'),
  BEGIN_READ_ONLY,
  { sql: 'SET TRANSACTION READ ONLY', nextReadOnly: true, binds: true },
  ...plain('COMMIT AND CHAIN', 'SAVEPOINT s', 'ROLLBACK TO SAVEPOINT s', 'RELEASE SAVEPOINT s'),
  ...binding('SET autocommit = 0', 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED', 'BEGIN; DELETE FROM t; ROLLBACK'),
  { sql: 'SET autocommit = 1', readOnly: false, binds: true },
  { sql: 'CREATE TABLE IF NOT EXISTS {A}.t (id INT)', readOnly: false, binds: true },
  { sql: 'ANALYZE TABLE {A}.t', readOnly: false, binds: true },
];

const TEXT_PREPARED = [
  ...binding("PREPARE s FROM 'SELECT v FROM t WHERE id = 1'", "PREPARE s FROM 'UPDATE t SET v = 7 WHERE id = 1'"),
  ...plain('EXECUTE s', 'DEALLOCATE PREPARE s'),
];

const LOCKS = [
  ...binding("SELECT GET_LOCK('{A}', 0) AS l", 'LOCK TABLES t WRITE', 'LOCK TABLES t READ', 'HANDLER {A}.t OPEN AS h'),
  ...plain("SELECT RELEASE_LOCK('{A}') AS l", "SELECT IS_FREE_LOCK('{A}') AS l", 'UNLOCK TABLES'),
  ...plain('HANDLER h READ FIRST', 'HANDLER h CLOSE'),
];

/** All statements of the torture. */
export const actsOf: readonly Act[] = [
  ...new Map(
    [
      ...READS,
      ...STATE_READS,
      ...ANSWERS,
      ...WRITES,
      ...PREPARED,
      ...SETTINGS,
      ...VARIABLES,
      ...TEMPORARY,
      ...TRANSACTIONS,
      ...TEXT_PREPARED,
      ...LOCKS,
    ].map((act) => [`${act.prepared} ${act.sql}`, act]),
  ).values(),
];
