import { Token } from '../token.js';
import type { RoutineTokens } from './routine-tokens.js';

/**
 * Reads `CREATE … FUNCTION name(parameters) RETURNS type characteristics` as the server writes it, up to the body.
 *
 * @returns the names of the parameters, in lower case
 * @throws NotARead
 */
export function readHead(tokens: RoutineTokens, backslashEscapes: boolean): ReadonlySet<string> {
  tokens.expect('create');
  // `DEFINER = a@b`, AGGREGATE.
  while (!tokens.is('function')) skip(tokens);
  tokens.at++;
  // The name, with its schema or without.
  while (!tokens.acceptKind(Token.Open)) skip(tokens);
  const parameters = readParameters(tokens);
  tokens.expect('returns');
  while (!isBody(tokens)) {
    // The server writes a comment with escapes, also where they are none to the reader of this mode.
    const { kind, start, end } = tokens.current;
    const isEscaped = kind === Token.String && !backslashEscapes && tokens.sql.slice(start, end).includes('\\');
    if (isEscaped) tokens.fail('a comment whose end is not known');
    if (tokens.is('language') && tokens.peek(1).word !== 'sql') tokens.fail('in another language than SQL');
    skip(tokens);
  }
  return parameters;
}

/** A label, BEGIN, or RETURN. Other statements without a block around them are rare. */
function isBody(tokens: RoutineTokens): boolean {
  const next = tokens.peek(1);
  return tokens.is('begin') || tokens.is('return') || tokens.sql.slice(next.start, next.end) === ':';
}

function readParameters(tokens: RoutineTokens): ReadonlySet<string> {
  const names = new Set<string>();
  if (tokens.acceptKind(Token.Close)) return names;
  do {
    // MariaDB: those may be given back to the caller's variables.
    if (['in', 'out', 'inout'].includes(tokens.current.word)) tokens.fail('a parameter with a direction');
    names.add(tokens.takeName());
    skipType(tokens);
  } while (tokens.acceptKind(Token.Comma));
  tokens.expectKind(Token.Close, 'the end of the parameters');
  return names;
}

/** To the comma, or the parenthesis that ends the parameters. */
function skipType(tokens: RoutineTokens): void {
  for (let depth = 0; ; ) {
    const { kind } = tokens.current;
    if (depth === 0 && (kind === Token.Comma || kind === Token.Close)) return;
    if (kind === Token.Open) depth++;
    else if (kind === Token.Close) depth--;
    skip(tokens);
  }
}

function skip(tokens: RoutineTokens): void {
  if (tokens.current.kind <= Token.Semicolon) tokens.fail('the head of a function was expected');
  tokens.at++;
}
