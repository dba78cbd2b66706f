import { tracingChannel } from 'node:diagnostics_channel';

/** What mysql2 tells of a pool's search for a connection. */
interface PoolConnect {
  readonly database: string;
  readonly serverAddress: string | undefined;
  readonly serverPort: number | undefined;
}

/** The server, as far as it is known. */
interface Server {
  readonly host?: unknown;
  readonly port?: unknown;
}

type Found = (error: Error | null, ...results: never[]) => void;

const channel = tracingChannel<string, object>('mysql2:pool:connect');

/** Whether somebody listens to mysql2's channel of pools: only then {@link tracePoolConnect} is of use. */
export function isTraced(): boolean {
  return channel.start.hasSubscribers || channel.asyncEnd.hasSubscribers || channel.error.hasSubscribers;
}

/**
 * Publishes on mysql2's channel `mysql2:pool:connect` that a connection is looked for, and that `found` was called. mysql2 itself
 * does so in its own pool, which a cluster has no use for.
 *
 * @param search is given what it shall call, and what it may tell the server to before
 */
export function tracePoolConnect<F extends Found>(
  config: Server & { readonly database?: unknown },
  found: F,
  search: (found: F, at: (server: Server) => void) => void,
): void {
  const { database } = config;
  const told: PoolConnect = { database: typeof database === 'string' ? database : '', ...serverOf(config) };
  const start = (traced: F): void => search(traced, (server) => Object.assign(told, serverOf(server)));
  (channel.traceCallback as (...call: unknown[]) => void).call(channel, start, 0, told, undefined, found);
}

function serverOf({ host, port }: Server): Omit<PoolConnect, 'database'> {
  return {
    serverAddress: typeof host === 'string' ? host : undefined,
    serverPort: typeof port === 'number' ? port : undefined,
  };
}
