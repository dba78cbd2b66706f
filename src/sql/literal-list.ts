import { CharClass, CLASS } from './characters.js';
import { findUnescapedQuote, skipDigits } from './literals.js';

const SPACE = 32;
const QUOTE = 39;
const COMMA = 44;
const MINUS = 45;
const DOT = 46;
const QUESTION = 63;

/** Whether what follows a comma may be a literal: most lists are of names. */
export function mayBeLiteral(sql: string, from: number): boolean {
  const code = sql.charCodeAt(from);
  return !(code > QUESTION || (code === SPACE && sql.charCodeAt(from + 1) > QUESTION));
}

/** Goes over lists of plain literals, as the rows of a long INSERT are, in one text. */
export class LiteralLists {
  readonly #sql: string;
  readonly #escapes: boolean;
  /** The first backslash that is not behind the reader, the text's length without one: looked for once, not in each string. */
  #backslash = -1;

  constructor(sql: string, backslashEscapes: boolean) {
    this.#sql = sql;
    this.#escapes = backslashEscapes;
  }

  /**
   * The last comma that is reached from `from`, behind a comma, over nothing but plain literals, commas, parentheses and white
   * space; -1 without one. Whatever is more, even a number with an exponent, is left to the tokenizer.
   */
  findLastComma(from: number): number {
    const sql = this.#sql;
    let comma = -1;
    for (let at = from; ; at++) {
      at = this.#skipLiteral(skipTo(sql, at, CharClass.Open));
      if (at < 0) return comma;
      at = skipTo(sql, at, CharClass.Close);
      if (sql.charCodeAt(at) !== COMMA) return comma;
      comma = at;
    }
  }

  /** The end of a string, a number with or without sign, `?` or NULL; -1 for all else. What follows is for the caller to look at. */
  #skipLiteral(at: number): number {
    const sql = this.#sql;
    const code = sql.charCodeAt(at);
    if (code === QUOTE) return this.#skipString(at + 1);
    if (code >= 48 && code <= 57) return skipNumber(sql, at);
    if (code === QUESTION) return at + 1;
    if (code === MINUS) return CLASS[sql.charCodeAt(at + 1)] === CharClass.Digit ? skipNumber(sql, at + 1) : -1;
    return isNull(sql, at) ? at + 4 : -1;
  }

  /** A doubled quote is for the tokenizer. */
  #skipString(from: number): number {
    const sql = this.#sql;
    let close = sql.indexOf("'", from);
    if (this.#escapes) {
      if (this.#backslash < from) this.#backslash = firstBackslash(sql, from);
      if (this.#backslash < close) close = findUnescapedQuote(sql, from, QUOTE);
    }
    return close < 0 || sql.charCodeAt(close + 1) === QUOTE ? -1 : close + 1;
  }
}

function firstBackslash(sql: string, from: number): number {
  const at = sql.indexOf('\\', from);
  return at < 0 ? sql.length : at;
}

/** Behind white space and parentheses of one kind. */
function skipTo(sql: string, from: number, parenthesis: number): number {
  let at = from;
  for (; at < sql.length; at++) {
    const code = sql.charCodeAt(at);
    if (code > 127) break;
    const charClass = CLASS[code]!;
    if (charClass !== CharClass.Space && charClass !== parenthesis) break;
  }
  return at;
}

function skipNumber(sql: string, from: number): number {
  const end = skipDigits(sql, from);
  return sql.charCodeAt(end) === DOT ? skipDigits(sql, end + 1) : end;
}

function isNull(sql: string, at: number): boolean {
  return (
    (sql.charCodeAt(at) | 32) === 110 &&
    (sql.charCodeAt(at + 1) | 32) === 117 &&
    (sql.charCodeAt(at + 2) | 32) === 108 &&
    (sql.charCodeAt(at + 3) | 32) === 108
  );
}
