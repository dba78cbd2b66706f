/**
 * What an error of the driver says about the statement and the node, as facts that retries are decided on.
 */
export interface ErrorFacts {
  /** Something of the statement may have reached the server. */
  readonly sent: boolean;
  /** The server may have run it, wholly or in part, or may still do so. */
  readonly couldHaveRun: boolean;
  /** The node refused because of its role: it is read-only. */
  readonly wrongNode: boolean;
  /** It refused because the transaction is read-only (1792): ours on a replica, the user's own on a primary. */
  readonly readOnlyTransaction: boolean;
  /** The node gave up waiting for its group: whether that commits the transaction, the node does not know. */
  readonly undecided: boolean;
  /** The node takes no statement now, whatever it is: nothing of this one ran, or of a part of it. */
  readonly notReady: boolean;
  /** The node knows no such schema, table, column, routine or right: a replica may only not have it yet. */
  readonly unknownName: boolean;
  /** The connection is lost, and perhaps the node. */
  readonly gone: boolean;
  /** The node is alive and has no connection or no right to one more for us. */
  readonly full: boolean;
  /** The account or its password was refused. */
  readonly denied: boolean;
  /** The connection can be used on: the server answered with an error packet. */
  readonly usable: boolean;
}

/** The fields of mysql2's errors that facts are read from. */
export interface DriverError extends Error {
  readonly code?: string;
  readonly errno?: number;
  readonly sqlState?: string;
  readonly sqlMessage?: string;
  readonly fatal?: boolean;
}

/** Whether the error came while connecting, or for a statement on an open connection. */
export type ErrorPhase = 'connect' | 'statement';

// 1040 ER_CON_COUNT_ERROR, 1203 ER_TOO_MANY_USER_CONNECTIONS, 1226 ER_USER_LIMIT_REACHED
const FULL = new Set([1040, 1203, 1226]);
// The account, its rights or its state; 1129 and 1130 our host, 1862 an expired password, 3955 too many wrong ones
const DENIED = new Set([1044, 1045, 1049, 1129, 1130, 1698, 1862, 3118, 3159, 3955, 4151]);
// 3032 ER_SERVER_OFFLINE_MODE, 1053 ER_SERVER_SHUTDOWN, 1077 and 1079 shutdown notices, 1927 and 3169 session killed, 4031 idle for too long
const ENDED = new Set([1053, 1077, 1079, 1927, 3032, 3169, 4031]);
// 1049 a schema, 1146 a table, 1054 a column, 1176 an index, 1305 a routine; 1044, 1142, 1143 and 1370 a right to one of them
const UNKNOWN_NAME = new Set([1044, 1049, 1054, 1142, 1143, 1146, 1176, 1305, 1370]);
// 3100 ER_RUN_HOOK_ERROR: what was broadcast before the node was expelled, or left, may still be certified by the others.
const UNDECIDED = 3100;
const CLOSED_STATE = "Can't add new command when connection is in closed state";

/**
 * Reads the facts out of an error.
 *
 * @param error what mysql2 gave
 * @param phase whether it came while connecting
 */
export function readError(error: DriverError, phase: ErrorPhase): ErrorFacts {
  const errno = fromServer(error) ? error.errno : undefined;
  if (errno === undefined) return lostConnection(error, phase);
  const gone = ENDED.has(errno) || lostItsGroup(error);
  const notReady = refusedByGalera(error);
  return {
    sent: phase === 'statement',
    couldHaveRun: phase === 'statement' && !refusedAsReadOnly(error) && !notReady,
    wrongNode: refusedAsReadOnly(error),
    readOnlyTransaction: errno === 1792,
    undecided: errno === UNDECIDED,
    notReady,
    unknownName: phase === 'statement' && UNKNOWN_NAME.has(errno),
    gone,
    full: FULL.has(errno),
    denied: phase === 'connect' && DENIED.has(errno),
    usable: phase === 'statement' && !gone && error.fatal !== true,
  };
}

/** True when a server's error packet carried it. */
export function fromServer(error: DriverError): boolean {
  return typeof error.errno === 'number' && error.errno >= 1000 && typeof error.sqlState === 'string';
}

/**
 * 1836 ER_READ_ONLY_MODE, 1792 ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, and 1290 ER_OPTION_PREVENTS_STATEMENT only when
 * its text names the option: 1290 is `--secure-file-priv` as well.
 */
export function refusedAsReadOnly(error: DriverError): boolean {
  if (error.errno === 1836 || error.errno === 1792) return true;
  return error.errno === 1290 && /read[-_]only/.test(error.sqlMessage ?? error.message);
}

// 1047 ER_UNKNOWN_COM_ERROR is also a command that a server does not know. This one precedes execution: a node that is in no
// primary component, joins, or has wsrep_reject_queries.
function refusedByGalera(error: DriverError): boolean {
  return error.errno === 1047 && /WSREP/i.test(error.sqlMessage ?? error.message);
}

// 1180 ER_ERROR_DURING_COMMIT: a commit was on its way to the others when this Galera node lost them. Whether they have it,
// nobody here can tell.
function lostItsGroup(error: DriverError): boolean {
  return error.errno === 1180 && /provider status|WSREP/i.test(error.sqlMessage ?? error.message);
}

function lostConnection(error: DriverError, phase: ErrorPhase): ErrorFacts {
  const sent = phase === 'statement' && error.message !== CLOSED_STATE;
  // Errors of the driver itself (a bad parameter, a protocol error) say nothing of the node.
  const gone = phase === 'connect' || error.fatal === true || NETWORK.has(error.code ?? '') || !sent;
  return {
    sent,
    couldHaveRun: sent,
    wrongNode: false,
    readOnlyTransaction: false,
    undecided: false,
    notReady: false,
    unknownName: false,
    gone,
    full: false,
    denied: false,
    usable: false,
  };
}

const NETWORK = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** Of the errors of several servers the one to show: what a server has answered tells more than that another cannot be reached. */
export function mostTelling<E extends DriverError>(errors: readonly E[]): E | undefined {
  return errors.find(fromServer) ?? errors[0];
}
