/** A stored function, as its server tells of it. */
export interface Routine {
  readonly schema: string;
  readonly name: string;
  /**
   * What `SHOW CREATE FUNCTION` gives; undefined when the account may not see it. `information_schema.ROUTINES.ROUTINE_DEFINITION` will
   * not do: its literals have lost their escapes (`'it''s'` is shown as `'it's'`), and code may look like text in it.
   */
  readonly definition: string | undefined;
  /** The mode in which it was created, and runs. */
  readonly sqlMode: string;
  /** `character_set_client` of its creation. */
  readonly charset: string;
  /** `SQL_DATA_ACCESS`: advice, which is not checked by the server. It can only make things worse here. */
  readonly dataAccess: string;
}

/** The functions that a body calls, as `schema.name` in lower case, or why it is not known to only read. */
export type RoutineReading =
  | { readonly reads: true; readonly calls: readonly string[] }
  | { readonly reads: false; readonly because: string };

/** Thrown inside this folder: the body holds something that is not known to only read. */
export class NotARead extends Error {}

/** The name under which a call with a schema finds it. */
export function keyOf({ schema, name }: Pick<Routine, 'schema' | 'name'>): string {
  return `${schema}.${name}`.toLowerCase();
}
