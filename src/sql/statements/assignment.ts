import type { Cursor } from '../cursor.js';
import { Rank } from '../findings.js';
import { W } from '../keywords.js';
import { nameOf, systemVariable, userVariable } from '../names.js';
import type { Scan } from '../scan.js';
import { Token } from '../token.js';

/** The scope of a system variable's setting. */
export type Scope = 'session' | 'global' | 'persist' | 'statement';

/** The scope that a word of `SET` names. */
export function scopeOf(keyword: number): Scope | undefined {
  switch (keyword) {
    case W.GLOBAL:
      return 'global';
    case W.SESSION:
    case W.LOCAL:
      return 'session';
    case W.PERSIST:
    case W.PERSIST_ONLY:
      return 'persist';
    default:
      return undefined;
  }
}

/** One assignment of a SET, up to the comma or the end. */
export function readAssignment(cursor: Cursor, scan: Scan, scope: Scope): void {
  const { tokens, keyword } = cursor;
  if (tokens.kind === Token.UserVariable) return assignUserVariable(cursor, scan);
  if (tokens.kind === Token.SystemVariable) return assignAtVariable(cursor, scan);
  if (keyword === W.NAMES && scope === 'session') return readNames(cursor);
  if (keyword === W.CHARSET || keyword === W.CHARACTER || keyword === W.CHAR) return readCharacterSet(cursor);
  const name = cursor.takeQualifiedName()?.toLowerCase();
  if (name === undefined) return fail(cursor, 'SET of something unknown');
  assign(cursor, scan, { name, scope });
}

function fail(cursor: Cursor, because: string): void {
  cursor.found.raise(Rank.Unknown, because);
  cursor.skip();
}

function assignUserVariable(cursor: Cursor, scan: Scan): void {
  const name = userVariable(cursor.text);
  cursor.next();
  if (!takeEquals(cursor)) return fail(cursor, 'SET without a value');
  cursor.found.addEffect({ type: 'set-user-variable', name, value: readValue(cursor, scan, 'raw') });
}

function assignAtVariable(cursor: Cursor, scan: Scan): void {
  const { scope: written, name } = systemVariable(cursor.text);
  cursor.next();
  const isGlobal = written === 'global';
  const isPersist = written === 'persist' || written === 'persist_only';
  // `SET @@transaction_isolation = …`, without a scope, is for the next transaction only (manual, "SET TRANSACTION").
  const isNext = written === undefined && /^(transaction|tx)_(isolation|read_only)$/.test(name);
  assign(cursor, scan, { name, scope: isGlobal ? 'global' : isPersist ? 'persist' : 'session', isNext });
}

interface Target {
  readonly name: string;
  readonly scope: Scope;
  readonly isNext?: boolean;
}

function assign(cursor: Cursor, scan: Scan, target: Target): void {
  const { found } = cursor;
  const { name, scope } = target;
  if (!takeEquals(cursor)) return fail(cursor, 'SET without a value');
  if (scope === 'global' || scope === 'persist') found.raise(Rank.Admin, `SET ${scope.toUpperCase()} ${name}`);
  const value = readValue(cursor, scan, 'bare');
  if (target.isNext !== true) return found.addEffect({ type: 'set-variable', scope, name, value });
  found.raise(Rank.Transaction, `SET @@${name}: the next transaction`);
  const isIsolation = name.endsWith('isolation');
  const isOn = value === undefined ? undefined : /^(1|on|true)$/i.test(value);
  found.addEffect({
    type: 'next-transaction',
    isolation: isIsolation ? value?.toUpperCase() : undefined,
    readOnly: isIsolation ? undefined : isOn,
  });
}

function takeEquals(cursor: Cursor): boolean {
  return cursor.acceptKind(Token.Equals) || cursor.acceptKind(Token.Assign);
}

/**
 * The value, if it is one literal and no more: `raw` as written, so that it can be pasted, `bare` without its quotes. Expressions are
 * scanned for what they do.
 */
function readValue(cursor: Cursor, scan: Scan, form: 'raw' | 'bare'): string | undefined {
  const { tokens, sql } = cursor;
  const { start, kind, word } = tokens;
  const isSign = kind === Token.Other && (sql[start] === '-' || sql[start] === '+');
  let end = tokens.end;
  let isLiteral = isValueToken(cursor, form);
  if (isSign || isLiteral) cursor.next();
  if (isSign && tokens.kind === Token.Number) {
    isLiteral = true;
    end = tokens.end;
    cursor.next();
  }
  if (isLiteral && isValueEnd(cursor)) return literalOf(sql, { start, end, kind, form });
  // A name may turn out to be called: the scan is told what stood before.
  const after = kind === Token.Word && isLiteral ? { kind, word, start, end } : undefined;
  scan.run({ reads: true, stopsAtComma: true, after });
  return undefined;
}

function isValueEnd(cursor: Cursor): boolean {
  return cursor.isAtEnd || cursor.tokens.kind === Token.Comma || cursor.keyword === W.FOR;
}

function isValueToken(cursor: Cursor, form: 'raw' | 'bare'): boolean {
  const { kind } = cursor.tokens;
  if (kind === Token.String || kind === Token.Number) return true;
  const { keyword } = cursor;
  const isConstant = keyword === W.NULL || keyword === W.TRUE || keyword === W.FALSE;
  return isConstant || (form === 'bare' && kind === Token.Word);
}

interface ValueToken {
  readonly start: number;
  readonly end: number;
  readonly kind: number;
  readonly form: 'raw' | 'bare';
}

function literalOf(sql: string, value: ValueToken): string | undefined {
  const text = sql.slice(value.start, value.end);
  if (value.form === 'raw' || value.kind !== Token.String) return text;
  // What a backslash means depends on the mode, and no variable's value needs one.
  return text.includes('\\') ? undefined : nameOf(text, 0, text.length);
}

function readNames(cursor: Cursor): void {
  cursor.next();
  const charset = cursor.takeName();
  if (charset === undefined) return fail(cursor, 'SET NAMES of something that is not in the text');
  const collation = cursor.accept(W.COLLATE) ? cursor.takeName() : undefined;
  cursor.found.addEffect({ type: 'set-names', charset: charset.toLowerCase(), collation: collation?.toLowerCase() });
}

/** `CHARACTER SET x` sets client and results to x, and the connection to the database's collation (manual, "SET CHARACTER SET"). */
function readCharacterSet(cursor: Cursor): void {
  const { found } = cursor;
  if (!cursor.accept(W.CHARSET)) {
    cursor.next();
    if (!cursor.accept(W.SET)) return fail(cursor, 'SET CHARACTER without SET');
  }
  const value = cursor.takeName()?.toLowerCase();
  for (const name of ['character_set_client', 'character_set_results']) {
    found.addEffect({ type: 'set-variable', scope: 'session', name, value });
  }
  found.addEffect({ type: 'set-variable', scope: 'session', name: 'collation_connection', value: undefined });
}
