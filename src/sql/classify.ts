import type { Classification, LexicalOptions } from './classification.js';
import { readingsOf } from './comments.js';
import { Cursor } from './cursor.js';
import { type Dialect, dialectOf, type Reading } from './dialect.js';
import { Rank } from './findings.js';
import { joinReadings, unsure } from './join-readings.js';
import { Scan } from './scan.js';
import { readStatement } from './statements/statement.js';
import { Token } from './token.js';
import { Tokenizer } from './tokenizer.js';
import { hasSwallowedLetters } from './trail-bytes.js';

const NO_OPTIONS: LexicalOptions = Object.freeze({});

/**
 * Tells what a text does, from the text alone. Never throws; what cannot be read with certainty is `'unknown'`.
 *
 * Stable: names and meaning of what it returns change with a major version only; a text may become `'read'`, or cease to be one, with
 * any version, as servers are understood better.
 *
 * The text must be the one that the server gets, or a template whose placeholders are filled with values only: a `raw()` value of
 * mysql2 can hold any code. Without `sqlMode` the servers' default is meant.
 *
 * @example
 * classify('SELECT 1 /*! FOR UPDATE *' + '/').access // 'locking-read'
 */
export function classify(sql: string, options: LexicalOptions = NO_OPTIONS): Classification {
  const dialect = dialectOf(options);
  const tokens = new Tokenizer(sql, dialect);
  const result = readAll(new Cursor(sql, dialect, tokens));
  if (dialect.trailBytes && result.access !== 'unknown' && hasSwallowedLetters(sql)) {
    return unsure([result], 'in this character set a letter may be part of the character before it');
  }
  return tokens.versioned && !dialect.exact ? readEveryWay(sql, dialect) : result;
}

/** Version comments that not every server runs: each server that it may be reads the text for itself. */
function readEveryWay(sql: string, dialect: Dialect): Classification {
  const readings = readingsOf(sql, dialect);
  if (readings === undefined) return unsure([], 'too many version comments, and the server is not known');
  const read = (reading: Reading): Classification =>
    readAll(new Cursor(sql, dialect, new Tokenizer(sql, dialect, reading)));
  return joinReadings(readings.map(read));
}

/** Where in the text the token stands that decided what `classify` says; undefined for a plain read. */
export function decidedAt(sql: string, options: LexicalOptions = NO_OPTIONS): number | undefined {
  const dialect = dialectOf(options);
  const cursor = new Cursor(sql, dialect, new Tokenizer(sql, dialect));
  readAll(cursor);
  return cursor.found.decidedAt;
}

function readAll(cursor: Cursor): Classification {
  const scan = new Scan(cursor);
  const { found, tokens } = cursor;
  tokens.next();
  for (;;) {
    while (tokens.kind === Token.Semicolon && !tokens.inVersionComment) tokens.next();
    if (tokens.kind === Token.End) return found.classification();
    found.begin('unknown');
    if (tokens.kind > Token.Semicolon) {
      readStatement(cursor, scan);
      cursor.expectEnd();
    }
    if (tokens.kind === Token.Bad) found.raise(Rank.Unknown, `cannot be read from position ${tokens.start}`);
    if (tokens.inVersionComment) found.raise(Rank.Unknown, 'a version comment goes on behind the statement');
    found.endStatement();
    if (tokens.kind === Token.Bad) return found.classification();
    if (tokens.kind === Token.Semicolon) tokens.next();
  }
}
