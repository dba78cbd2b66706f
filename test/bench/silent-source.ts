import { systemClock } from '../../src/clock.js';
import { Cluster } from '../../src/cluster/cluster.js';
import { LeaseSource } from '../../src/cluster/lease-source.js';
import { policyOf } from '../../src/cluster/routing-policy.js';
import { GtidSet } from '../../src/gtid/gtid-set.js';
import { type Consistency, parseOptions, type Settings } from '../../src/options.js';
import type { RouteContext } from '../../src/routing/route.js';
import type { LiveReport, ReplicationChannel } from '../../src/topology/node-report.js';

const PRIMARY = 'db-1:3306';
const REPLICAS = ['db-2:3306', 'db-3:3306'];
const PRIMARY_UUID = '00000000-0000-0000-0000-000000000001';
const EXECUTED = GtidSet.parse(`${PRIMARY_UUID}:1-5000000`);
const ROUNDS_TO_BELIEVE = 10;

/** A transaction that every node of {@link SilentSource} has. */
export const KNOWN_GTID = `${PRIMARY_UUID}:4999999`;

/**
 * The real lease source of a pool on a cluster of one primary and two replicas that are never asked: the reports of probes are
 * made up. Nothing is sent.
 */
export class SilentSource {
  readonly settings: Settings;
  readonly source: LeaseSource;
  readonly #cluster: Cluster;

  constructor(consistency: Consistency) {
    this.settings = parseOptions({ nodes: [PRIMARY, ...REPLICAS], discover: false, consistency });
    const connection = { user: 'nobody' };
    this.#cluster = new Cluster({
      settings: this.settings,
      connection,
      clock: systemClock,
    });
    this.source = new LeaseSource(this.#cluster, { connection, settings: this.settings });
    for (let round = 0; round < ROUNDS_TO_BELIEVE; round++) this.refresh();
    const { primary, replicas } = this.#cluster.topology;
    const up = replicas.filter(({ health }) => health === 'up').length;
    if (!primary || up !== REPLICAS.length) throw new Error(`the made up reports are not believed: ${up} replicas up`);
  }

  get topology(): Cluster['topology'] {
    return this.#cluster.topology;
  }

  /** All nodes report anew, so that no replica looks old. */
  refresh(): void {
    this.#cluster.observe(report(PRIMARY, []));
    for (const address of REPLICAS) this.#cluster.observe(report(address, [channel()]));
  }

  /** What the lease source routes by. */
  context(): RouteContext {
    return {
      loads: new Map([...this.topology.nodes.keys()].map((id) => [id, this.source.traffic(id)])),
      now: systemClock.now(),
      begunAt: systemClock.now(),
      random: Math.random,
      turn: 0,
      policy: policyOf(this.settings),
    };
  }

  async close(): Promise<void> {
    await this.source.close(0);
    this.#cluster.close();
  }
}

function report(address: string, channels: readonly ReplicationChannel[]): LiveReport {
  const now = systemClock.now();
  return {
    ok: true,
    address,
    sentAt: now,
    answeredAt: now,
    id: `00000000-0000-0000-0000-00000000000${address.charAt(3)}`,
    kind: 'gtid-replication',
    flavor: 'mysql',
    version: '9.7.4',
    sqlMode: 'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES',
    readOnly: channels.length > 0,
    executed: EXECUTED,
    channels,
    replicas: undefined,
    advertised: undefined,
    heartbeat: undefined,
    behind: undefined,
    semiSync: undefined,
    group: undefined,
    instance: undefined,
    missingGrants: [],
  };
}

function channel(): ReplicationChannel {
  return {
    name: '',
    source: PRIMARY,
    sourceId: PRIMARY_UUID,
    io: 'running',
    sql: 'running',
    delaySeconds: 0,
    secondsBehind: 0,
    retrieved: EXECUTED,
    error: undefined,
  };
}
