import type { Cursor } from './cursor.js';
import { Rank } from './findings.js';
import { FunctionCalls } from './function-calls.js';
import { isMetadata } from './information-schema.js';
import { W } from './keywords.js';
import { nameOf, systemVariable, userVariable } from './names.js';
import { NO_TOKEN, type ScanOptions } from './scan-options.js';
import { IS_PLAIN, Token } from './token.js';
import { readVariable } from './variables.js';
import { factsOf, KEYWORD_MASK, SCHEMA_BIT, SEQUENCE_BIT, WATCHED_BIT } from './words.js';

/** The words at which the scan stops to look. */
const STOPS = WATCHED_BIT | SEQUENCE_BIT;

/** What the next token decides. */
const Pending = { Nothing: 0, Call: 1, Metadata: 2, Into: 3, IntoMore: 4, Verb: 5, Variable: 6 } as const;

/**
 * Scans an expression or the rest of a statement, at any depth, for what makes it more than a plain read: locks, INTO, `:=`,
 * variables, functions, the schemas of the server itself.
 */
export class Scan {
  readonly #cursor: Cursor;
  readonly #calls: FunctionCalls;
  #reads = true;
  #collects = true;
  #assigns = false;
  #expectsTable = false;
  #pending: number = Pending.Nothing;
  #stops = false;
  #depth = 0;
  /** The next token counts whatever it is: something is pending, or the scan may stop at it. */
  #looksAtAll = false;
  // The token before the current one, and the one before that.
  #kind1 = 0;
  #word1 = 0;
  #start1 = 0;
  #end1 = 0;
  #kind2 = 0;
  #word2 = 0;
  // The name before the last dot.
  #qualifierStart = 0;
  #qualifierEnd = 0;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
    this.#calls = new FunctionCalls(cursor);
  }

  /** From the current token to the statement's end, or where the options say. */
  run(options: ScanOptions): void {
    this.#begin(options);
    const tokens = this.#cursor.tokens;
    let { kind: kind1, word: word1, start: start1, end: end1 } = options.after ?? NO_TOKEN;
    let kind2: number = Token.End;
    let word2 = 0;
    for (let kind = tokens.kind; kind > Token.Semicolon; kind = tokens.next()) {
      const word = tokens.word;
      if ((word & STOPS) !== 0 || IS_PLAIN[kind] === 0 || this.#looksAtAll) {
        // Kept only where it is asked for: most tokens mean nothing by themselves.
        this.#kind1 = kind1;
        this.#word1 = word1;
        this.#start1 = start1;
        this.#end1 = end1;
        this.#kind2 = kind2;
        this.#word2 = word2;
        if (!this.#step(kind)) return;
      } else if (kind === Token.Comma) tokens.skipLiterals();
      kind2 = kind1;
      word2 = word1;
      kind1 = kind;
      word1 = word;
      start1 = tokens.start;
      end1 = tokens.end;
    }
    if (this.#pending === Pending.Nothing) return;
    this.#start1 = start1;
    this.#end1 = end1;
    this.#resolve(Token.End);
  }

  /** Looks at the current token. False when the scan stops before it. */
  #step(kind: number): boolean {
    if (kind === Token.Open) this.#depth++;
    else if (kind === Token.Close) this.#depth--;
    else if (this.#stops && this.#depth === 0 && this.#isStop(kind)) {
      if (this.#pending !== Pending.Nothing) this.#resolve(Token.End);
      return false;
    }
    if (this.#pending === Pending.Nothing || !this.#resolve(kind)) this.#look(kind);
    this.#looksAtAll = this.#stops || this.#pending !== Pending.Nothing;
    return true;
  }

  #begin(options: ScanOptions): void {
    this.#reads = options.reads;
    this.#collects = options.definition !== true;
    this.#assigns = options.assigns === true;
    this.#expectsTable = options.table === true;
    this.#pending = Pending.Nothing;
    this.#depth = 0;
    this.#stops = options.stopsAtComma === true;
    this.#looksAtAll = this.#stops;
  }

  #isStop(kind: number): boolean {
    return kind === Token.Comma || this.#cursor.keyword === W.FOR;
  }

  #look(kind: number): void {
    switch (kind) {
      case Token.Word:
      case Token.Quoted:
        if ((this.#cursor.tokens.word & STOPS) !== 0) this.#watch();
        return;
      case Token.Open:
        if (this.#collects) this.#open();
        return;
      case Token.Dot:
        if (this.#collects) this.#dot();
        return;
      case Token.Equals:
        this.#expectsTable = false;
        return;
      case Token.UserVariable:
        if (this.#collects) this.#pending = Pending.Variable;
        return;
      case Token.SystemVariable:
        if (this.#collects) this.#readSystemVariable();
        return;
      case Token.Assign:
        this.#assign();
        return;
    }
  }

  #watch(): void {
    const { found, tokens } = this.#cursor;
    const before = this.#word1 & KEYWORD_MASK;
    switch (tokens.word & KEYWORD_MASK) {
      case W.SELECT:
        this.#collects = true;
        this.#expectsTable = false;
        return;
      case W.UPDATE:
        if (before === W.FOR) found.raise(Rank.LockingRead, 'FOR UPDATE');
        else if (this.#reads) this.#writes('update');
        return;
      case W.SHARE:
        if (before === W.FOR) found.raise(Rank.LockingRead, 'FOR SHARE');
        return;
      case W.LOCK:
        return found.raise(Rank.LockingRead, 'LOCK IN SHARE MODE');
      case W.DELETE:
        if (this.#reads) this.#writes('delete');
        return;
      case W.INSERT:
      case W.REPLACE:
        if (this.#reads) this.#pending = Pending.Verb;
        return;
      case W.INTO:
        if (this.#reads) this.#pending = Pending.Into;
        return;
      case W.SQL_CALC_FOUND_ROWS:
        // FOUND_ROWS() must follow on the same connection: both halves of the pair say so.
        found.addDependency('found-rows');
        return found.raise(Rank.Session, 'SQL_CALC_FOUND_ROWS: its FOUND_ROWS() belongs to the same connection');
      default:
        this.#watchRare(before);
    }
  }

  /** MariaDB's sequences, and the `SQL%ROWCOUNT` of its ORACLE mode. */
  #watchRare(before: number): void {
    const { found, dialect, keyword } = this.#cursor;
    if (keyword === W.ROWCOUNT) {
      if ((this.#word2 & KEYWORD_MASK) !== W.SQL || dialect.flavor === 'mysql') return;
      found.addDependency('row-count');
      found.raise(Rank.Session, 'SQL%ROWCOUNT belongs to the previous statement');
    } else if (keyword === W.VALUE ? before === W.NEXT || before === W.PREVIOUS : this.#movesByColumn())
      found.raise(Rank.Write, 'a sequence is moved or asked');
  }

  #movesByColumn(): boolean {
    return this.#kind1 === Token.Dot && this.#cursor.dialect.flavor !== 'mysql';
  }

  #writes(kind: string): void {
    this.#cursor.found.rename(kind);
    this.#cursor.found.raise(Rank.Write, kind.toUpperCase());
  }

  #open(): void {
    const isName = this.#kind1 === Token.Word || this.#kind1 === Token.Quoted || this.#kind1 === Token.Placeholder;
    if (!isName || (this.#expectsTable && this.#takesTable())) return;
    const before = this.#word2 & KEYWORD_MASK;
    // `AS x(a, b)`, `) x(a, b)`, `WITH x(a, b)`: column lists. A name after `)` or AS is an alias or a type.
    const isNamed = this.#kind2 === Token.Close || before === W.AS || before === W.WITH || before === W.RECURSIVE;
    const waits = this.#calls.open({
      kind: this.#kind1,
      word: this.#word1,
      start: this.#start1,
      end: this.#end1,
      qualifier: this.#kind2 === Token.Dot ? this.#qualifierName() : undefined,
      isColumnList: isNamed,
    });
    if (waits) this.#pending = Pending.Call;
  }

  #qualifierName(): string {
    return nameOf(this.#cursor.sql, this.#qualifierStart, this.#qualifierEnd);
  }

  #takesTable(): boolean {
    this.#expectsTable = false;
    return !this.#calls.isGrammar(this.#word1);
  }

  #dot(): void {
    this.#qualifierStart = this.#start1;
    this.#qualifierEnd = this.#end1;
    const { sql } = this.#cursor;
    const isQuoted = this.#kind1 === Token.Quoted;
    const start = isQuoted ? this.#start1 + 1 : this.#start1;
    const length = (isQuoted ? this.#end1 - 1 : this.#end1) - start;
    if (length !== 3 && length !== 5 && length !== 18) return;
    const facts = isQuoted ? factsOf(sql, start, start + length) : this.#word1;
    if ((facts & SCHEMA_BIT) === 0) return;
    if ((sql.charCodeAt(start) | 32) === 105) this.#pending = Pending.Metadata;
    else this.#cursor.found.raise(Rank.ServerRead, `${sql.slice(start, start + length)}: tables of one server`);
  }

  #readSystemVariable(): void {
    const { found, text } = this.#cursor;
    const { scope, name } = systemVariable(text);
    const reading = readVariable(scope, name);
    if (reading.access === 'read') return;
    if (reading.access === 'admin') return found.raise(Rank.ServerRead, `${text} tells of one server`);
    found.addDependency(reading.dependsOn);
    found.raise(Rank.Session, `${text} belongs to the session`);
  }

  #assign(): void {
    const { found } = this.#cursor;
    // The variable itself was seen, and waits: see `#resolve`. Anything else before `:=` is not ours to know.
    if (this.#kind1 !== Token.UserVariable) found.raise(Rank.Unknown, ':=');
  }

  /** The current token decides what the one before it was. True when there is nothing more to see in it. */
  #resolve(kind: number): boolean {
    const pending = this.#pending;
    if (pending === Pending.Call) {
      if (!this.#calls.waitsOn(kind)) this.#pending = Pending.Nothing;
      return false;
    }
    this.#pending = Pending.Nothing;
    if (pending === Pending.Variable) this.#resolveVariable(kind);
    else if (pending === Pending.Metadata) this.#resolveMetadata(kind);
    else if (pending === Pending.Verb && kind !== Token.Open) this.#writes(this.#previousName().toLowerCase());
    else if (pending === Pending.Into || pending === Pending.IntoMore) return this.#resolveInto(pending, kind);
    return false;
  }

  #previousName(): string {
    return this.#cursor.sql.slice(this.#start1, this.#end1);
  }

  #resolveVariable(kind: number): void {
    const { found } = this.#cursor;
    const name = userVariable(this.#previousName());
    if (kind === Token.Assign || this.#assigns) found.addEffect({ type: 'set-user-variable', name, value: undefined });
    if (kind !== Token.Assign) found.addDependency('user-variable');
    found.raise(Rank.Session, kind === Token.Assign ? `@${name} :=` : `@${name} belongs to the session`);
  }

  #resolveMetadata(kind: number): void {
    const { found, sql, tokens } = this.#cursor;
    const isName = kind === Token.Word || kind === Token.Quoted;
    const table = isName ? nameOf(sql, tokens.start, tokens.end).toLowerCase() : '?';
    if (!isMetadata(table)) found.raise(Rank.ServerRead, `information_schema.${table} tells of one server`);
  }

  /** `INTO @a, @b`, `INTO OUTFILE`. A bare name is a local variable, which no statement of a client can have. */
  #resolveInto(pending: number, kind: number): boolean {
    const { found, text, keyword } = this.#cursor;
    if (kind === Token.UserVariable) {
      found.addEffect({ type: 'set-user-variable', name: userVariable(text), value: undefined });
      found.raise(Rank.Session, `INTO ${text}`);
      this.#pending = Pending.IntoMore;
      return true;
    }
    if (pending === Pending.IntoMore) {
      if (kind === Token.Comma) this.#pending = Pending.IntoMore;
      return false;
    }
    if (keyword === W.OUTFILE || keyword === W.DUMPFILE) found.raise(Rank.Write, `INTO ${text.toUpperCase()}`);
    else found.raise(Rank.Unknown, 'INTO');
    return false;
  }
}
