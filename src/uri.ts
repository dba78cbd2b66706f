import { unknownOption } from './check-option.js';
import { OptionError } from './errors.js';
import { optionTable } from './option-table.js';
import type { ClusterOptions } from './options.js';
import type { NodeOption } from './seeds.js';
import { suggest } from './suggest.js';

/** Names that are nearer to each other than this are a slip apart. */
const SLIP = 3;

/** What a URI says: mysql2's own options, and ours under `cluster`. */
export type UriOptions = Record<string, unknown> & { readonly cluster: ClusterOptions };

/**
 * Reads a URI that names a cluster: `mysql://app:pw@db-1,db-2:3307/shop?maxLagMs=500`. Several hosts, or
 * `cluster=true`, switch the cluster on, and so does `mysql+srv://app:pw@_mysql._tcp.shop.example/shop`, which names a DNS
 * service whose targets are the nodes.
 *
 * @returns undefined for a URI of one host without `cluster=true`: mysql2 reads that one itself
 * @throws OptionError when it is no `mysql:` URI although it names several hosts
 */
export function parseUri(uri: string): UriOptions | undefined {
  const parts = /^([a-z0-9+]+):\/\/(?:([^@/?#]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i.exec(uri);
  const scheme = parts?.[1]?.toLowerCase();
  const hosts = (parts?.[3] ?? '').split(',').filter((host) => host !== '');
  const query = new URLSearchParams(parts?.[5] ?? '');
  if (hosts.length < 2 && query.get('cluster') !== 'true' && scheme !== 'mysql+srv') return undefined;
  if (!parts || (scheme !== 'mysql' && scheme !== 'mysql+srv')) {
    throw new OptionError('uri', "must begin with 'mysql://' or 'mysql+srv://'");
  }
  query.delete('cluster');
  const [user, ...password] = (parts[2] ?? '').split(':');
  const options: Record<string, unknown> = {};
  if (user) options.user = decoded(user);
  if (password.length > 0) options.password = decoded(password.join(':'));
  if (parts[4]) options.database = decoded(parts[4]);
  return { ...options, ...splitQuery(query, scheme === 'mysql' ? hosts : hosts.map((srv) => ({ srv }))) };
}

function splitQuery(query: URLSearchParams, nodes: readonly NodeOption[]): UriOptions {
  const ours = new Map(optionTable.map((option) => [option.name, option.type]));
  const options: Record<string, unknown> = {};
  const cluster: Record<string, unknown> = nodes.length > 0 ? { nodes } : {};
  for (const [name, text] of query) {
    const type = ours.get(name);
    if (type === undefined && isMeantForUs(name, ours.keys()))
      throw unknownOption(`cluster.${name}`, name, [...ours.keys()]);
    if (type === undefined) options[name] = jsonOrText(text);
    else
      assign(
        cluster,
        name,
        type === 'strings' ? text.split(',') : type === 'string' || type === 'choice' ? text : jsonOrText(text),
      );
  }
  return { ...options, cluster: cluster as ClusterOptions };
}

// `pool.maxx` is none of mysql2's, nor is what differs from one of ours by a slip.
function isMeantForUs(name: string, ours: Iterable<string>): boolean {
  return name.includes('.') || suggest(name, ours, SLIP) !== undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new OptionError(
      'uri',
      'holds a percent sign that is not followed by two hexadecimal digits; write it as %25',
    );
  }
}

function assign(target: Record<string, unknown>, name: string, value: unknown): void {
  const [head, tail] = name.split('.') as [string, string | undefined];
  if (tail === undefined) target[head] = value;
  else target[head] = { ...(target[head] as object | undefined), [tail]: value };
}

// mysql2 reads the values of its own URIs as JSON where they are JSON.
function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
