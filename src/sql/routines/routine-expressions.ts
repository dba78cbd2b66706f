import type { LexicalOptions } from '../classification.js';
import { classify } from '../classify.js';
import { Token } from '../token.js';
import { NotARead } from './routine.js';
import type { RoutineTokens } from './routine-tokens.js';

/** Where an expression ends, if it stands in no parentheses and in no CASE of its own. A semicolon always ends it. */
export interface ExpressionEnd {
  readonly words?: readonly string[];
  readonly comma?: boolean;
}

/**
 * Words behind which a statement may begin. Where none of them stands, none can hide in what is taken for an expression. THEN and
 * ELSE are looked at by themselves: a CASE has them.
 */
const STRUCTURE = new Set(
  'begin do loop while until iterate leave declare handler cursor return elseif call fetch resignal signal'.split(' '),
);
/** The same, unless they are called. */
const STRUCTURE_OR_FUNCTION = new Set(['if', 'repeat']);

/** Finds the expressions and queries of a body, and holds those to be reads that `classify` holds to be reads. */
export class RoutineExpressions {
  /** Every function called that is not built in, as `classify` names it. */
  readonly calls = new Set<string>();
  readonly #tokens: RoutineTokens;
  readonly #options: LexicalOptions;

  constructor(tokens: RoutineTokens, options: LexicalOptions) {
    this.#tokens = tokens;
    this.#options = options;
  }

  /** An expression from the current token on. */
  readExpression(end: ExpressionEnd = {}): void {
    const from = this.#tokens.at;
    this.skipExpression(end);
    this.check(`SELECT ${this.#tokens.text(from, this.#tokens.at)}`);
  }

  /** A query, from the current token to the semicolon. */
  readQuery(): void {
    const from = this.#tokens.at;
    this.skipExpression();
    this.check(this.#tokens.text(from, this.#tokens.at));
  }

  /** Goes to the end of an expression, in which nothing can be but an expression. */
  skipExpression(end: ExpressionEnd = {}): void {
    const tokens = this.#tokens;
    const from = tokens.at;
    const open: ('(' | 'case')[] = [];
    while (tokens.current.kind > Token.Semicolon) {
      const { kind, word } = tokens.current;
      if (open.length === 0 && (end.words?.includes(word) || (end.comma === true && kind === Token.Comma))) break;
      this.#open(open);
      tokens.at++;
    }
    if (open.length > 0) tokens.fail(`an unfinished expression`);
    if (tokens.at === from) tokens.fail('an expression was expected');
  }

  #open(open: ('(' | 'case')[]): void {
    const tokens = this.#tokens;
    const { kind, word } = tokens.current;
    const innermost = open.at(-1);
    if (kind === Token.UserVariable || kind === Token.SystemVariable) tokens.fail('a variable of the session');
    if (kind === Token.Open) open.push('(');
    else if (word === 'case') open.push('case');
    else if (kind === Token.Close || word === 'end') {
      if (innermost !== (kind === Token.Close ? '(' : 'case')) tokens.fail('was not expected here');
      open.pop();
    } else if (isStructure(tokens, innermost === 'case')) tokens.fail('is no part of an expression');
  }

  /**
   * Holds the text to be a plain read of one statement.
   *
   * @throws NotARead
   */
  check(sql: string): void {
    const found = classify(sql, this.#options);
    if (found.functions.length > 0) return this.#checkCalls(sql, found.functions);
    const isRead = found.access === 'read' && found.statements === 1 && found.kind === 'select';
    if (!isRead || found.effects.length > 0 || found.dependsOn.length > 0) throw new NotARead(found.because);
  }

  /** An unknown function hides what is weaker: the text must be a read if all of them are. */
  #checkCalls(sql: string, functions: readonly string[]): void {
    const assumed = new Set([...(this.#options.readOnlyFunctions ?? []), ...functions]);
    new RoutineExpressions(this.#tokens, { ...this.#options, readOnlyFunctions: assumed }).check(sql);
    for (const name of functions) this.calls.add(name);
  }
}

function isStructure(tokens: RoutineTokens, inCase: boolean): boolean {
  const { word } = tokens.current;
  if (STRUCTURE.has(word)) return true;
  if (word === 'then' || word === 'else' || word === 'when') return !inCase;
  return STRUCTURE_OR_FUNCTION.has(word) && tokens.peek(1).kind !== Token.Open;
}
