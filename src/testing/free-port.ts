import { createServer, type Server } from 'node:net';
import { ClusterActError } from './errors.js';

// Below what Linux and macOS hand out to outgoing connections: otherwise such a connection could take the port of a server
// that is down for a moment, and a client that keeps dialling it could even be connected to itself.
const LOWEST = 20_000;
const HIGHEST = 32_000;
const TRIES = 100;

// A port that was found may be listened on only later, as a node of Galera does for what it receives.
const given = new Set<number>();
const MOST_GIVEN = (HIGHEST - LOWEST) / 2;

/** Makes the server listen on a free port of 127.0.0.1 that this process was not given before, and returns the port. */
export async function listenOnFreePort(server: Server): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (given.has(port) || !(await listens(server, port))) continue;
    if (given.size >= MOST_GIVEN) given.clear();
    given.add(port);
    return port;
  }
  throw new ClusterActError('PORT_TAKEN', `no free port found on 127.0.0.1 between ${LOWEST} and ${HIGHEST}`);
}

/** Makes the server listen on that port of 127.0.0.1; `false` when the port is taken. */
export function listens(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      server.off('listening', onListening);
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    };
    const onListening = (): void => {
      server.off('error', onError);
      resolve(true);
    };
    server.once('error', onError).once('listening', onListening);
    server.listen({ host: '127.0.0.1', port });
  });
}

/** A port of 127.0.0.1 that nobody listens on now, and that this process was not given before. */
export async function findFreePort(): Promise<number> {
  const probe = createServer();
  const port = await listenOnFreePort(probe);
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
