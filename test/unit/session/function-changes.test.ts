import { expect, test } from 'vitest';
import { changesFunctions } from '../../../src/session/function-changes.js';
import { classify } from '../../../src/sql/classify.js';

const told = (sql: string): boolean => changesFunctions(sql, classify(sql));

test.each([
  'CREATE FUNCTION f() RETURNS INT RETURN 1',
  'create definer = a@b function f() returns int begin return 1; end',
  'CREATE OR REPLACE AGGREGATE FUNCTION f() RETURNS INT RETURN 1',
  'DROP FUNCTION IF EXISTS shop.f',
  'ALTER FUNCTION f SQL SECURITY INVOKER',
  'DROP/**/DATABASE shop',
  'DROP SCHEMA shop',
  'SELECT 1; DROP FUNCTION f',
  'INSERT INTO t VALUES (1); DROP FUNCTION f; INSERT INTO t VALUES (1)',
  'CREATE FUNCTION soundex2 RETURNS STRING SONAME "x.so"',
])('%s', (sql) => expect(told(sql)).toBe(true));

test.each([
  'SELECT 1',
  "SELECT 'drop function f'",
  "INSERT INTO t VALUES ('drop function f')",
  'CREATE TABLE t (a INT)',
  'DROP TABLE t',
  'CALL p()',
  'SELECT f()',
])('not: %s', (sql) => expect(told(sql)).toBe(false));
