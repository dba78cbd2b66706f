import type { Classification, LexicalOptions } from './classification.js';
import { classify, decidedAt } from './classify.js';
import { dialectOf } from './dialect.js';
import { explainTables } from './explain-tables.js';
import type { TableUse } from './tables/table-use.js';
import type { TableOptions } from './tables/tables-of.js';
import { Token } from './token.js';
import { Tokenizer } from './tokenizer.js';

/** One statement of a text, and what it was found to do. */
export interface StatementExplanation {
  readonly sql: string;
  readonly classification: Classification;
  /** The token that decided, as written, and its place in `sql`; undefined for a plain read, which nothing spoke against. */
  readonly token: { readonly text: string; readonly at: number } | undefined;
  /** The tables that it names. */
  readonly tables: readonly TableUse[];
  /** The columns that it names, as node-sql-parser reads them: `'table.column'`, or the bare name; empty where it cannot. */
  readonly columns: readonly string[];
  /** Whether `tables` are all that the text can reach; else `tablesBecause` says what may be missing. */
  readonly tablesComplete: boolean;
  readonly tablesBecause: string | undefined;
}

interface Reason {
  readonly because: string;
  readonly options: LexicalOptions;
}

const LOOK_BACK = 4;
/** What a reason may name. */
const NAMING: readonly number[] = [
  ...[Token.Bad, Token.Word, Token.Quoted, Token.UserVariable, Token.SystemVariable, Token.Assign],
];

/**
 * Explains a text statement by statement, at the cost of a whole parser: for people, not for each query. Never throws.
 */
export function explainStatements(sql: string, options: TableOptions = {}): readonly StatementExplanation[] {
  return split(sql, options).map((statement) => explainOne(statement, options));
}

function explainOne(sql: string, options: TableOptions): StatementExplanation {
  const classification = classify(sql, options);
  const at = decidedAt(sql, options);
  const { tables, columns, complete, because } = explainTables(sql, options);
  return Object.freeze({
    sql,
    classification,
    token: at === undefined ? undefined : deciding(sql, at, { because: classification.because, options }),
    tables,
    columns,
    tablesComplete: complete,
    tablesBecause: because,
  });
}

function split(sql: string, options: LexicalOptions): readonly string[] {
  const tokens = new Tokenizer(sql, dialectOf(options));
  const statements: string[] = [];
  let from = 0;
  let filled = false;
  for (;;) {
    const kind = tokens.next();
    const ends = kind <= Token.Bad || (kind === Token.Semicolon && !tokens.inVersionComment);
    filled ||= kind === Token.Bad || !ends;
    if (!ends) continue;
    // What cannot be read further goes to the end.
    const end = kind === Token.Semicolon ? tokens.start : sql.length;
    if (filled) statements.push(sql.slice(from, end).trim());
    if (kind <= Token.Bad) return statements;
    from = tokens.end;
    filled = false;
  }
}

// The reader may have gone on a little when it knew: of the last tokens, the one that the reason names.
function deciding(sql: string, at: number, { because, options }: Reason): StatementExplanation['token'] {
  const tokens = new Tokenizer(sql, dialectOf(options));
  const last: { readonly text: string; readonly at: number }[] = [];
  do {
    tokens.next();
    if (NAMING.includes(tokens.kind) && tokens.end > tokens.start)
      last.unshift({ text: sql.slice(tokens.start, tokens.end), at: tokens.start });
    last.length = Math.min(last.length, LOOK_BACK);
  } while (tokens.kind > Token.Bad && tokens.start < at);
  const reason = because.toUpperCase();
  return Object.freeze(last.find(({ text }) => reason.includes(text.toUpperCase())) ?? last[0]);
}
