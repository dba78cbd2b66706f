// Not by name: bundles for ESM often declare a `createRequire` of their own.
import * as loading from 'node:module';
import { dialectOf } from './dialect.js';
import { respell } from './respell.js';
import type { TableUse } from './tables/table-use.js';
import type { TableOptions } from './tables/tables-of.js';
import { Tokenizer } from './tokenizer.js';

/** What node-sql-parser says of a text. It reads about 80 % of what a server reads, and may be wrong about that. */
export interface SecondOpinion {
  /** Each table once for each access, without aliases. */
  readonly tables: readonly TableUse[];
  /** `table.column` or `column`; `*` for all. As the parser sees them: it looks into no catalogue. */
  readonly columns: readonly string[];
  /** The kind of each statement, such as `'select'`. */
  readonly kinds: readonly string[];
  /** The parser's trees of the statements. */
  readonly statements: readonly unknown[];
  /** Why there is no opinion. */
  readonly because: string | undefined;
}

/** The part of node-sql-parser that is used; its build for MySQL alone has no types of its own. */
interface Parser {
  parse(sql: string): { readonly tableList: unknown; readonly columnList: unknown; readonly ast: unknown };
}

/** Loaded on first use: 25 to 45 ms and 2.5 MB, which nobody pays who does not ask. */
let parser: Parser | undefined;

function load(): Parser {
  if (parser !== undefined) return parser;
  const module = loading.createRequire(import.meta.url)('node-sql-parser/build/mysql.js') as {
    Parser: new () => Parser;
  };
  parser = new module.Parser();
  return parser;
}

/**
 * Asks node-sql-parser, for what is told to people: it takes 0.1 ms a statement, or more. Never throws. Texts that could take it
 * long are not given to it, and none is under a `sqlMode` that changes how strings are read.
 */
export function secondOpinion(sql: string, options: TableOptions = {}): SecondOpinion {
  const dialect = dialectOf(options);
  if (dialect.ansiQuotes || !dialect.backslashEscapes) return none('the parser knows the default sql_mode only');
  const text = respell(sql, new Tokenizer(sql, dialect));
  if (text === undefined) return none('too long, too deep, or not to be read');
  try {
    const { tableList, columnList, ast } = load().parse(text);
    const statements: readonly unknown[] = Array.isArray(ast) ? ast : [ast];
    const kinds = statements.map((statement) => String(memberOf(statement, 'type') ?? 'unknown'));
    const commonTables = new Set(namesOfWith(ast));
    const tables = listOf(tableList)
      .map((entry) => tableIn(entry))
      .filter(({ schema, name }) => name !== 'null' && (schema !== undefined || !commonTables.has(name)))
      .map((use) => ({ ...use, schema: use.schema ?? options.schema }));
    return { tables, columns: columnsIn(listOf(columnList)), kinds, statements, because: undefined };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const what = parser === undefined ? 'node-sql-parser cannot be loaded' : 'the parser does not read it';
    return none(`${what}: ${message.slice(0, 80)}`);
  }
}

function none(because: string): SecondOpinion {
  return { tables: [], columns: [], kinds: [], statements: [], because };
}

function listOf(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((entry) => typeof entry === 'string') : [];
}

/** `select::db::t`; `null` where there is no schema, and where a statement has no table. */
function tableIn(entry: string): TableUse {
  const [access, given, ...name] = entry.split('::');
  return {
    schema: given === 'null' ? undefined : given,
    name: name.join('::'),
    access: access === 'select' ? 'read' : 'write',
    alias: undefined,
  };
}

/** `select::t::a`, `select::null::(.*)`. */
function columnsIn(list: readonly string[]): readonly string[] {
  const columns = list.map((entry) => {
    const [, table, ...rest] = entry.split('::');
    const name = rest.join('::');
    const column = name === '(.*)' ? '*' : name;
    return table === 'null' || table === undefined ? column : `${table}.${column}`;
  });
  return [...new Set(columns)];
}

/** The parser counts common table expressions among the tables. */
function namesOfWith(ast: unknown): readonly string[] {
  if (typeof ast !== 'object' || ast === null) return [];
  const own = listOfWith(memberOf(ast, 'with')).map((part) => memberOf(memberOf(part, 'name'), 'value'));
  const inner = Object.values(ast).flatMap(namesOfWith);
  return [...own.filter((name) => typeof name === 'string'), ...inner];
}

function listOfWith(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
