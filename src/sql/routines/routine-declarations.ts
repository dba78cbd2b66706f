import { Token } from '../token.js';
import type { RoutineExpressions } from './routine-expressions.js';
import type { RoutineTokens } from './routine-tokens.js';

/** The names in scope that a statement may give a value to, in lower case: parameters and declared variables. */
export type Locals = Set<string>;

/** What a type is written with. */
const TYPE_KINDS: readonly number[] = [
  Token.Word,
  Token.Number,
  Token.String,
  Token.Open,
  Token.Close,
  Token.Comma,
] as const;

/** Reads one DECLARE of a block and its semicolon. True for a handler, whose statement comes next. */
export function readDeclaration(tokens: RoutineTokens, expressions: RoutineExpressions, locals: Locals): boolean {
  const next = tokens.peek(1).word;
  if (next === 'handler' && ['continue', 'exit', 'undo'].includes(tokens.current.word)) {
    tokens.at += 2;
    readConditions(tokens);
    return true;
  }
  if (next === 'cursor') {
    tokens.at++;
    tokens.expect('cursor', 'for');
    expressions.readQuery();
  } else if (next === 'condition') {
    tokens.at++;
    tokens.expect('condition', 'for');
    readCondition(tokens);
  } else readVariables(tokens, expressions, locals);
  tokens.expectKind(Token.Semicolon, 'a semicolon');
  return false;
}

function readConditions(tokens: RoutineTokens): void {
  tokens.expect('for');
  do readCondition(tokens);
  while (tokens.acceptKind(Token.Comma));
}

/** `SQLSTATE '23000'`, `1062`, `NOT FOUND`, SQLEXCEPTION, SQLWARNING, or a condition's name. */
function readCondition(tokens: RoutineTokens): void {
  if (tokens.accept('sqlstate')) {
    tokens.accept('value');
    tokens.expectKind(Token.String, 'a state');
  } else if (tokens.accept('not')) tokens.expect('found');
  else if (!tokens.acceptKind(Token.Number)) tokens.takeName();
}

/** `a, b DECIMAL(10, 2) DEFAULT 0`. */
function readVariables(tokens: RoutineTokens, expressions: RoutineExpressions, locals: Locals): void {
  const names: string[] = [];
  do names.push(tokens.takeName());
  while (tokens.acceptKind(Token.Comma));
  for (let depth = 0; tokens.current.kind > Token.Semicolon && !(depth === 0 && tokens.is('default')); tokens.at++) {
    const { kind } = tokens.current;
    if (!TYPE_KINDS.includes(kind) || tokens.is('handler') || tokens.is('cursor')) tokens.fail('is no part of a type');
    if (kind === Token.Open) depth++;
    if (kind === Token.Close) depth--;
  }
  if (tokens.accept('default')) expressions.readExpression();
  for (const name of names) locals.add(name);
}
