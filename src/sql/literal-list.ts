import { CharClass, CLASS } from './characters.js';
import { findQuote, findUnescapedQuote, skipDigits } from './literals.js';

const SPACE = 32;
const QUOTE = 39;
const COMMA = 44;
const MINUS = 45;
const DOT = 46;
const QUESTION = 63;

/**
 * The last comma that is reached from `from`, behind a comma, over nothing but plain literals, commas, parentheses and white space,
 * as in the rows of a long INSERT; -1 without one. Whatever is more, even a number with an exponent, is left to the tokenizer.
 */
export function findLastComma(sql: string, from: number, backslashEscapes: boolean): number {
  let comma = -1;
  const code = sql.charCodeAt(from);
  // Most lists are of names.
  if (code > QUESTION || (code === SPACE && sql.charCodeAt(from + 1) > QUESTION)) return comma;
  for (let at = from; ; at++) {
    at = skipLiteral(sql, skipTo(sql, at, CharClass.Open), backslashEscapes);
    if (at < 0) return comma;
    at = skipTo(sql, at, CharClass.Close);
    if (sql.charCodeAt(at) !== COMMA) return comma;
    comma = at;
  }
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

/** The end of a string, a number with or without sign, `?` or NULL; -1 for all else. What follows is for the caller to look at. */
function skipLiteral(sql: string, at: number, backslashEscapes: boolean): number {
  const code = sql.charCodeAt(at);
  if (code === QUOTE) return skipString(sql, at + 1, backslashEscapes);
  if (code >= 48 && code <= 57) return skipNumber(sql, at);
  if (code === QUESTION) return at + 1;
  if (code === MINUS) return CLASS[sql.charCodeAt(at + 1)] === CharClass.Digit ? skipNumber(sql, at + 1) : -1;
  return isNull(sql, at) ? at + 4 : -1;
}

/** A doubled quote is for the tokenizer. */
function skipString(sql: string, from: number, backslashEscapes: boolean): number {
  const close = backslashEscapes ? findUnescapedQuote(sql, from, QUOTE) : findQuote(sql, from, QUOTE);
  return close < 0 || sql.charCodeAt(close + 1) === QUOTE ? -1 : close + 1;
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
