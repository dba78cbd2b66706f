import type { LexicalOptions } from './classification.js';
import { dialectOf } from './dialect.js';
import { nameOf } from './names.js';
import { Token } from './token.js';
import { Tokenizer } from './tokenizer.js';

/**
 * The form of a text: words in lower case, one blank between tokens, comments left out, each literal and placeholder a `?`, and
 * a list of them, or of rows of them, one `(?)`. Texts that differ in their values only have one digest.
 *
 * @returns undefined for a text that cannot be read to its end
 * @example
 * digestOf('SELECT a FROM t WHERE id IN (1, 2)') // 'select a from t where id in (?)'
 */
export function digestOf(sql: string, options: LexicalOptions = {}): string | undefined {
  const tokens = new Tokenizer(sql, dialectOf(options));
  const parts: string[] = [];
  for (let kind = tokens.next(); kind !== Token.End; kind = tokens.next()) {
    if (kind === Token.Bad) return undefined;
    parts.push(partOf(sql, tokens));
    if (kind === Token.Close) foldList(parts);
  }
  while (parts.at(-1) === ';') parts.pop();
  return parts.join(' ');
}

function partOf(sql: string, { kind, start, end }: Tokenizer): string {
  switch (kind) {
    case Token.String:
    case Token.Number:
    case Token.Placeholder:
      return '?';
    case Token.Quoted:
      return nameOf(sql, start, end).toLowerCase();
    default:
      return sql.slice(start, end).toLowerCase();
  }
}

/** `( ? , ? )` becomes `(?)`, and `(?) , (?)` as well. */
function foldList(parts: string[]): void {
  const open = parts.lastIndexOf('(');
  if (open < 0) return;
  for (let at = open + 1; at < parts.length - 1; at++) if (parts[at] !== '?' && parts[at] !== ',') return;
  if (parts.length - open < 3) return;
  parts.length = open;
  if (parts.at(-1) === ',' && parts.at(-2) === '(?)') parts.pop();
  else parts.push('(?)');
}
