import { FOLD } from './characters.js';

/** Below this length a loop is quicker than `indexOf`. */
const SHORT = 16;

export const NO_BREAK_SPACE = 0xa0;

/** Where the quote is, -1 without one, when nothing escapes it. */
export function findQuote(sql: string, from: number, quote: number): number {
  const near = Math.min(sql.length, from + SHORT);
  for (let at = from; at < near; at++) if (sql.charCodeAt(at) === quote) return at;
  return sql.indexOf(markOf(quote), near);
}

/** Where the quote is that no backslash escapes, -1 without one. The backslashes before a quote are counted once each. */
export function findUnescapedQuote(sql: string, from: number, quote: number): number {
  let begin = from;
  for (const near = Math.min(sql.length, from + SHORT); begin < near; begin++) {
    const code = sql.charCodeAt(begin);
    if (code === quote) return begin;
    if (code === 92) begin++;
  }
  const mark = markOf(quote);
  for (;;) {
    const close = sql.indexOf(mark, begin);
    if (close < 0) return -1;
    let first = close;
    while (first > begin && sql.charCodeAt(first - 1) === 92) first--;
    if (((close - first) & 1) === 0) return close;
    begin = close + 1;
  }
}

function markOf(quote: number): string {
  return quote === 39 ? "'" : quote === 34 ? '"' : '`';
}

/** Where the digits at `from` end. */
export function skipDigits(sql: string, from: number): number {
  let at = from;
  for (; at < sql.length; at++) {
    const code = sql.charCodeAt(at);
    if (code < 48 || code > 57) break;
  }
  return at;
}

/** The end of the exponent whose sign or digits begin at `from`, -1 when there is none. */
export function skipExponent(sql: string, from: number): number {
  const sign = sql.charCodeAt(from);
  const digits = sign === 43 || sign === 45 ? from + 1 : from;
  const end = skipDigits(sql, digits);
  return end > digits ? end : -1;
}

/** May stand in an unquoted name. */
export function isLetter(code: number): boolean {
  return code > 127 ? code !== NO_BREAK_SPACE : FOLD[code]! > 0;
}

/** May stand in the name of a user variable. */
export function isHostLetter(code: number): boolean {
  return code === 46 || isLetter(code);
}
