/** A promise connection for a while: after `leave` it runs nothing. */
export interface Guest {
  readonly face: unknown;
  leave(): void;
}

/** Who gets a pooled connection back. */
export interface ConnectionOwner<C> {
  takeBack(connection: C, reusable: boolean): void;
  promiseConnection(connection: C): unknown;
  guest(connection: C): Guest;
}
