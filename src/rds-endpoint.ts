/** What the name of an Amazon RDS or Aurora endpoint tells. */
export interface RdsEndpoint {
  /** What instances' own names end with: `<instance>.<domain>`. Undefined where the name does not tell it. */
  readonly domain: string | undefined;
  /** It leads to one instance now and to another later: the endpoint of a cluster, a custom one, or a proxy. */
  readonly moves: boolean;
}

// 'shop.cluster-ro-abc123.eu-west-1.rds.amazonaws.com', 'db-1.abc123.rds.cn-north-1.amazonaws.com.cn'
const NAME =
  /^[^.]+\.(cluster-ro-|cluster-custom-|cluster-|proxy-)?([a-z0-9]+)\.((?:[a-z0-9-]+\.rds|rds\.[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?)$/i;

/** Reads the host name of an RDS or Aurora endpoint; undefined for any other host. */
export function readRdsEndpoint(host: string): RdsEndpoint | undefined {
  const [, prefix, cluster, region] = NAME.exec(host) ?? [];
  if (cluster === undefined) return undefined;
  return { domain: prefix === 'proxy-' ? undefined : `${cluster}.${region}`, moves: prefix !== undefined };
}
