/**
 * What a character may begin, in the terms of the server's own lexer (`sql/sql_lex.cc`, `strings/sql_chars.cc`).
 * Tables of the 128 ASCII characters; all above are letters of an identifier.
 */
export const CharClass = {
  /** A control character: NUL ends the server's line comments and is no white space; none of them is in any valid text. */
  Control: 0,
  Space: 1,
  Letter: 2,
  Digit: 3,
  Quote: 4,
  DoubleQuote: 5,
  Backtick: 6,
  Minus: 7,
  Hash: 8,
  Slash: 9,
  Star: 10,
  At: 11,
  Colon: 12,
  Question: 13,
  Dot: 14,
  Semicolon: 15,
  Open: 16,
  Close: 17,
  Comma: 18,
  Backslash: 19,
  Dollar: 20,
  Other: 21,
  Equals: 22,
} as const;

const SINGLE: readonly (readonly [string, number])[] = [
  ["'", CharClass.Quote],
  ['"', CharClass.DoubleQuote],
  ['`', CharClass.Backtick],
  ['-', CharClass.Minus],
  ['#', CharClass.Hash],
  ['/', CharClass.Slash],
  ['*', CharClass.Star],
  ['@', CharClass.At],
  [':', CharClass.Colon],
  ['?', CharClass.Question],
  ['.', CharClass.Dot],
  [';', CharClass.Semicolon],
  ['(', CharClass.Open],
  [')', CharClass.Close],
  [',', CharClass.Comma],
  ['\\', CharClass.Backslash],
  ['$', CharClass.Dollar],
  ['_', CharClass.Letter],
  ['=', CharClass.Equals],
];

/** `CharClass` by ASCII code. */
export const CLASS: Uint8Array = makeClasses();

/** Lower case of the characters that an unquoted identifier may hold, 0 for every other: by ASCII code. */
export const FOLD: Uint8Array = makeFold();

function makeClasses(): Uint8Array {
  const table = new Uint8Array(128);
  for (let code = 33; code < 127; code++) table[code] = CharClass.Other;
  for (const code of [9, 10, 11, 12, 13, 32]) table[code] = CharClass.Space;
  for (let code = 48; code <= 57; code++) table[code] = CharClass.Digit;
  for (let code = 65; code <= 90; code++) table[code] = table[code + 32] = CharClass.Letter;
  for (const [character, value] of SINGLE) table[character.charCodeAt(0)] = value;
  return table;
}

function makeFold(): Uint8Array {
  const table = new Uint8Array(128);
  for (let code = 48; code <= 57; code++) table[code] = code;
  for (let code = 65; code <= 90; code++) table[code] = table[code + 32] = code + 32;
  table[36] = 36;
  table[95] = 95;
  return table;
}
