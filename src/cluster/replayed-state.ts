/** Session state that can be set again on any connection. `fingerprint` is equal for equal states. */
export interface ReplayedState {
  readonly fingerprint: string;
  readonly variables: ReadonlyMap<string, string>;
  readonly schema: string | undefined;
}

/** The state after set-up. */
export const NOTHING_REPLAYED: ReplayedState = { fingerprint: '', variables: new Map(), schema: undefined };
