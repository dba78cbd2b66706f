import { Token } from './token.js';
import type { Tokenizer } from './tokenizer.js';

/** Longer texts are not given to node-sql-parser: it takes 2 to 3 µs a character in lists, so this is about 10 ms. */
const LONGEST = 4096;
/** Nor are deeper parentheses: its grammar goes back and forth in them. No shape but CAST was seen to need more time up to 32. */
const DEEPEST = 16;
/** Nor are more calls of CAST: each one in another doubles the time, ten of them take half a second (5.4.0). */
const MOST_CASTS = 4;

/**
 * The text without comments, for a parser that knows none of MySQL's lexical traps: the body of a version comment that runs is
 * code, `5--1` has two minus signs. Undefined, when it is too long or too deep to be parsed in bounded time, or cannot be read.
 */
export function respell(sql: string, tokens: Tokenizer): string | undefined {
  if (sql.length > LONGEST) return undefined;
  let text = '';
  let depth = 0;
  let casts = 0;
  let end = -1;
  while (tokens.next() > Token.Bad) {
    const token = sql.slice(tokens.start, tokens.end);
    if (tokens.kind === Token.Open && ++depth > DEEPEST) return undefined;
    if (tokens.kind === Token.Close) depth--;
    if (token.length === 4 && token.toLowerCase() === 'cast' && ++casts > MOST_CASTS) return undefined;
    const touches = tokens.start === end && !(token === '-' && text.endsWith('-'));
    text += touches || text === '' ? token : ` ${token}`;
    end = tokens.end;
  }
  return tokens.kind === Token.Bad ? undefined : text;
}
