import { describe, expect, it } from 'vitest';
import type { LexicalOptions } from '../../../src/sql/classification.js';
import { dialectOf } from '../../../src/sql/dialect.js';
import { Token } from '../../../src/sql/token.js';
import { Tokenizer } from '../../../src/sql/tokenizer.js';

const names = new Map<number, string>(Object.entries(Token).map(([name, kind]) => [kind, name]));

/** `Kind:text` of every token, up to the end or what cannot be read. */
function read(sql: string, options: LexicalOptions = { flavor: 'mysql', serverVersion: '9.7.4' }): string[] {
  const tokens = new Tokenizer(sql, dialectOf(options));
  const found: string[] = [];
  while (tokens.next() > Token.Bad) found.push(`${names.get(tokens.kind)}:${sql.slice(tokens.start, tokens.end)}`);
  if (tokens.kind === Token.Bad) found.push('Bad');
  return found;
}

describe('Tokenizer', () => {
  it.each([
    ['SELECT a', ['Word:SELECT', 'Word:a']],
    ["'a''b' 'c'", ["String:'a''b'", "String:'c'"]],
    ["'a\\'b'c", ["String:'a\\'b'", 'Word:c']],
    ['`a``b`.c', ['Quoted:`a``b`', 'Dot:.', 'Word:c']],
    ['1.5e5FOR', ['Number:1.5e5', 'Word:FOR']],
    [
      '1e5FOR 1efor 1.FOR .5FOR',
      ['Number:1e5', 'Word:FOR', 'Word:1efor', 'Number:1.', 'Word:FOR', 'Number:.5', 'Word:FOR'],
    ],
    ['t.1e5 t .5', ['Word:t', 'Dot:.', 'Word:1e5', 'Word:t', 'Number:.5']],
    ['5--1', ['Number:5', 'Other:-', 'Other:-', 'Number:1']],
    ['5-- 1', ['Number:5']],
    ['5 --', ['Number:5']],
    [
      'a:=@b @@global.c @`d` @ e',
      [
        'Word:a',
        'Assign::=',
        'UserVariable:@b',
        'SystemVariable:@@global.c',
        'UserVariable:@`d`',
        'UserVariable:@',
        'Word:e',
      ],
    ],
    ['? ?? :name', ['Placeholder:?', 'Placeholder:??', 'Placeholder::name']],
    ['a/*b*/c', ['Word:a', 'Word:c']],
    ['a/*!b*/c', ['Word:a', 'Word:b', 'Word:c']],
    ['a/*!99999b/*c*/d*/e', ['Word:a', 'Word:e']],
    ['a/*!50000b/*c*/d*/e', ['Word:a', 'Word:b', 'Word:d', 'Word:e']],
    ['a*/b', ['Word:a', 'Other:*', 'Other:/', 'Word:b']],
    ['\ufeffa', ['Word:a']],
    ['x\u0000', ['Word:x', 'Bad']],
    ["'a", ['Bad']],
    ['/* a', ['Bad']],
    ['/*! a', ['Word:a', 'Bad']],
  ])('%j', (sql, wanted) => {
    expect(read(sql)).toEqual(wanted);
  });

  it('follows sql_mode', () => {
    expect(read('"a\\"b"', { sqlMode: 'ANSI_QUOTES' })).toEqual(['Quoted:"a\\"', 'Word:b', 'Bad']);
    expect(read("'a\\'b'", { sqlMode: 'NO_BACKSLASH_ESCAPES' })).toEqual(["String:'a\\'", 'Word:b', 'Bad']);
  });

  it('stays at the end, and at what it cannot read', () => {
    const ended = new Tokenizer('a', dialectOf({}));
    expect([ended.next(), ended.next(), ended.next()]).toEqual([Token.Word, Token.End, Token.End]);
    const bad = new Tokenizer("'a", dialectOf({}));
    expect([bad.next(), bad.next()]).toEqual([Token.Bad, Token.Bad]);
  });

  it('reads long strings with escapes at any place', () => {
    for (let length = 0; length < 60; length++) {
      const text = `${'x'.repeat(length)}\\\\\\'${'y'.repeat(length)}`;
      expect(read(`'${text}' a`)).toEqual([`String:'${text}'`, 'Word:a']);
      expect(read(`'${'x'.repeat(length)}\\\\' a`)).toHaveLength(2);
    }
  });
});
