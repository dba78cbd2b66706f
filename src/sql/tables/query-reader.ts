import type { Cursor } from '../cursor.js';
import { W } from '../keywords.js';
import { Token } from '../token.js';
import { factsOf, KEYWORD_MASK, SEQUENCE_BIT } from '../words.js';
import type { FoundTables, Mention, TableName } from './found-tables.js';
import { beginsQuery, CLAUSE_ROLE, ClauseRole, followsTable, REFERENCE_ROLE, ReferenceRole } from './roles.js';
import { isSequenceFunction } from './sequences.js';
import { finishTable, isAtName, skipIndexHint, takeAlias, takeTable, whyNoName } from './table-name.js';

/** Deeper parentheses are not followed: each takes a few frames of the stack, and nobody knows how much of it is left. */
const DEEPEST = 400;

/** What follows a table reference. */
const Next = { More: 0, Table: 1, Clause: 2 } as const;

/**
 * Reads expressions, queries and table references at any depth for the tables they name. It knows where tables may stand, and
 * nothing else of the grammar: what is no table is gone over, and what looks like one where none should be is a doubt.
 */
export class QueryReader {
  readonly cursor: Cursor;
  readonly found: FoundTables;
  /** Where the tables of this statement's own references are put, those in subqueries not among them. */
  targets: Mention[] | undefined;
  #depth = 0;
  #subqueries = 0;

  constructor(cursor: Cursor, found: FoundTables) {
    this.cursor = cursor;
    this.found = found;
  }

  /** From the current token up to the parenthesis that closes the one before, or the statement's end. */
  run(): void {
    const { tokens } = this.cursor;
    let wantsFrom = false;
    let before = 0;
    for (let kind = tokens.kind; kind > Token.Semicolon && kind !== Token.Close; kind = tokens.kind) {
      const { word } = tokens;
      const keyword = word & KEYWORD_MASK;
      switch (CLAUSE_ROLE[keyword]) {
        case ClauseRole.Select:
          wantsFrom = true;
          break;
        case ClauseRole.From:
          // Elsewhere it belongs to a function, `TRIM(a FROM b)`, or to an operator, `a IS DISTINCT FROM b`.
          if (!wantsFrom || before === W.DISTINCT) break;
          tokens.next();
          wantsFrom = this.#from();
          continue;
        case ClauseRole.Table:
          tokens.next();
          this.#factor();
          continue;
        case ClauseRole.With:
          this.commonTables();
          continue;
        case ClauseRole.Join:
          if (!wantsFrom) this.found.doubt('a JOIN that belongs to no FROM');
          break;
        case ClauseRole.Value:
          if (before === W.NEXT || before === W.PREVIOUS) this.found.doubt('a sequence is moved or asked');
          break;
        case ClauseRole.Duplicate:
          if (before === W.ON) this.found.forgetCommonTables(0);
          break;
      }
      before = keyword;
      this.#pass(kind, word);
    }
  }

  /** Goes over one token, or over parentheses with what is in them. */
  #pass(kind: number, word: number): void {
    const { tokens, sql, dialect } = this.cursor;
    if (kind === Token.Open) return this.parenthesis();
    const { start, end } = tokens;
    if (word === SEQUENCE_BIT && dialect.flavor !== 'mysql') this.found.doubt('a sequence is moved or asked');
    if (tokens.next() !== Token.Open) return;
    const facts = kind === Token.Quoted ? factsOf(sql, start + 1, end - 1) : word;
    if (isSequenceFunction(facts)) this.found.doubt('a sequence is moved or asked');
  }

  /** From an opening parenthesis to behind the one that closes it. `joins`: table references may stand in it. */
  parenthesis(joins = false): void {
    const { cursor, found } = this;
    if (this.#depth === DEEPEST) {
      found.doubt('parentheses too deep to follow');
      return cursor.skip();
    }
    const known = found.commonTables;
    this.#depth++;
    cursor.next();
    const isJoin = joins && !beginsQuery(cursor.keyword);
    if (isJoin) this.references();
    else this.#subqueries++;
    this.run();
    if (!isJoin) this.#subqueries--;
    this.#depth--;
    found.forgetCommonTables(known);
    if (!cursor.acceptKind(Token.Close)) found.doubt('a parenthesis is not closed');
  }

  /**
   * `WITH [RECURSIVE] name [(columns)] AS (query), …`. Each name is known to what follows it, and to its own query with RECURSIVE
   * only. Any other WITH (ROLLUP, QUERY EXPANSION, PARSER) is gone over.
   *
   * Where names of an outer WITH are known, MySQL (seen on 9.7) may look up the tables of an outer query among the inner names:
   * `WITH x AS (SELECT a FROM t) SELECT a FROM u UNION (SELECT (WITH t AS (SELECT 1 AS a) SELECT a FROM x LIMIT 1) AS a)` does
   * not read the table t. In the same way a table may be read that is an expression's name by the rules. That is a doubt.
   */
  commonTables(): void {
    const { cursor, found } = this;
    cursor.next();
    const recursive = cursor.accept(W.RECURSIVE);
    const isInner = found.commonTables > 0;
    for (let count = 0; count === 0 || cursor.acceptKind(Token.Comma); count++) {
      const name = isAtName(cursor) && !beginsQuery(cursor.keyword) ? cursor.takeName() : undefined;
      if (name !== undefined && cursor.tokens.kind === Token.Open) this.parenthesis();
      if (name === undefined || !cursor.accept(W.AS)) {
        if (count > 0 || recursive) found.doubt('a WITH that cannot be read');
        return;
      }
      if (isInner) found.doubt('a WITH where the names of another are known');
      if (recursive) found.addCommonTable(name);
      if (cursor.tokens.kind === Token.Open) this.parenthesis();
      else found.doubt('a WITH that cannot be read');
      if (!recursive) found.addCommonTable(name);
    }
  }

  /** Behind a FROM. True when it was none: `NTH_VALUE(a, 2) FROM FIRST OVER w`. */
  #from(): boolean {
    const { cursor } = this;
    if (cursor.keyword !== W.FIRST) {
      this.references();
      return false;
    }
    const first = cursor.text;
    cursor.next();
    if (cursor.isAt(W.OVER)) return true;
    if (this.#named(first) !== Next.Clause) this.references(false);
    return false;
  }

  /** Table references, up to the clause behind them. */
  references(expects = true): void {
    const { cursor, found } = this;
    const { tokens } = cursor;
    let next: number = expects ? Next.Table : Next.More;
    while (next !== Next.Clause && tokens.kind > Token.Semicolon && tokens.kind !== Token.Close) {
      if (next === Next.Table) next = this.#factor();
      else if (tokens.kind === Token.Open) this.parenthesis();
      else if (tokens.kind === Token.Comma) {
        tokens.next();
        next = Next.Table;
      } else next = this.#afterFactor(REFERENCE_ROLE[cursor.keyword]!);
    }
    if (next === Next.Table) found.doubt(whyNoName(cursor));
  }

  /** A token behind a table: of a join and its condition, mostly. */
  #afterFactor(role: number): number {
    const { cursor, found } = this;
    switch (role) {
      case ReferenceRole.Ends:
        return Next.Clause;
      case ReferenceRole.Join:
        cursor.next();
        return Next.Table;
      case ReferenceRole.Hint:
        skipIndexHint(cursor);
        return Next.More;
      case ReferenceRole.Window:
        return this.#window();
      case ReferenceRole.On:
        return this.#on();
      case ReferenceRole.Values:
        // `EXCEPT VALUES ROW(1), ROW(2)`; or the function, which any condition may call.
        return cursor.next() === Token.Open ? Next.More : Next.Clause;
      case ReferenceRole.From:
        found.doubt('a second FROM');
        cursor.next();
        return Next.Table;
      default:
        this.#pass(cursor.tokens.kind, cursor.tokens.word);
        return Next.More;
    }
  }

  /** A condition; or `INSERT … SELECT … ON DUPLICATE KEY UPDATE a = 1, b = 2`, where the query's WITH has ended. */
  #on(): number {
    const { cursor, found } = this;
    cursor.next();
    // A column may be called so too.
    if (!cursor.accept(W.DUPLICATE) || !cursor.isAt(W.KEY)) return Next.More;
    found.forgetCommonTables(0);
    return Next.Clause;
  }

  /** `WINDOW w AS (…)` ends the references. Where it is not reserved, the word may be an alias. */
  #window(): number {
    const { cursor } = this;
    cursor.next();
    if (!isAtName(cursor) || followsTable(cursor.keyword)) return Next.More;
    cursor.next();
    return cursor.accept(W.AS) && cursor.tokens.kind === Token.Open ? Next.Clause : Next.More;
  }

  /** What stands where a table is expected. */
  #factor(): number {
    const { cursor, found } = this;
    const { tokens } = cursor;
    switch (tokens.kind) {
      case Token.Open:
        this.parenthesis(true);
        return Next.More;
      case Token.Word:
        return this.#word();
      case Token.Quoted:
        return this.#named(cursor.takeName()!);
      case Token.Dot:
        tokens.next();
        return Next.Table;
      default:
        // ODBC's `{ oj … }`.
        if (cursor.text === '{' && tokens.next() === Token.Word && tokens.next() > Token.Semicolon) return Next.Table;
        found.doubt(whyNoName(cursor));
        if (tokens.kind > Token.Semicolon && tokens.kind !== Token.Close) tokens.next();
        return Next.More;
    }
  }

  #word(): number {
    const { cursor, found } = this;
    const { keyword, text } = cursor;
    const role = REFERENCE_ROLE[keyword];
    if (role === ReferenceRole.Ends || role === ReferenceRole.Join || role === ReferenceRole.From) {
      found.doubt(`${text} where a table was expected`);
      return Next.More;
    }
    const kind = cursor.next();
    if (keyword === W.DUAL) return Next.More;
    // Not reserved on MariaDB, where a table may have the name.
    if (keyword === W.LATERAL && (kind === Token.Open || cursor.keyword === W.JSON_TABLE)) return Next.Table;
    if (kind === Token.Open && keyword !== W.JSON_TABLE) found.doubt(`${text}() where a table was expected`);
    return kind === Token.Open ? Next.More : this.#named(text);
  }

  /** A table whose name's first part was taken, with what may follow it. */
  #named(first: string): number {
    const table = finishTable(this.cursor, this.found, first);
    return table === undefined ? Next.More : this.restOf(table, 'read');
  }

  /** `PARTITION (…)`, a time, an alias; then the table is known. Returns what follows. */
  restOf(table: TableName, access: 'read' | 'write'): number {
    const { cursor, found } = this;
    if (cursor.accept(W.PARTITION) && cursor.tokens.kind === Token.Open) this.parenthesis();
    const isFor = cursor.accept(W.FOR);
    const isTime = isFor && (cursor.keyword === W.SYSTEM_TIME || cursor.keyword === W.PORTION);
    if (isTime) this.#time();
    const alias = isFor && !isTime ? undefined : takeAlias(cursor, followsTable);
    if (access === 'write' || !found.isCommonTable(table)) {
      const mention = found.add(table, access, alias);
      if (this.#subqueries === 0) this.targets?.push(mention);
    }
    // `FOR UPDATE OF t, u`: names that stand above already.
    return isFor && !isTime ? Next.Clause : Next.More;
  }

  /** MariaDB's `FOR SYSTEM_TIME AS OF x`, `BETWEEN x AND y`, `FROM x TO y`, `FOR PORTION OF p FROM x TO y`, up to an alias. */
  #time(): void {
    const { cursor } = this;
    cursor.next();
    if (cursor.accept(W.AS)) cursor.accept(W.OF);
    while (!cursor.isAtEnd && cursor.tokens.kind !== Token.Close && cursor.tokens.kind !== Token.Comma) {
      const role = REFERENCE_ROLE[cursor.keyword];
      if ((role !== ReferenceRole.None && role !== ReferenceRole.From) || cursor.keyword === W.AS) return;
      this.#pass(cursor.tokens.kind, cursor.tokens.word);
    }
  }

  /** The name of a table that no clause surrounds; undefined, with a doubt, when there is none. */
  name(): TableName | undefined {
    return takeTable(this.cursor, this.found);
  }

  /** A table that no clause surrounds: its name and nothing else. */
  table(access: 'read' | 'write'): void {
    const table = this.name();
    if (table !== undefined) this.found.add(table, access);
  }
}
