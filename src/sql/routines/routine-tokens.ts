import type { Dialect } from '../dialect.js';
import { nameOf } from '../names.js';
import { Token } from '../token.js';
import { Tokenizer } from '../tokenizer.js';
import { NotARead } from './routine.js';

/** One token of a definition. */
export interface RoutineToken {
  readonly kind: number;
  readonly start: number;
  readonly end: number;
  /** An unquoted word in lower case, unless a dot stands right before it; else empty. */
  readonly word: string;
}

/** The tokens of a definition, with a place among them. Ends with tokens of kind `End`. */
export class RoutineTokens {
  readonly sql: string;
  /** The current token's index. */
  at = 0;
  readonly #tokens: readonly RoutineToken[];
  readonly #end: RoutineToken;

  /** @throws NotARead for what no definition should hold, or cannot be read to its end */
  constructor(sql: string, dialect: Dialect) {
    this.sql = sql;
    // The servers store what they have run of a version comment, and drop the rest.
    if (/\/\*M?!/.test(sql)) throw new NotARead('has a version comment');
    this.#tokens = tokensOf(sql, dialect);
    this.#end = { kind: Token.End, start: sql.length, end: sql.length, word: '' };
  }

  get current(): RoutineToken {
    return this.peek(0);
  }

  peek(ahead: number): RoutineToken {
    return this.#tokens[this.at + ahead] ?? this.#end;
  }

  is(word: string): boolean {
    return this.current.word === word;
  }

  /** Goes on if the current token is this word. */
  accept(word: string): boolean {
    if (!this.is(word)) return false;
    this.at++;
    return true;
  }

  /** Goes on if the current token is of this kind. */
  acceptKind(kind: number): boolean {
    if (this.current.kind !== kind) return false;
    this.at++;
    return true;
  }

  /** Goes on behind these words. */
  expect(...words: readonly string[]): void {
    for (const word of words) if (!this.accept(word)) this.fail(`${word.toUpperCase()} was expected`);
  }

  expectKind(kind: number, what: string): void {
    if (!this.acceptKind(kind)) this.fail(`${what} was expected`);
  }

  /** The name at the current token, in lower case. Goes on behind it. */
  takeName(): string {
    const { kind, start, end } = this.current;
    if (kind !== Token.Word && kind !== Token.Quoted) this.fail('a name was expected');
    this.at++;
    return nameOf(this.sql, start, end).toLowerCase();
  }

  /** The text from one token to before another, by their indexes. */
  text(from: number, to: number): string {
    const first = this.#tokens[from] ?? this.#end;
    const last = this.#tokens[to - 1];
    return last === undefined || to <= from ? '' : this.sql.slice(first.start, last.end);
  }

  /** @throws NotARead that says where */
  fail(because: string): never {
    const { start, end, kind } = this.current;
    throw new NotARead(
      kind === Token.End ? `${because} at the end` : `${because}: ${this.sql.slice(start, end).slice(0, 40)}`,
    );
  }
}

function tokensOf(sql: string, dialect: Dialect): readonly RoutineToken[] {
  const tokens = new Tokenizer(sql, dialect);
  const list: RoutineToken[] = [];
  let dotEnd = -1;
  for (let kind = tokens.next(); kind !== Token.End; kind = tokens.next()) {
    const { start, end } = tokens;
    if (kind === Token.Bad) throw new NotARead(`cannot be read from position ${start}`);
    if (kind === Token.Quoted && sql.slice(start, end).includes('.')) throw new NotARead('has a name with a dot in it');
    const isWord = kind === Token.Word && start !== dotEnd;
    if (kind === Token.Placeholder) list.push(...labelled(sql, start, end));
    else list.push({ kind, start, end, word: isWord ? sql.slice(start, end).toLowerCase() : '' });
    dotEnd = kind === Token.Dot ? end : -1;
  }
  return list;
}

/** `loop1:LOOP`: what would be a placeholder elsewhere is the end of a label, and the word behind it. */
function labelled(sql: string, start: number, end: number): readonly RoutineToken[] {
  if (sql[start] !== ':') throw new NotARead('has a placeholder');
  return [
    { kind: Token.Other, start, end: start + 1, word: '' },
    { kind: Token.Word, start: start + 1, end, word: sql.slice(start + 1, end).toLowerCase() },
  ];
}
