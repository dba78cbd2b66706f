import { formatAddress, type HostPort, parseAddress } from './address.js';
import { checkChoice, checkType, shown, unknownOption } from './check-option.js';
import { OptionError } from './errors.js';

/** A node as the user gives it: `'host:port'`, or with what is known of it; or a service whose targets are nodes. */
export type NodeOption =
  | string
  | ({ readonly host: string; readonly port?: number } & TraitOptions)
  | ({
      /** A DNS service (SRV) such as `'_mysql._tcp.shop.example'`: its targets are the seeds. */
      readonly srv: string;
    } & TraitOptions);

/** What the user may say of a node. */
export interface TraitOptions {
  /** Share of the reads relative to other replicas; default 1; with 0 it serves when nothing else can. */
  readonly weight?: number;
  readonly zone?: string;
  readonly tags?: readonly string[];
  /**
   * Its role, for all nodes or for none. Roles that are given are not asked of the servers, and nothing is discovered: the one
   * primary is that while it is up, even when it is read-only or has a source. Default: what the servers say.
   */
  readonly role?: 'primary' | 'replica';
  /** The name that its TLS certificate is checked against, instead of `host`. Wants `ssl: { verifyIdentity: true }`. */
  readonly tlsName?: string;
}

/** A seed with its traits, parsed. */
export interface Seed extends HostPort {
  /** The host is the name of a DNS service, which has no address of its own. */
  readonly srv: boolean;
  readonly address: string;
  readonly weight: number;
  readonly zone: string | undefined;
  readonly tags: readonly string[];
  readonly role: 'primary' | 'replica' | undefined;
  readonly tlsName: string | undefined;
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
  checkRoles(seeds);
  return Object.freeze(seeds.filter((s, i) => seeds.findIndex((other) => other.address === s.address) === i));
}

function parseSeed(option: NodeOption): Seed {
  const given: unknown = typeof option === 'string' ? parseAddress(option) : option;
  if (!isRecord(given) || (typeof given.host !== 'string' && typeof given.srv !== 'string')) {
    const wanted = "'host:port', { host, port, … } or { srv, … }";
    throw new OptionError('cluster.nodes', `an entry must be ${wanted}, not ${shown(option)}`);
  }
  const { weight = 1, zone, tags = [], role, tlsName, ...where } = given as TraitOptions & Record<string, unknown>;
  checkTraits(weight, zone, tags);
  if (role !== undefined) checkChoice('cluster.nodes.role', role, ['primary', 'replica']);
  if (tlsName !== undefined) checkType('cluster.nodes.tlsName', tlsName, 'string');
  return Object.freeze({ ...parsePlace(where), weight, zone, tags: Object.freeze([...tags]), role, tlsName });
}

function parsePlace(where: Record<string, unknown>): Pick<Seed, 'host' | 'port' | 'address' | 'srv'> {
  const { host, port = 3306, srv, ...rest } = where;
  const [extra] = srv === undefined ? Object.keys(rest) : Object.keys(where).filter((key) => key !== 'srv');
  if (extra !== undefined) {
    const known = [
      'weight',
      'zone',
      'tags',
      'role',
      'tlsName',
      ...(srv === undefined ? ['host', 'port', 'srv'] : ['srv']),
    ];
    throw unknownOption(`cluster.nodes.${extra}`, extra, known);
  }
  if (typeof srv === 'string') return { host: srv, port: 0, address: `srv:${parseService(srv)}`, srv: true };
  const name = String(host);
  const address = parseAddress(name.includes(':') ? `[${name}]:${port}` : `${name}:${port}`);
  return { host: name, port: address.port, address: formatAddress(address), srv: false };
}

function parseService(name: string): string {
  if (/^_[^\s.:/]+\._tcp\.[^\s:/]+$/i.test(name)) return name;
  const right = "write the whole name of the service, without a port, such as '_mysql._tcp.shop.example'";
  throw new OptionError('cluster.nodes.srv', `'${name}' is not the name of a DNS service; ${right}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function checkTraits(weight: unknown, zone: unknown, tags: unknown): void {
  checkType('cluster.nodes.weight', weight, 'number');
  if ((weight as number) < 0) throw new OptionError('cluster.nodes.weight', `must be a number from 0, not ${weight}`);
  if (zone !== undefined) checkType('cluster.nodes.zone', zone, 'string');
  if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) return;
  throw new OptionError('cluster.nodes.tags', `must be a list of strings, not ${shown(tags)}`);
}

function checkRoles(seeds: readonly Seed[]): void {
  const [first, second] = seeds.filter(({ role }) => role === 'primary');
  if (second !== undefined) {
    const several = `${first?.address} and ${second.address} are both given as the primary`;
    const right = 'name one, such as the address that a failover moves, or leave the roles to the servers';
    throw new OptionError('cluster.nodes.role', `${several}: ${right}`);
  }
  const without = seeds.find(({ role }) => role === undefined);
  if (without === undefined || seeds.every(({ role }) => role === undefined)) return;
  throw new OptionError('cluster.nodes.role', `is given for some nodes and not for ${without.address}: all or none`);
}
