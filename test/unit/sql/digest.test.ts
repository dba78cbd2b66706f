import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digestOf } from '../../../src/sql/digest.js';

test.each([
  ['SELECT * FROM t WHERE id = 1', 'select * from t where id = ?'],
  ["select  *\nfrom `T` where id='x' -- note", 'select * from t where id = ?'],
  ['SELECT a FROM t WHERE id IN (1, 2, ?)', 'select a from t where id in (?)'],
  ['SELECT a FROM t WHERE id IN (1)', 'select a from t where id in (?)'],
  ["INSERT INTO t (a, b) VALUES (1, 'x'), (2, :y)", 'insert into t ( a , b ) values (?)'],
  ['SELECT f(1), now()', 'select f (?) , now ( )'],
  ['/* who */ SELECT 1;', 'select ?'],
  ['SELECT 1; SELECT 2', 'select ? ; select ?'],
  ['SELECT @a, @@b', 'select @a , @@b'],
  ['', ''],
])('%s', (sql, digest) => {
  expect(digestOf(sql)).toBe(digest);
});

test('no form for a text that cannot be read to its end', () => {
  expect(digestOf("SELECT 'a")).toBeUndefined();
});

test('values, case and comments change nothing', () => {
  const value = fc.oneof(
    fc.integer({ min: 0 }).map(String),
    fc.stringMatching(/^[a-z ]*$/).map((text) => `'${text}'`),
  );
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1 }),
      fc.constantFrom('', '/* x */', '-- x\n', '# x\n'),
      (values, comment) => {
        const sql = `Select ${comment} a From t Where b In (${values.join(`,${comment}`)})`;
        expect(digestOf(sql)).toBe('select a from t where b in (?)');
      },
    ),
  );
});
