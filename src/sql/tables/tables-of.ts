import type { Classification, LexicalOptions } from '../classification.js';
import { classify } from '../classify.js';
import { readingsOf } from '../comments.js';
import { Cursor } from '../cursor.js';
import { type Dialect, dialectOf, type Reading } from '../dialect.js';
import { Token } from '../token.js';
import { Tokenizer } from '../tokenizer.js';
import { FoundTables } from './found-tables.js';
import { joinTables } from './join-tables.js';
import { QueryReader } from './query-reader.js';
import { readTables } from './statement.js';
import type { StatementTables, Tables } from './table-use.js';

/** How a text is read for its tables: `schema` is the session's, for names that have none. */
export interface TableOptions extends LexicalOptions {
  readonly schema?: string | undefined;
}

const NO_OPTIONS: TableOptions = Object.freeze({});

/**
 * The tables that a text names, statement by statement: what it reads and what it writes. Names of common table expressions,
 * derived tables, table functions and aliases are none. Never throws. A table too many may be among them, and where one may be
 * missing, the answer is not `complete`.
 *
 * Complete means: by the text. Views, triggers, foreign keys and temporary tables stand in no text; any function that is not
 * built in makes it incomplete, `readOnlyFunctions` or not, since it may read tables.
 *
 * @example
 * tablesOf('WITH c AS (SELECT * FROM a) UPDATE shop.b JOIN c SET b.x = c.x').tables
 * // [{ schema: undefined, name: 'a', access: 'read' }, { schema: 'shop', name: 'b', access: 'write' }]
 */
export function tablesOf(sql: string, options: TableOptions = NO_OPTIONS): Tables {
  const lexical = options.readOnlyFunctions === undefined ? options : { ...options, readOnlyFunctions: undefined };
  const classification = classify(sql, lexical);
  const dialect = dialectOf(lexical);
  const tables = readText(sql, dialect, options.schema);
  const doubt = doubtOf(classification);
  if (doubt === undefined || (!tables.complete && tables.statements.length < 2)) return tables;
  return inDoubt(tables, doubt);
}

/** Whether the text names no table, and certainly none: what it gives is no row of one. */
export function readsNoTable(sql: string, options: TableOptions): boolean {
  const { tables, complete } = tablesOf(sql, options);
  return complete && tables.length === 0;
}

/** What the classifier could not read is not known here either. */
function doubtOf({ access, functions, because }: Classification): string | undefined {
  if (functions.length > 0) return `${functions[0]}() may read or write tables`;
  return access === 'unknown' ? because : undefined;
}

/** Nobody knows which of the statements is meant: all are in doubt. */
function inDoubt({ tables, statements, because }: Tables, doubt: string): Tables {
  const doubted = statements.map(
    (statement): StatementTables => ({
      tables: statement.tables,
      complete: false,
      because: statement.because ?? doubt,
    }),
  );
  return { tables, statements: doubted, complete: false, because: because ?? doubt };
}

function readText(sql: string, dialect: Dialect, schema: string | undefined): Tables {
  const tokens = new Tokenizer(sql, dialect);
  const result = readAll(new Cursor(sql, dialect, tokens), schema);
  if (!tokens.versioned || dialect.exact) return result;
  // Version comments that not every server runs: the tables that any server would see.
  const readings = readingsOf(sql, dialect);
  if (readings === undefined) return inDoubt(result, 'too many version comments, and the server is not known');
  const read = (reading: Reading): Tables =>
    readAll(new Cursor(sql, dialect, new Tokenizer(sql, dialect, reading)), schema);
  return joinTables(readings.map(read));
}

function readAll(cursor: Cursor, schema: string | undefined): Tables {
  const { tokens } = cursor;
  const found = new FoundTables(schema);
  const reader = new QueryReader(cursor, found);
  tokens.next();
  for (;;) {
    while (tokens.kind === Token.Semicolon) tokens.next();
    if (tokens.kind === Token.End) break;
    if (tokens.kind !== Token.Bad) readTables(reader);
    if (!cursor.isAtEnd) {
      found.doubt(`${cursor.text.slice(0, 40)} was not expected here`);
      cursor.skip();
    }
    if (tokens.kind === Token.Bad) found.doubt(`cannot be read from position ${tokens.start}`);
    found.endStatement();
    if (tokens.kind === Token.Bad) break;
  }
  return summary(found.statements);
}

function summary(statements: readonly StatementTables[]): Tables {
  const first = statements[0];
  if (statements.length === 1 && first !== undefined) {
    return { tables: first.tables, statements, complete: first.complete, because: first.because };
  }
  const because = statements.find(({ complete }) => !complete)?.because;
  const tables = statements.flatMap((statement) => statement.tables);
  return { tables, statements, complete: because === undefined, because };
}
