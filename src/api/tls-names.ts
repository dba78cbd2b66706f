import type { ConnectionSettings } from '../cluster/physical-connection.js';
import { OptionError } from '../errors.js';
import type { Settings } from '../options.js';

/**
 * A name to check certificates against must not stay without effect.
 *
 * @throws OptionError
 */
export function checkTlsNames({ nodes }: Pick<Settings, 'nodes'>, { ssl, stream }: ConnectionSettings): void {
  if (nodes.every(({ tlsName }) => tlsName === undefined)) return;
  const checked = typeof ssl === 'object' && ssl.verifyIdentity === true && ssl.rejectUnauthorized !== false;
  if (!checked) throw new OptionError('cluster.nodes.tlsName', 'is checked only with ssl: { verifyIdentity: true }');
  if (stream !== undefined) throw new OptionError('cluster.nodes.tlsName', 'cannot be used with the option stream');
}
