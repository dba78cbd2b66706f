import { type Connection, createConnection, type ResultSetHeader } from 'mysql2/promise';
import type { LexicalOptions } from '../../../src/sql/classification.js';
import type { TestNode } from '../../../src/testing/index.js';
import type { Lab } from './lab.js';
import type { OracleCase } from './oracle-cases.js';
import { changed, MOVING, type SessionState, type Witness } from './witness.js';

/** A write that a read-only server refuses: ER_OPTION_PREVENTS_STATEMENT, ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, ER_READ_ONLY_MODE. */
const REFUSALS: ReadonlySet<unknown> = new Set([1290, 1792, 1836]);

/** Some cases wait for what never comes. */
const STATEMENT_MS = 2000;

const ACCOUNT = { user: 'oracle', password: 'oracle' } as const;
const TABLES = ['t', 'u', 'v', 'w', 'x', 'a', 'b'];

/** What running a case told. */
export interface Outcome {
  readonly refused: boolean;
  /** It ran to its end. */
  readonly ran: boolean;
  /** What it left behind, in words. */
  readonly left: readonly string[];
}

/** mysql2's type lacks what the server's session tracking told. */
interface ToldHeader extends ResultSetHeader {
  readonly stateChanges?: {
    readonly systemVariables?: Readonly<Record<string, string>>;
    readonly schema?: string | null;
    readonly trackStateChange?: string | null;
  };
}

interface OracleOptions {
  readonly lab: Lab;
  readonly node: TestNode;
  readonly witness: Witness;
  readonly server: LexicalOptions;
}

/** Asks a replica what a statement does, each time in a fresh session of an account that may do everything but write there. */
export class Oracle {
  readonly server: LexicalOptions;
  readonly #options: OracleOptions;
  #observer: Connection | undefined;

  constructor(options: OracleOptions) {
    this.#options = options;
    this.server = options.server;
  }

  /** A session, with the modes of the case. */
  async open(options: OracleCase['options'] = {}): Promise<Connection> {
    const { host, port } = this.#options.node;
    const charset = options.charset === undefined ? {} : { charset: `${options.charset.toUpperCase()}_CHINESE_CI` };
    const own = /^gbk|^big5|^gb18030/.test(options.charset ?? '') ? charset : {};
    const account = { host, port, ...ACCOUNT, database: 'shop', multipleStatements: true };
    const connection = await createConnection({ ...account, ...own });
    connection.on('error', () => undefined);
    if (options.sqlMode !== undefined) await connection.query('SET SESSION sql_mode = ?', [options.sqlMode]);
    return connection;
  }

  /** A connection that sees everything. */
  async observer(): Promise<Connection> {
    this.#observer ??= await this.#connectObserver();
    return this.#observer;
  }

  async #connectObserver(): Promise<Connection> {
    const { lab, node } = this.#options;
    const { user, password } = lab.cluster.credentials.root;
    return createConnection({ host: node.host, port: node.serverPort, user, password });
  }

  close(): void {
    this.#observer?.destroy();
  }

  /** Runs what is called a read, in a transaction, and compares everything that a read must leave alone. */
  async runRead(example: OracleCase): Promise<Outcome> {
    const { witness } = this.#options;
    const observer = await this.observer();
    const connection = await this.open(example.options);
    try {
      await connection.query(witness.track);
      const session = await witness.session(connection);
      await connection.query('START TRANSACTION');
      const before = await witness.server(observer);
      const errno = await errnoOf(connection, example.sql);
      const after = await witness.server(observer);
      const left = changed({ ...before.globals, ...flat(before) }, { ...after.globals, ...flat(after) });
      const told = await toldBy(connection, session);
      await connection.query('ROLLBACK');
      const own = changed(session, await witness.session(connection));
      return { refused: REFUSALS.has(errno), ran: errno === 0, left: [...left, ...told, ...own] };
    } finally {
      connection.destroy();
    }
  }

  /** Runs any case, and tells whether it was refused as a write, or wrote. */
  async runAny(example: OracleCase): Promise<Outcome> {
    const observer = await this.observer();
    const connection = await this.open(example.options);
    try {
      const before = await this.#options.witness.server(observer);
      const errno = await errnoOf(connection, example.sql);
      const after = await this.#options.witness.server(observer);
      const left = before.gtids === after.gtids ? [] : ['gtids'];
      return { refused: REFUSALS.has(errno), ran: errno === 0, left };
    } finally {
      connection.destroy();
    }
  }
}

function flat(state: { gtids: string; rowLocks: string; userLocks: string }): Record<string, string> {
  return { GTIDs: state.gtids, 'row locks': state.rowLocks, 'user locks': state.userLocks };
}

/** The error's number; 0 without one, -1 for one that is not the server's. */
async function errnoOf(connection: Connection, sql: string): Promise<number> {
  return connection.query({ sql, timeout: STATEMENT_MS }).then(
    () => 0,
    (error: { errno?: number }) => error.errno ?? -1,
  );
}

/**
 * What the OK packet of the next statement says of the session and its transaction. A report of what is as it was before, as that
 * of a SET_VAR hint or of EXPLAIN FOR SCHEMA, is no change.
 */
async function toldBy(connection: Connection, before: SessionState): Promise<readonly string[]> {
  const [header] = await connection.query<ResultSetHeader>('DO 0');
  const { serverStatus, stateChanges } = header as ToldHeader;
  const { systemVariables = {}, schema, trackStateChange } = stateChanges ?? {};
  const reports = Object.entries({ ...systemVariables, ...(typeof schema === 'string' ? { schema } : {}) });
  const own = reports.filter(([name]) => !MOVING.has(name));
  const told = own.filter(([name, value]) => before[name] !== value).map(([name]) => `tracked ${name}`);
  if ((serverStatus & 1) === 0) told.push('the transaction ended');
  if (typeof trackStateChange === 'string' && own.length === 0) told.push('tracked state');
  return told;
}

/** Tables, a function that writes, a function that locks, and the account, on the primary; waits for the replica. */
export async function prepareOracle({ cluster, primary }: Lab, extra: readonly string[] = []): Promise<void> {
  const columns = 'id INT PRIMARY KEY AUTO_INCREMENT, a INT, b INT, c INT, d JSON, k INT, name VARCHAR(9)';
  for (const schema of ['shop', 'db']) {
    for (const table of TABLES) {
      await cluster.query(primary, `CREATE TABLE ${schema}.${table} (${columns}, KEY i (a), KEY j (b))`);
      await cluster.query(primary, `INSERT INTO ${schema}.${table} (a, b) VALUES (1, 2)`);
    }
  }
  const { user, password } = ACCOUNT;
  const statements = [
    'CREATE FUNCTION shop.f(a INT) RETURNS INT DETERMINISTIC BEGIN INSERT INTO shop.u (a) VALUES (a); RETURN 1; END',
    `CREATE USER ${user}@'%' IDENTIFIED BY '${password}'`,
    `GRANT ALL ON *.* TO ${user}@'%'`,
    // No case may leave a file.
    `REVOKE FILE ON *.* FROM ${user}@'%'`,
    ...extra,
  ];
  for (const sql of statements) await cluster.query(primary, sql);
  await cluster.waitForReplication();
}
