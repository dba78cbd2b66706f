/**
 * The errors that are this package's own. What a server or the driver says passes through as mysql2's error object.
 */

const brand = Symbol.for('mysql2-cluster.error');

/** Stable codes of {@link ClusterError}: what a program should look at. */
export type ClusterErrorCode =
  | 'OPTION_INVALID'
  | 'NO_NODE_AVAILABLE'
  | 'WRITE_OUTCOME_UNKNOWN'
  | 'TRANSACTION_LOST'
  | 'FAILOVER_TIMEOUT'
  | 'POOL_TIMEOUT'
  | 'ROUTE_CONFLICT'
  | 'RULE_CONFLICT'
  | 'SESSION_LOST'
  | 'STATEMENT_REFUSED'
  | 'DRAIN_INCOMPLETE'
  | 'CLUSTER_CLOSED';

/**
 * Base of all errors of this package. `error instanceof ClusterError` holds across copies of the package in one process.
 */
export class ClusterError extends Error {
  readonly code: ClusterErrorCode;

  constructor(code: ClusterErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // Subclasses keep the ordinary meaning: a brand says "ours", not which. (By its own name the bundler would rename the class.)
    if (Object.getPrototypeOf(this) !== Error) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === 'object' && value !== null && brand in value;
  }
}

/** An option that is unknown or has a value it cannot have. `option` names it, as in `cluster.maxLagMs`. */
export class OptionError extends ClusterError {
  readonly option: string;

  constructor(option: string, message: string) {
    super('OPTION_INVALID', `${option}: ${message}`);
    this.option = option;
  }
}

/** No node may run the statement. `reasons` says why, for each node by its address. */
export class NoNodeAvailableError extends ClusterError {
  readonly reasons: Readonly<Record<string, string>>;

  constructor(because: string, reasons: Readonly<Record<string, string>>, cause?: unknown) {
    const list = Object.entries(reasons).map(([node, reason]) => `${node}: ${reason}`);
    super('NO_NODE_AVAILABLE', list.length > 0 ? `${because} (${list.join('; ')})` : because, cause);
    this.reasons = reasons;
  }
}

/**
 * The connection was lost after a write was sent and before its answer came: it may have run or not, and it is not sent
 * again. `cause` is the driver's error, `sql` the statement.
 */
export class WriteOutcomeUnknownError extends ClusterError {
  readonly fatal = true;
  readonly sql: string;

  constructor(sql: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : 'the connection was lost';
    super(
      'WRITE_OUTCOME_UNKNOWN',
      `No answer tells whether a write was committed, and it was not sent again: ${reason}`,
      cause,
    );
    this.sql = sql;
  }
}

/** The transaction is known not to have been committed: the primary was lost or became read-only. Run it again. */
export class TransactionLostError extends ClusterError {
  readonly fatal = true;

  constructor(reason: string, cause: unknown) {
    super('TRANSACTION_LOST', `The transaction was not committed: ${reason}`, cause);
  }
}

/** A statement waited for a primary as long as it may (`failover.holdMs`), or too many waited. */
export class FailoverTimeoutError extends ClusterError {
  constructor(message: string, cause?: unknown) {
    super('FAILOVER_TIMEOUT', message, cause);
  }
}

/** No connection to the node became free within `pool.acquireTimeoutMs`. */
export class PoolTimeoutError extends ClusterError {
  constructor(message: string, cause?: unknown) {
    super('POOL_TIMEOUT', message, cause);
  }
}

/** A caller's wish that would send a write or a locking read to a replica. */
export class RouteConflictError extends ClusterError {
  constructor(message: string) {
    super('ROUTE_CONFLICT', message);
  }
}

/** A rule or a comment hint that would send a write or a locking read to a replica. */
export class RuleConflictError extends ClusterError {
  constructor(message: string) {
    super('RULE_CONFLICT', message);
  }
}

/**
 * A statement that a rule of route `'error'` refuses, or that would take from the package what it needs to know its connections
 * by. Nothing was sent.
 */
export class StatementRefusedError extends ClusterError {
  constructor(message: string) {
    super('STATEMENT_REFUSED', message);
  }
}

/** The connection that held this session's state (a transaction, a temporary table, a user lock, …) is lost. */
export class SessionLostError extends ClusterError {
  readonly fatal = true;

  constructor(pin: string, cause: unknown) {
    super('SESSION_LOST', `The connection that held ${pin} is lost`, cause);
  }
}

/** A drained node still ran something when the wait for it ended. It stays drained. `running` counts the connections in use. */
export class DrainIncompleteError extends ClusterError {
  readonly running: number;

  constructor(message: string, running: number) {
    super('DRAIN_INCOMPLETE', message);
    this.running = running;
  }
}

/** The pool, the cluster or the connection has been ended. The messages are mysql2's, which programs look for. */
export class ClusterClosedError extends ClusterError {
  constructor(what: 'pool' | 'connection' = 'pool') {
    const message = "Can't add new command when connection is in closed state";
    super('CLUSTER_CLOSED', what === 'pool' ? 'Pool is closed.' : message);
    if (what === 'connection') Object.assign(this, { fatal: true });
  }
}
