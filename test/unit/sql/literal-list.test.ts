import fc from 'fast-check';
import { expect, test } from 'vitest';
import { classify } from '../../../src/sql/classify.js';

const content = fc.string({ unit: fc.constantFrom('a', ' ', ',', '(', ')', "'", '\\', ';', '@', '1'), maxLength: 40 });

/** A string literal, its quotes escaped in one of the two ways. */
const quoted = fc.tuple(content, fc.boolean()).map(([text, doubles]) => {
  const escaped = text.replaceAll('\\', '\\\\');
  return `'${doubles ? escaped.replaceAll("'", "''") : escaped.replaceAll("'", "\\'")}'`;
});
const number = fc.constantFrom('1', '-2', '3.5', '1e3', 'NULL', '?', '0x1F', '.5');
const rows = fc.array(fc.array(fc.oneof(quoted, number), { minLength: 1, maxLength: 6 }), {
  minLength: 1,
  maxLength: 6,
});

test('what stands behind a list of literals is seen, whatever is in its strings', () => {
  fc.assert(
    fc.property(rows, fc.constantFrom('', ' '), (values, blank) => {
      const list = values.map((row) => `(${row.join(`,${blank}`)})`).join(`,${blank}`);
      const insert = classify(`INSERT INTO t VALUES ${list}`);
      expect([insert.access, insert.statements, insert.dependsOn]).toEqual(['write', 1, []]);
      expect(classify(`INSERT INTO t VALUES ${list}, (@x)`).dependsOn).toEqual(['user-variable']);
      expect(classify(`INSERT INTO t VALUES ${list}; DELETE FROM u`).statements).toBe(2);
      const flat = values.flat().join(`,${blank}`);
      expect(classify(`SELECT 1 IN (${flat})`).access).toBe('read');
      expect(classify(`SELECT 1 IN (${flat}) FOR UPDATE`).access).toBe('locking-read');
    }),
    { numRuns: 2000 },
  );
});
