/** Kinds of tokens. White space and comments are none. */
export const Token = {
  End: 0,
  /** The text cannot be lexed further, or not without doubt. Everything after it is unknown. */
  Bad: 1,
  Semicolon: 2,
  /** An unquoted identifier or keyword: `word` holds its facts, 0 when it follows a dot. */
  Word: 3,
  /** An identifier in backticks, or in double quotes with ANSI_QUOTES. */
  Quoted: 4,
  String: 5,
  Number: 6,
  /** `?`, `??` or `:name`: mysql2 fills them in. */
  Placeholder: 7,
  /** `@name`, `` @`name` ``, `@'name'`, and the bare `@`, which is a variable too. */
  UserVariable: 8,
  /** `@@name` with its scope: `@@global.name`. */
  SystemVariable: 9,
  Assign: 10,
  Open: 11,
  Close: 12,
  Comma: 13,
  Dot: 14,
  Equals: 15,
  Other: 16,
} as const;

/** 1 for the kinds of tokens that mean nothing by themselves. */
export const IS_PLAIN: Uint8Array = new Uint8Array(Token.Other + 1);
for (const kind of [
  Token.Word,
  Token.Quoted,
  Token.String,
  Token.Number,
  Token.Placeholder,
  Token.Close,
  Token.Comma,
  Token.Other,
]) {
  IS_PLAIN[kind] = 1;
}
