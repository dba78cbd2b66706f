import type { StatementTables, TableUse } from './table-use.js';

/** A mention whose access may still change: `UPDATE t JOIN u SET …` says after the tables which of them it writes. */
export interface Mention extends TableUse {
  access: 'read' | 'write';
}

/** A table's name as written. */
export interface TableName {
  readonly schema: string | undefined;
  readonly name: string;
}

/** Collects the tables of one text, statement by statement, with the names that are no tables there. */
export class FoundTables {
  /** The schema of names that have none. */
  schema: string | undefined;
  readonly statements: StatementTables[] = [];
  #tables: Mention[] = [];
  #because: string | undefined;
  readonly #commonTables: string[] = [];

  constructor(schema: string | undefined) {
    this.schema = schema;
  }

  /** The tables are not all known. The first reason stays. */
  doubt(because: string): void {
    this.#because ??= because;
  }

  /** A table, however it is called in the statement. */
  add(table: TableName, access: 'read' | 'write', alias?: string): Mention {
    const mention = { schema: table.schema ?? this.schema, name: table.name, access, alias };
    this.#tables.push(mention);
    return mention;
  }

  /**
   * Whether the name is that of a common table expression here. Letters count: whether the server tells cases apart is its own
   * affair (`lower_case_table_names`), and a name too many does no harm.
   */
  isCommonTable(table: TableName): boolean {
    if (table.schema !== undefined) return false;
    for (let index = this.#commonTables.length - 1; index >= 0; index--) {
      if (this.#commonTables[index] === table.name) return true;
    }
    return false;
  }

  /** A common table expression's name begins to be known. */
  addCommonTable(name: string): void {
    this.#commonTables.push(name);
  }

  /** How many of their names are known here: for `forgetCommonTables`. */
  get commonTables(): number {
    return this.#commonTables.length;
  }

  /** Where a query ends, the names of its WITH do. */
  forgetCommonTables(count: number): void {
    if (this.#commonTables.length > count) this.#commonTables.length = count;
  }

  /** The statement ended. */
  endStatement(): void {
    const because = this.#because;
    this.statements.push({ tables: this.#tables, complete: because === undefined, because });
    this.#tables = [];
    this.#because = undefined;
    this.forgetCommonTables(0);
  }
}
