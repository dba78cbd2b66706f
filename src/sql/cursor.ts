import type { Dialect } from './dialect.js';
import { Findings, Rank } from './findings.js';
import { nameOf } from './names.js';
import { Token } from './token.js';
import type { Tokenizer } from './tokenizer.js';
import { KEYWORD_MASK } from './words.js';

/** The tokens of one text, read statement by statement, and what was found so far. */
export class Cursor {
  readonly sql: string;
  readonly dialect: Dialect;
  readonly tokens: Tokenizer;
  readonly found: Findings;

  constructor(sql: string, dialect: Dialect, tokens: Tokenizer) {
    this.sql = sql;
    this.dialect = dialect;
    this.tokens = tokens;
    this.found = new Findings(tokens);
  }

  next(): number {
    return this.tokens.next();
  }

  /** Whether the statement has no more tokens. */
  get isAtEnd(): boolean {
    return this.tokens.kind <= Token.Semicolon;
  }

  /** The current word's number in `W`, 0 for all other tokens. */
  get keyword(): number {
    return this.tokens.kind === Token.Word ? this.tokens.word & KEYWORD_MASK : 0;
  }

  /** Whether the current word is this one. */
  isAt(keyword: number): boolean {
    return this.keyword === keyword;
  }

  /** Goes on if the current word is this one. */
  accept(keyword: number): boolean {
    if (this.keyword !== keyword) return false;
    this.tokens.next();
    return true;
  }

  /** Goes on if the current token is of this kind. */
  acceptKind(kind: number): boolean {
    if (this.tokens.kind !== kind) return false;
    this.tokens.next();
    return true;
  }

  /** The current token as written. */
  get text(): string {
    return this.sql.slice(this.tokens.start, this.tokens.end);
  }

  /** The name that the current token spells, undefined if it is none. Goes on. */
  takeName(): string | undefined {
    const { kind, start, end } = this.tokens;
    const isName = kind === Token.Word || kind === Token.Quoted || kind === Token.String;
    if (!isName) return undefined;
    this.tokens.next();
    return nameOf(this.sql, start, end);
  }

  /** `a` or `a.b`, quotes taken off. Goes on behind it. */
  takeQualifiedName(): string | undefined {
    const first = this.takeName();
    if (first === undefined || !this.acceptKind(Token.Dot)) return first;
    const second = this.takeName();
    return second === undefined ? undefined : `${first}.${second}`;
  }

  /** Goes to the statement's end, whatever stands before it. */
  skip(): void {
    while (!this.isAtEnd) this.tokens.next();
  }

  /** The statement must end here: what follows makes it unknown. */
  expectEnd(): void {
    if (this.isAtEnd) return;
    this.found.raise(Rank.Unknown, `${this.text.slice(0, 40)} was not expected here`);
    this.skip();
  }
}
