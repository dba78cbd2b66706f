import { NoNodeAvailableError, PoolTimeoutError } from '../errors.js';
import type { NodeView } from '../topology/topology.js';
import type { NodePoolSettings } from './pool-resource.js';

/** mysql2's `waitForConnections` and `queueLimit`. */
export type Queue = Pick<NodePoolSettings, 'queueLimit' | 'waitForConnections'>;

/** Why one more may not wait for a connection, in mysql2's own words, which programs look for; undefined when it may. */
export function refusalOf(
  { waitForConnections = true, queueLimit = 0 }: Queue,
  waiting: number,
): PoolTimeoutError | undefined {
  if (!waitForConnections) return new PoolTimeoutError('No connections available.');
  return queueLimit > 0 && waiting >= queueLimit ? new PoolTimeoutError('Queue limit reached.') : undefined;
}

/** The error of a call that names a node to which no statements are sent. */
export function notServing({ address, role, because }: NodeView): NoNodeAvailableError {
  return new NoNodeAvailableError(`${address} was asked for and takes no statements`, {
    [address]: `${role}: ${because}`,
  });
}

/** The error of a wait that took as long as it may. */
export function timeoutOf({
  acquireTimeoutMs,
  max,
}: Pick<NodePoolSettings, 'acquireTimeoutMs' | 'max'>): PoolTimeoutError {
  return new PoolTimeoutError(
    `no connection became free within pool.acquireTimeoutMs (${acquireTimeoutMs} ms); all of pool.max (${max}) are in use`,
  );
}
