import { formatAddress, type HostPort, parseAddress } from './address.js';
import { checkType, shown, unknownOption } from './check-option.js';
import { OptionError } from './errors.js';

/** A node as the user gives it: `'host:port'`, or with what is known of it. */
export type NodeOption =
  | string
  | {
      readonly host: string;
      readonly port?: number;
      /** Share of the reads relative to other replicas; default 1; with 0 it serves when nothing else can. */
      readonly weight?: number;
      readonly zone?: string;
      readonly tags?: readonly string[];
    };

/** A seed with its traits, parsed. */
export interface Seed extends HostPort {
  readonly address: string;
  readonly weight: number;
  readonly zone: string | undefined;
  readonly tags: readonly string[];
}

/**
 * The seeds of a cluster, one for each address.
 *
 * @param fallback the node when none is given
 * @throws OptionError
 */
export function parseSeeds(nodes: readonly NodeOption[] | undefined, fallback: HostPort): readonly Seed[] {
  if (nodes === undefined) return Object.freeze([parseSeed(fallback)]);
  if (!Array.isArray(nodes) || nodes.length === 0) {
    throw new OptionError('cluster.nodes', "must be a list of at least one address, such as ['db-1:3306']");
  }
  const seeds = nodes.map(parseSeed);
  return Object.freeze(seeds.filter((s, i) => seeds.findIndex((other) => other.address === s.address) === i));
}

function parseSeed(option: NodeOption): Seed {
  const given = typeof option === 'string' ? parseAddress(option) : option;
  if (typeof given !== 'object' || given === null || typeof given.host !== 'string') {
    throw new OptionError('cluster.nodes', `an entry must be 'host:port' or { host, port, … }, not ${shown(option)}`);
  }
  const { host, port = 3306, weight = 1, zone, tags = [], ...rest } = given as Exclude<NodeOption, string>;
  const [extra] = Object.keys(rest);
  if (extra !== undefined)
    throw unknownOption(`cluster.nodes.${extra}`, extra, ['host', 'port', 'weight', 'zone', 'tags']);
  checkTraits(weight, zone, tags);
  const address = formatAddress(parseAddress(host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`));
  return Object.freeze({ host, port, address, weight, zone, tags: Object.freeze([...tags]) });
}

function checkTraits(weight: unknown, zone: unknown, tags: unknown): void {
  checkType('cluster.nodes.weight', weight, 'number');
  if ((weight as number) < 0) throw new OptionError('cluster.nodes.weight', `must be a number from 0, not ${weight}`);
  if (zone !== undefined) checkType('cluster.nodes.zone', zone, 'string');
  if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) return;
  throw new OptionError('cluster.nodes.tags', `must be a list of strings, not ${shown(tags)}`);
}
