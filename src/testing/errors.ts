/** What went wrong, stable across versions. */
export type TestClusterErrorCode =
  | 'DOCKER_UNAVAILABLE'
  | 'INSTALL_FAILED'
  | 'INVALID_OPTION'
  | 'NO_CANDIDATE'
  | 'NO_RELAY'
  | 'NODE_STATE'
  | 'PORT_TAKEN'
  | 'SERVER_DIED'
  | 'SERVER_NOT_FOUND'
  | 'STATEMENT_FAILED'
  | 'TESTCONTAINERS_MISSING'
  | 'TIMED_OUT'
  | 'UNKNOWN_NODE'
  | 'UNSUPPORTED';

/** An act on a running test cluster failed: the message names the node, what was awaited, and the end of its error log. */
export class ClusterActError extends Error {
  readonly code: TestClusterErrorCode;

  constructor(code: TestClusterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** `startCluster` failed; everything it had started is gone again. `cause` is the first failure. */
export class ClusterStartError extends ClusterActError {}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The given failure as a `ClusterStartError`, its code kept. */
export function startErrorOf(error: unknown): ClusterStartError {
  if (error instanceof ClusterStartError) return error;
  const code = error instanceof ClusterActError ? error.code : 'STATEMENT_FAILED';
  return new ClusterStartError(code, messageOf(error), { cause: error });
}
