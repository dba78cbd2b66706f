import mysql2, { type Query } from 'mysql2';
import type { Cluster } from '../../cluster/cluster.js';
import { type Killer, killBy, killsKnown } from '../../session/kill.js';
import { Session } from '../../session/session.js';
import type { SessionCore } from '../../session/session-core.js';
import { CommandStatement, contextOf, statementContexts } from './command-statement.js';
import { createQuery } from './driver.js';

/** A server, as options name it. */
interface Server {
  readonly host?: unknown;
  readonly port?: unknown;
}

/** A KILL that is meant for a connection of the cluster, not yet sent. */
interface Kill {
  readonly command: Query;
  /** @param killer has connected */
  run(killer: Killer): void;
  fail(error: Error): void;
}

interface Killing {
  /** Whether a server is one of the cluster's. */
  knows(server: Server): boolean;
  kill(sql: unknown, values?: unknown, callback?: unknown): Kill | undefined;
}

// A symbol is copied by whoever spreads the configuration, and seen by nobody who lists or logs it.
const killing = Symbol.for('mysql2-cluster.killing');

/** A copy for each connection, as in mysql2: callers change it, and connect by it. */
export function copyConfig<T extends object>(config: object, core: SessionCore): T {
  const copy = Object.create(Object.getPrototypeOf(config), Object.getOwnPropertyDescriptors(config));
  // That of a pool may be an accessor.
  const { password } = copy;
  Object.defineProperty(copy, 'password', { configurable: true, enumerable: true, writable: true, value: password });
  const contexts = statementContexts(copy);
  const kill: Killing['kill'] = (sql, values, callback) => {
    const command = createQuery(sql, values, callback, copy);
    const statement = new CommandStatement('query', command, contextOf(sql, contexts));
    if (!killsKnown(statement, core)) return undefined;
    return {
      command,
      run: (killer) => killBy(killer, statement, core) || new Session(core, false).run(statement),
      fail: (error) => statement.settle(error),
    };
  };
  copy[killing] = { knows: knowing(core.source.cluster), kill } satisfies Killing;
  return copy;
}

// The same for all configurations of a cluster.
const knowers = new WeakMap<Cluster, Killing['knows']>();

function knowing(cluster: Cluster): Killing['knows'] {
  let knows = knowers.get(cluster);
  if (knows === undefined) {
    knows = ({ host, port }) =>
      [...cluster.topology.addresses.keys()].some((address) => {
        const known = cluster.destination(address);
        return known.host === host && known.port === port;
      });
    knowers.set(cluster, knows);
  }
  return knows;
}

/**
 * A connection of mysql2 to the very node that the configuration of another one leads to, as programs make it in order to end what
 * runs there. That may have moved on, and have another id by now: its KILL goes the cluster's way. `cluster` may have been added by
 * whoever adds it to all options.
 *
 * @returns undefined for any other options, also where they name a server outside of the cluster by now
 */
export function controlConnection(options: string | object): mysql2.Connection | undefined {
  const given = Object(options) as Server & { readonly [killing]?: Killing };
  const told = given[killing];
  if (!told?.knows(given)) return undefined;
  const { cluster: _, ...own } = Object.getOwnPropertyDescriptors<object & { cluster?: unknown }>(given);
  const connection = mysql2.createConnection(Object.create(Object.getPrototypeOf(given), own));
  const loose = connection as Record<'query' | 'execute', (...call: Parameters<Killing['kill']>) => Query>;
  const killer: Killer = {
    host: given.host,
    port: given.port,
    query: loose.query.bind(connection) as Killer['query'],
    destroy: () => connection.destroy(),
  };
  for (const name of ['query', 'execute'] as const) {
    const send = loose[name].bind(connection);
    loose[name] = (...call) => {
      const found = told.kill(...call);
      if (found === undefined) return send(...call);
      // Not before it has connected: who is answered may destroy it, and mysql2 must not be in its handshake then.
      connection.connect((error) => (error ? found.fail(error) : found.run(killer)));
      return found.command;
    };
  }
  return connection;
}
