import { W } from '../keywords.js';

/** What a keyword does where expressions and clauses stand. */
export const ClauseRole = { None: 0, Select: 1, From: 2, Table: 3, With: 4, Join: 5, Value: 6, Duplicate: 7 } as const;

/** `ClauseRole` by the word's number in `W`. All are reserved on every server, but VALUE and DUPLICATE. */
export const CLAUSE_ROLE: Uint8Array = table([
  [ClauseRole.Select, [W.SELECT]],
  [ClauseRole.From, [W.FROM]],
  [ClauseRole.Table, [W.TABLE]],
  [ClauseRole.With, [W.WITH]],
  [ClauseRole.Join, [W.JOIN, W.STRAIGHT_JOIN]],
  [ClauseRole.Value, [W.VALUE]],
  [ClauseRole.Duplicate, [W.DUPLICATE]],
]);

/** What a keyword does between table references. */
export const ReferenceRole = { None: 0, Join: 1, Ends: 2, Hint: 3, Window: 4, On: 5, Values: 6, From: 7 } as const;

/**
 * `ReferenceRole` by the word's number in `W`. What ends the references is reserved on every server: another word may be an alias,
 * and tables may follow it. WINDOW is not reserved on MariaDB and is looked at more closely.
 */
export const REFERENCE_ROLE: Uint8Array = table([
  [ReferenceRole.Join, [W.JOIN, W.STRAIGHT_JOIN]],
  [ReferenceRole.Ends, [W.WHERE, W.GROUP, W.HAVING, W.ORDER, W.LIMIT, W.FOR, W.LOCK, W.INTO, W.PROCEDURE, W.SET]],
  [ReferenceRole.Ends, [W.SELECT, W.TABLE, W.WITH]],
  [ReferenceRole.Hint, [W.USE, W.FORCE, W.IGNORE]],
  [ReferenceRole.Window, [W.WINDOW]],
  [ReferenceRole.On, [W.ON]],
  [ReferenceRole.Values, [W.VALUES]],
  [ReferenceRole.From, [W.FROM]],
]);

const FOLLOWS = table([
  [1, [W.INNER, W.LEFT, W.RIGHT, W.CROSS, W.NATURAL, W.USING, W.UNION, W.EXCEPT, W.INTERSECT, W.PARTITION, W.AS]],
]);

/** Whether the keyword goes on with the clause, so that it is no alias of the table before it. */
export function followsTable(keyword: number): boolean {
  return REFERENCE_ROLE[keyword] !== 0 || FOLLOWS[keyword] !== 0;
}

/** Whether a query may begin with the keyword. */
export function beginsQuery(keyword: number): boolean {
  return keyword === W.SELECT || keyword === W.WITH || keyword === W.TABLE || keyword === W.VALUES;
}

function table(rows: readonly (readonly [role: number, keywords: readonly number[]])[]): Uint8Array {
  const roles = new Uint8Array(512);
  for (const [role, keywords] of rows) for (const keyword of keywords) roles[keyword] = role;
  return roles;
}
