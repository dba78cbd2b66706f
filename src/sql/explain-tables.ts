import { secondOpinion } from './second-opinion.js';
import type { TableUse } from './tables/table-use.js';
import { type TableOptions, tablesOf } from './tables/tables-of.js';

/** Tables and columns of a text, as people may be told. */
export interface ExplainedTables {
  readonly tables: readonly TableUse[];
  /** As the second opinion sees them; empty when it has none. */
  readonly columns: readonly string[];
  readonly complete: boolean;
  readonly because: string | undefined;
}

/**
 * The tables of a text with its columns, at the cost of a whole parser: for `explain`, never on the way of a query. Where `tablesOf`
 * is in doubt, tables that only the parser finds are added. It is in doubt all the same: the parser overlooks things (version
 * comments, what it cannot read), so that nothing it says makes an answer complete.
 */
export function explainTables(sql: string, options: TableOptions = {}): ExplainedTables {
  const { tables, complete, because } = tablesOf(sql, options);
  const opinion = secondOpinion(sql, options);
  const known = new Set(tables.map(keyOf));
  const added = complete ? [] : opinion.tables.filter((use) => !known.has(keyOf(use)));
  return { tables: [...tables, ...added], columns: opinion.columns, complete, because };
}

function keyOf({ schema, name, access }: TableUse): string {
  return JSON.stringify([schema, name, access]);
}
