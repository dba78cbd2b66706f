import type { Connection as CallbackConnection } from 'mysql2';
import type { PreparedStatementInfo } from 'mysql2/promise';
import { StatementRefusedError } from '../../errors.js';
import type { Cluster } from '../cluster.js';
import { withCallerStack } from './caller-stack.js';
import { PromiseConnection, PromisePoolConnection } from './driver.js';

/** mysql2's promise connection on a cluster. */
export class ClusterPromiseConnection extends PromiseConnection {
  /** The cluster behind the connection. */
  readonly cluster: Cluster;

  constructor(connection: CallbackConnection & { readonly cluster: Cluster }, promise?: PromiseConstructor) {
    super(connection, promise);
    this.cluster = connection.cluster;
  }
}

/** mysql2's promise connection of a pool, on a cluster. */
export class ClusterPromisePoolConnection extends PromisePoolConnection {
  /** The cluster behind the pool, as this connection sees it. */
  get cluster(): Cluster {
    return (this as unknown as { connection: { cluster: Cluster } }).connection.cluster;
  }
}

type Method = (this: unknown, ...args: unknown[]) => unknown;
type Forwarding = { readonly connection: Record<string, Method> };
type Configured = { readonly config: { readonly trace?: boolean } };

const ASYNCHRONOUS = [
  ...['query', 'execute', 'prepare', 'beginTransaction', 'commit', 'rollback'],
  ...['ping', 'reset', 'changeUser', 'connect', 'end'],
];
// mysql2 runs its own connection's methods on the wrapped object; on ours, its own methods are meant.
const SYNCHRONOUS = ['destroy', 'escape', 'escapeId', 'format', 'pause', 'resume', 'unprepare'];

for (const { prototype } of [ClusterPromiseConnection, ClusterPromisePoolConnection]) {
  const inherited = prototype as unknown as Record<string, Method>;
  for (const name of ASYNCHRONOUS) define(prototype, name, tracing(inherited[name] as Method));
  define(prototype, 'prepare', preparing(inherited.prepare as Method));
  for (const name of SYNCHRONOUS) define(prototype, name, forwarding(name));
  // A promise that is never settled would keep its caller for ever.
  define(prototype, 'close', forwarding('destroy'));
}

/** A promise connection that its user does not give back; after `leave` it runs nothing. */
export function guestOf(connection: CallbackConnection): {
  readonly face: ClusterPromisePoolConnection;
  leave(): void;
} {
  const face = new ClusterPromisePoolConnection(connection);
  define(face, 'release', () => undefined);
  const late = async (): Promise<never> => {
    throw new StatementRefusedError('the transaction that this connection was made for has ended');
  };
  return {
    face,
    leave: () => {
      for (const name of ASYNCHRONOUS) define(face, name, late);
      // The connection may be another's by now.
      for (const name of ['close', 'destroy', 'pause', 'resume']) define(face, name, () => undefined);
    },
  };
}

function define(prototype: object, name: string, value: Method): void {
  Object.defineProperty(prototype, name, { configurable: true, writable: true, value });
}

function tracing(method: Method): Method {
  return function (...args) {
    return withCallerStack(method.apply(this, args) as Promise<unknown>, (this as Configured).config);
  };
}

// The handle is mysql2's, made anew by each call.
function preparing(method: Method): Method {
  return function (...args) {
    const { config } = this as Configured;
    const pending = (method.apply(this, args) as Promise<PreparedStatementInfo>).then((statement) => {
      const execute = statement.execute as Method;
      define(statement, 'execute', (...given) => withCallerStack(execute.apply(statement, given) as never, config));
      return statement;
    });
    return withCallerStack(pending, config);
  };
}

function forwarding(name: string): Method {
  return function (this: unknown, ...args) {
    const { connection } = this as Forwarding;
    return connection[name]?.(...args);
  };
}
