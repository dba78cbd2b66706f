/** One mention of a table in a text. */
export interface TableUse {
  /** As written; else the schema given by the options, or by a `USE` before it; undefined when neither is there. */
  readonly schema: string | undefined;
  /** As written, without quotes: whether two spellings are one table is the server's business. */
  readonly name: string;
  /** `'write'`: rows or the table itself may change; it may be read too. */
  readonly access: 'read' | 'write';
  readonly alias: string | undefined;
}

/** The tables of one statement. */
export interface StatementTables {
  /** In the order of the text, one for each mention. */
  readonly tables: readonly TableUse[];
  /** No other table is read or written by what the text says. What views, triggers and foreign keys reach, no text says. */
  readonly complete: boolean;
  /** Why it is not complete: then it may be any table. */
  readonly because: string | undefined;
}

/** The tables of a text: `tables` are those of all its statements, and it is complete if each of them is. */
export interface Tables extends StatementTables {
  readonly statements: readonly StatementTables[];
}
