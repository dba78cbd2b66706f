/** Session state that can be set again on any connection. `fingerprint` is equal for equal states. */
export interface ReplayedState {
  readonly fingerprint: string;
  readonly variables: ReadonlyMap<string, string>;
  readonly schema: string | undefined;
}

/** The state after set-up. */
export const NOTHING_REPLAYED: ReplayedState = { fingerprint: '', variables: new Map(), schema: undefined };

const READING = ['sql_mode', 'character_set_client', 'character_set_connection', 'collation_connection'];

/** Whether the server reads a text in the same way in both states. */
export function readsAlike(a: ReplayedState, b: ReplayedState): boolean {
  if (a.fingerprint === b.fingerprint) return true;
  return a.schema === b.schema && READING.every((name) => a.variables.get(name) === b.variables.get(name));
}
