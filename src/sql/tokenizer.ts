import { CharClass, CLASS, FOLD } from './characters.js';
import { findCommentEnd, findHintEnd, readVersionComment } from './comments.js';
import type { Dialect, Reading } from './dialect.js';
import { LiteralLists, mayBeLiteral } from './literal-list.js';
import {
  findQuote,
  findUnescapedQuote,
  isHostLetter,
  isLetter,
  NO_BREAK_SPACE,
  skipDigits,
  skipExponent,
} from './literals.js';
import { Token } from './token.js';
import { factsOf, hashStep, lookUp, SEQUENCE_BIT } from './words.js';

const BYTE_ORDER_MARK = 0xfeff;

/**
 * Reads a text token by token as the server's lexer does (`lex_one_token` in `sql/sql_lex.cc`): `next()` sets `kind`, `start`, `end`
 * and `word`, and allocates nothing. A version comment that the reading's server runs is code, and its marks are white space.
 */
export class Tokenizer {
  kind: number = Token.End;
  start = 0;
  end = 0;
  /** Facts of an unquoted word (`words.ts`), 0 for every other token. */
  word = 0;
  /** A version comment was met that not every server reads alike. */
  versioned = false;
  /** The current token stands in the body of a version comment. */
  inVersionComment = false;
  readonly #sql: string;
  readonly #dialect: Dialect;
  readonly #reading: Reading;
  #lists: LiteralLists | undefined;

  constructor(sql: string, dialect: Dialect, reading: Reading = dialect.reading) {
    this.#sql = sql;
    this.#dialect = dialect;
    this.#reading = reading;
    if (sql.charCodeAt(0) === BYTE_ORDER_MARK) this.end = 1;
  }

  /** Goes to the next token and returns its kind. After `End` and `Bad` it stays there. */
  next(): number {
    if (this.kind === Token.Bad) return Token.Bad;
    const sql = this.#sql;
    const length = sql.length;
    let at = this.end;
    while (at < length) {
      const code = sql.charCodeAt(at);
      const charClass = code > 127 ? CharClass.Letter : CLASS[code]!;
      if (charClass === CharClass.Letter) return this.#readWord(at);
      if (charClass === CharClass.Space) at++;
      else {
        const skipped = this.#read(charClass, at);
        if (skipped < 0) return this.kind;
        at = skipped;
      }
    }
    this.#set(this.inVersionComment ? Token.Bad : Token.End, length, length);
    return this.kind;
  }

  /** From a comma on over the plain literals of a list, to the last comma behind one: it is the current token then. */
  skipLiterals(): void {
    if (!mayBeLiteral(this.#sql, this.end)) return;
    this.#lists ??= new LiteralLists(this.#sql, this.#dialect.backslashEscapes);
    const comma = this.#lists.findLastComma(this.end);
    if (comma >= 0) this.#set(Token.Comma, comma, comma + 1);
  }

  /** Reads what begins at `at`: -1 when it was a token, else where to go on. */
  #read(charClass: number, at: number): number {
    switch (charClass) {
      case CharClass.Digit:
        return this.#readNumber(at);
      case CharClass.Quote:
        return this.#readQuoted(at, at, Token.String);
      case CharClass.DoubleQuote:
        return this.#readQuoted(at, at, this.#dialect.ansiQuotes ? Token.Quoted : Token.String);
      case CharClass.Backtick:
        return this.#readQuoted(at, at, Token.Quoted);
      case CharClass.Comma:
        return this.#set(Token.Comma, at, at + 1);
      case CharClass.Dot:
        return this.#readDot(at);
      case CharClass.Open:
        return this.#set(Token.Open, at, at + 1);
      case CharClass.Close:
        return this.#set(Token.Close, at, at + 1);
      case CharClass.Other:
        return this.#set(Token.Other, at, at + 1);
      case CharClass.Equals:
        return this.#set(Token.Equals, at, at + 1);
      default:
        return this.#readRare(charClass, at);
    }
  }

  #readRare(charClass: number, at: number): number {
    switch (charClass) {
      case CharClass.Semicolon:
        return this.#set(Token.Semicolon, at, at + 1);
      case CharClass.Question:
        return this.#set(Token.Placeholder, at, at + (this.#sql.charCodeAt(at + 1) === 63 ? 2 : 1));
      case CharClass.Minus:
        return this.#readMinus(at);
      case CharClass.Hash:
        return this.#skipLine(at);
      case CharClass.Slash:
        return this.#sql.charCodeAt(at + 1) === 42 ? this.#readComment(at) : this.#set(Token.Other, at, at + 1);
      case CharClass.Star:
        return this.#readStar(at);
      case CharClass.At:
        return this.#readVariable(at);
      case CharClass.Colon:
        return this.#readColon(at);
      case CharClass.Backslash:
        // `\N` is NULL up to MySQL 5.7 and on MariaDB; elsewhere a backslash is an error.
        return this.#set(this.#sql.charCodeAt(at + 1) === 78 ? Token.Number : Token.Bad, at, at + 2);
      default:
        // A control character; or `$`, which may begin a dollar-quoted text (MySQL 9, `$$ … $$`).
        return this.#set(Token.Bad, at, at);
    }
  }

  #set(kind: number, start: number, end: number): -1 {
    this.kind = kind;
    this.start = start;
    this.end = end;
    this.word = 0;
    return -1;
  }

  #readWord(start: number): number {
    const sql = this.#sql;
    const length = sql.length;
    let hash = 0;
    let end = start;
    for (; end < length; end++) {
      const code = sql.charCodeAt(end);
      let letter = code;
      if (code < 128) {
        letter = FOLD[code]!;
        if (letter === 0) break;
      } else if (code === NO_BREAK_SPACE || !this.#dialect.unicodeLetters) {
        this.#set(Token.Bad, start, end);
        return Token.Bad;
      }
      hash = hashStep(hash, letter);
    }
    const followsDot = this.kind === Token.Dot && this.end === start;
    this.kind = Token.Word;
    this.start = start;
    this.end = end;
    const word = lookUp(sql, this, hash);
    // After a dot stands an identifier, whatever keyword it looks like (MY_LEX_IDENT_SEP).
    this.word = followsDot ? word & SEQUENCE_BIT : word;
    return Token.Word;
  }

  /** A word that begins with digits, or follows a dot with them. */
  #readWordToken(start: number): -1 {
    this.#readWord(start);
    return -1;
  }

  /** Words may begin with digits (`1a`), and a number may end where a word begins (`1.5FOR`, `1e5FOR`). */
  #readNumber(start: number): number {
    if (this.kind === Token.Dot && this.end === start) return this.#readWordToken(start);
    const sql = this.#sql;
    const radix = sql.charCodeAt(start) === 48 ? sql.charCodeAt(start + 1) : 0;
    if (radix === 120 || radix === 98) return this.#readWordToken(start);
    const end = skipDigits(sql, start);
    const code = sql.charCodeAt(end);
    if (code === 46) return this.#readFraction(start, end + 1);
    if ((code | 32) === 101) {
      const exponent = skipExponent(sql, end + 1);
      if (exponent >= 0) return this.#set(Token.Number, start, exponent);
    }
    if (code > 127 || isLetter(code)) return this.#readWordToken(start);
    return this.#set(Token.Number, start, end);
  }

  #readFraction(start: number, from: number): number {
    const end = skipDigits(this.#sql, from);
    const exponent = (this.#sql.charCodeAt(end) | 32) === 101 ? skipExponent(this.#sql, end + 1) : end;
    return exponent < 0 ? this.#set(Token.Bad, start, end) : this.#set(Token.Number, start, exponent);
  }

  #readDot(at: number): number {
    const isSeparator = (this.kind === Token.Word || this.kind === Token.Quoted) && this.end === at;
    const code = this.#sql.charCodeAt(at + 1);
    if (isSeparator || !(code >= 48 && code <= 57)) return this.#set(Token.Dot, at, at + 1);
    return this.#readFraction(at, at + 1);
  }

  /** A quoted text whose quote stands at `open`; the token begins at `start`. A doubled quote is one of the text's. */
  #readQuoted(start: number, open: number, kind: number): number {
    const sql = this.#sql;
    const quote = sql.charCodeAt(open);
    const escapes = this.#dialect.backslashEscapes && quote !== 96 && !(quote === 34 && this.#dialect.ansiQuotes);
    let at = open + 1;
    for (;;) {
      const close = escapes ? findUnescapedQuote(sql, at, quote) : findQuote(sql, at, quote);
      if (close < 0) return this.#set(Token.Bad, start, sql.length);
      if (sql.charCodeAt(close + 1) === quote) at = close + 2;
      else {
        const followsDot = this.kind === Token.Dot && kind === Token.Quoted;
        this.#set(kind, start, close + 1);
        // MariaDB with sql_mode ORACLE moves a sequence by `s."nextval"` too.
        if (followsDot) this.word = factsOf(sql, open + 1, close) & SEQUENCE_BIT;
        return -1;
      }
    }
  }

  /** `--` begins a comment only before white space, a control character or the end: `5--1` is `5 - (-1)`. */
  #readMinus(at: number): number {
    const after = this.#sql.charCodeAt(at + 2);
    if (this.#sql.charCodeAt(at + 1) === 45 && !(after > 32 && after !== 127)) return this.#skipLine(at);
    return this.#set(Token.Other, at, at + 1);
  }

  /** The server ends a line comment at a NUL too, and what it makes of the rest is its own affair. */
  #skipLine(start: number): number {
    const sql = this.#sql;
    for (let at = start; at < sql.length; at++) {
      const code = sql.charCodeAt(at);
      if (code === 0) return this.#set(Token.Bad, at, at);
      if (code === 10) return at + 1;
    }
    return sql.length;
  }

  #readStar(at: number): number {
    if (!this.inVersionComment || this.#sql.charCodeAt(at + 1) !== 47) return this.#set(Token.Other, at, at + 1);
    this.inVersionComment = false;
    return at + 2;
  }

  #readComment(at: number): number {
    const sql = this.#sql;
    const comment = readVersionComment(sql, at, this.#reading);
    if (comment === undefined) {
      const end = sql.charCodeAt(at + 2) === 43 ? findHintEnd(sql, at) : findCommentEnd(sql, at, 0);
      return end < 0 ? this.#set(Token.Bad, at, sql.length) : end;
    }
    if (comment.depends) this.versioned = true;
    if (comment.runs) {
      // Not a depth: the server knows one level, and the first `*/` ends it.
      this.inVersionComment = true;
      return comment.body;
    }
    const end = findCommentEnd(sql, at, comment.levels);
    return end < 0 ? this.#set(Token.Bad, at, sql.length) : end;
  }

  /** The name of a user variable ends where no letter, digit, `.`, `_` or `$` stands, and may be empty: `@ FOR UPDATE` locks. */
  #readVariable(at: number): number {
    const sql = this.#sql;
    const code = sql.charCodeAt(at + 1);
    if (code === 39 || code === 34 || code === 96) return this.#readQuoted(at, at + 1, Token.UserVariable);
    if (code === 64) return this.#readSystemVariable(at);
    let end = at + 1;
    while (end < sql.length && isHostLetter(sql.charCodeAt(end))) end++;
    return this.#set(Token.UserVariable, at, end);
  }

  #readSystemVariable(start: number): number {
    const sql = this.#sql;
    let end = start + 2;
    for (;;) {
      const begin = end;
      if (sql.charCodeAt(end) === 96) {
        this.#readQuoted(start, end, Token.SystemVariable);
        if (this.kind === Token.Bad) return -1;
        end = this.end;
      } else while (end < sql.length && isLetter(sql.charCodeAt(end))) end++;
      if (end === begin) return this.#set(Token.Bad, start, end);
      const follows = sql.charCodeAt(end + 1);
      if (sql.charCodeAt(end) !== 46 || !(follows === 96 || isLetter(follows))) break;
      end++;
    }
    return this.#set(Token.SystemVariable, start, end);
  }

  #readColon(at: number): number {
    const sql = this.#sql;
    if (sql.charCodeAt(at + 1) === 61) return this.#set(Token.Assign, at, at + 2);
    let end = at + 1;
    while (end < sql.length && isLetter(sql.charCodeAt(end))) end++;
    return this.#set(end > at + 1 ? Token.Placeholder : Token.Other, at, end);
  }
}
