import { expect, test } from 'vitest';
import { RefusedForms } from '../../../src/session/refused-forms.js';

test('remembers forms, not values, and counts them', () => {
  const forms = new RefusedForms();
  forms.add('SELECT * FROM v WHERE id = 1', 'db-2:3306', {});
  forms.add('select * from v where id = 2', 'db-3:3306', {});
  expect(forms.has('SELECT  * FROM v WHERE id = 77', {})).toBe(true);
  expect(forms.has('SELECT * FROM w WHERE id = 1', {})).toBe(false);
  expect(forms.list()).toEqual([{ digest: 'select * from v where id = ?', node: 'db-3:3306', count: 2 }]);
});

test('forgets the oldest beyond its bound', () => {
  const forms = new RefusedForms();
  for (let n = 0; n < 1500; n++) forms.add(`SELECT a FROM t${n}`, 'db-2:3306', {});
  expect(forms.size).toBe(1000);
  expect(forms.has('SELECT a FROM t499', {})).toBe(false);
  expect(forms.has('SELECT a FROM t500', {})).toBe(true);
});
