import type { StatementTables, Tables, TableUse } from './table-use.js';

/**
 * The one answer that is right whichever of the servers reads the text: all tables that any of them sees. A reading without a
 * statement has no say, since the server then refuses the text as empty.
 */
export function joinTables(readings: readonly Tables[]): Tables {
  const told = readings.filter(({ statements }) => statements.length > 0);
  const first = told[0];
  if (first === undefined) return readings[0]!;
  const tables = distinct(told);
  const because = told.find(({ complete }) => !complete)?.because;
  const counts = new Set(told.map(({ statements }) => statements.length));
  const statements = counts.size === 1 ? first.statements.map((_, index) => joinStatements(told, index)) : undefined;
  const all: StatementTables = { tables, complete: because === undefined, because };
  // Servers that do not agree where a statement ends: all of them as one.
  return { ...all, statements: statements ?? [all] };
}

function joinStatements(readings: readonly Tables[], index: number): StatementTables {
  const statements = readings.map((reading) => reading.statements[index]!);
  const because = statements.find(({ complete }) => !complete)?.because;
  return { tables: distinct(statements), complete: because === undefined, because };
}

function distinct(all: readonly { readonly tables: readonly TableUse[] }[]): readonly TableUse[] {
  const uses = new Map<string, TableUse>();
  for (const { tables } of all) for (const use of tables) uses.set(JSON.stringify(use), use);
  return [...uses.values()];
}
