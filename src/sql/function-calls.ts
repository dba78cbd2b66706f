import type { Cursor } from './cursor.js';
import { Rank } from './findings.js';
import { W } from './keywords.js';
import { nameOf } from './names.js';
import { SPECIAL_FUNCTIONS } from './special-functions.js';
import { Token } from './token.js';
import {
  BEFORE_PARENTHESIS_BIT,
  factsOf,
  functionGroupIn,
  SPACE_SENSITIVE_BIT,
  specialFunctionIn,
  WATCHED_BIT,
} from './words.js';

/** A name before an opening parenthesis, which is the current token. */
export interface PossibleCall {
  readonly kind: number;
  /** Its facts when it is an unquoted word. */
  readonly word: number;
  readonly start: number;
  readonly end: number;
  /** The schema before it. */
  readonly qualifier: string | undefined;
  /** What stands before it makes it an alias, if it is no function that we know. */
  readonly isColumnList: boolean;
}

const State = { Nothing: 0, Columns: 1, Closed: 2, As: 3 } as const;

/** Tells calls of functions from other uses of parentheses, and calls that are free of side effects from all others. */
export class FunctionCalls {
  readonly #cursor: Cursor;
  #state: number = State.Nothing;
  #name = '';

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  /** Whether the word belongs to the grammar, so that a parenthesis after it opens no call. */
  isGrammar(word: number): boolean {
    return (word & BEFORE_PARENTHESIS_BIT) !== 0;
  }

  /** A name and a parenthesis. True when the following tokens decide: `waitsOn`. */
  open(call: PossibleCall): boolean {
    if (call.qualifier !== undefined) return this.#qualified(call, call.qualifier);
    if (call.kind === Token.Quoted) {
      const special = specialFunctionIn(factsOf(this.#cursor.sql, call.start + 1, call.end - 1));
      // A quoted name finds built-in functions too.
      return special >= 0 ? this.#special(special) : this.#meet(call);
    }
    if (this.isGrammar(call.word)) return false;
    const special = specialFunctionIn(call.word);
    if (special >= 0) return this.#special(special);
    return this.#isPure(call) ? false : this.#meet(call);
  }

  #isPure(call: PossibleCall): boolean {
    const { dialect, tokens } = this.#cursor;
    const group = functionGroupIn(call.word);
    if (group < 0 || ((dialect.functionGroups >> group) & 1) === 0) return false;
    return (call.word & SPACE_SENSITIVE_BIT) === 0 || dialect.ignoreSpace || call.end === tokens.start;
  }

  #special(index: number): false {
    const { found } = this.#cursor;
    const { access, because, effect, dependsOn } = SPECIAL_FUNCTIONS[index]!;
    if (effect !== undefined) found.addEffect(effect);
    if (dependsOn !== undefined) found.addDependency(dependsOn);
    found.raise(access === 'write' ? Rank.Write : access === 'admin' ? Rank.ServerRead : Rank.Session, because);
    return false;
  }

  /** A name that is no known function: a column list, or what its parentheses hold decides. */
  #meet(call: PossibleCall): boolean {
    if (call.isColumnList) return false;
    this.#name = nameOf(this.#cursor.sql, call.start, call.end).toLowerCase();
    this.#state = State.Columns;
    return true;
  }

  /** With a schema it is a stored function, whatever built-in bears the name. */
  #qualified(call: PossibleCall, schema: string): false {
    this.#call(`${schema}.${nameOf(this.#cursor.sql, call.start, call.end)}`.toLowerCase());
    return false;
  }

  /** `x (a, b) AS (` is a common table expression: after a function stands no AS with a parenthesis. All else is a call. */
  waitsOn(kind: number): boolean {
    // A watched word may make the scan wait for something else: it ends the list, and the name is taken for a call.
    const isWatched = kind === Token.Word && (this.#cursor.tokens.word & WATCHED_BIT) !== 0;
    const isName = (kind === Token.Word && !isWatched) || kind === Token.Quoted || kind === Token.Comma;
    if (this.#state === State.Columns && isName) return true;
    if (this.#state === State.Columns && kind === Token.Close) this.#state = State.Closed;
    else if (this.#state === State.Closed && this.#cursor.keyword === W.AS) this.#state = State.As;
    else {
      if (this.#state !== State.As || kind !== Token.Open) this.#call(this.#name);
      this.#state = State.Nothing;
    }
    return this.#state !== State.Nothing;
  }

  #call(name: string): void {
    const { found, dialect } = this.#cursor;
    if (dialect.readOnlyFunctions?.has(name) === true) return;
    found.addFunction(name);
    found.raise(Rank.Unsure, `${name}() is not known to be free of side effects`);
  }
}
