import { isIPv6 } from 'node:net';
import { OptionError } from './errors.js';

/** A host and a port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Splits `host`, `host:port`, `[::1]:3306` or a bare IPv6 address. `option` is named in the error. */
export function parseAddress(text: string, option = 'cluster.nodes'): HostPort {
  const [, bracketed, named, digits] = /^(?:\[([^\]]+)\]|([^\s/:[\],]+))(?::(\d+))?$/.exec(text) ?? [];
  const host = bracketed === undefined ? (named ?? (isIPv6(text) ? text : '')) : isIPv6(bracketed) ? bracketed : '';
  const port = digits === undefined ? 3306 : Number(digits);
  if (!host || port < 1 || port > 65535) {
    throw new OptionError(option, `'${text}' is not an address; write 'host:port', such as 'db-1:3306'`);
  }
  return { host, port };
}

/** `host:port`, with `localhost` as `127.0.0.1` since both are one node, and brackets around IPv6. */
export function formatAddress({ host, port }: HostPort): string {
  const name = host.toLowerCase() === 'localhost' ? '127.0.0.1' : host;
  return name.includes(':') ? `[${name}]:${port}` : `${name}:${port}`;
}
