import type { QueryResult, RowDataPacket } from 'mysql2/promise';
import { bootstrap } from './acts/elect.js';
import { follow, waitApplied, waitUntilReplicating } from './acts/follow.js';
import { join } from './acts/join.js';
import { livingReplicas, promote } from './acts/promote.js';
import { rebuild } from './acts/rebuild.js';
import { startReplication, stopReplication } from './acts/replication.js';
import { switchover } from './acts/switchover.js';
import { type ClusterState, memberOf, requireRunning } from './cluster-state.js';
import { CREDENTIALS, type Credentials } from './credentials.js';
import { ClusterActError } from './errors.js';
import type { ReplicationThread } from './flavor.js';
import type { Partition } from './network.js';
import type { FlavorName } from './options.js';
import type { TestNode } from './test-node.js';

/**
 * A running cluster of real servers: one primary, its replicas, and the acts that tests need. Made by `startCluster`.
 *
 * A node is given as a `TestNode` or by its name. Every act waits, within the option `timeoutMs`, until what it did is true, and
 * throws `ClusterActError` otherwise (`UNSUPPORTED` when it makes no sense in this kind of cluster).
 */
export class TestCluster {
  readonly #state: ClusterState;
  #stopping: Promise<void> | undefined;

  /** @internal */
  constructor(state: ClusterState) {
    this.#state = state;
  }

  /** All nodes, in the order of their names. */
  get nodes(): readonly TestNode[] {
    return [...this.#state.members];
  }

  /** The node that the acts made the primary last; it may be down. */
  get primary(): TestNode {
    return this.#state.primary;
  }

  /** The nodes that the acts made replicas; an old primary is none before `rebuild`. In a Galera cluster, all but `primary`. */
  get replicas(): readonly TestNode[] {
    const { members, primary, flavor } = this.#state;
    return members.filter((member) => (member.readOnly || flavor.galera !== undefined) && member !== primary);
  }

  get flavor(): FlavorName {
    return this.#state.flavor.name;
  }

  get backend(): 'native' | 'docker' {
    return this.#state.backend.name;
  }

  /** All accounts. */
  get credentials(): Credentials {
    return CREDENTIALS;
  }

  /** The application's account: `credentials.app.user`. */
  get user(): string {
    return CREDENTIALS.app.user;
  }

  /** `credentials.app.password`. */
  get password(): string {
    return CREDENTIALS.app.password;
  }

  /** The first of the option `databases`. */
  get database(): string {
    return this.#state.settings.databases[0];
  }

  /** `mysql://app:…@127.0.0.1:…,127.0.0.1:…/shop` with the advertised addresses of all nodes. */
  get uri(): string {
    const addresses = this.#state.members.map(({ address }) => address).join(',');
    return `mysql://${this.user}:${encodeURIComponent(this.password)}@${addresses}/${this.database}`;
  }

  /** Runs one statement on one node as `root`, past its relay, and returns what mysql2's `query` puts first. */
  query<T extends QueryResult = RowDataPacket[]>(
    node: TestNode | string,
    sql: string,
    values?: readonly unknown[],
  ): Promise<T> {
    return memberOf(this.#state, node).query<T>(sql, values);
  }

  /** SIGKILL. Connections are reset and new ones refused. Does nothing when the node is down. */
  async kill(node: TestNode | string): Promise<void> {
    const member = this.#begin('kill', node);
    await member.kill();
  }

  /** SIGSTOP: the node accepts connections and says nothing. */
  async pause(node: TestNode | string): Promise<void> {
    await requireRunning(this.#begin('pause', node), 'pause').pause();
  }

  /** SIGCONT. */
  async resume(node: TestNode | string): Promise<void> {
    await this.#begin('resume', node).resume();
  }

  /**
   * Starts a node that is down, as it was: a replica read-only and with the source it had, an old primary without a source and
   * writable, as real ones do. Use `rebuild` to make it fit the cluster. Does nothing when the node runs. A member of a group
   * is not in it before `rebuild`. A node of a Galera cluster joins the others when they have expelled who is dead (for at most
   * 10 s), and the first that starts when none is up begins the cluster anew.
   */
  async start(node: TestNode | string): Promise<void> {
    const member = this.#begin('start', node);
    if (member.state === 'down') await join(this.#state, member);
  }

  /**
   * Makes a replica the primary: by default the living one that received the most transactions and is not behind a partition. It applies its relay log first;
   * the other living replicas then follow it. The old primary is not touched: if it lives, it stays writable. A group whose
   * primary is gone elects another one by itself (after about 6 s): without a node this waits for it.
   */
  promote(node?: TestNode | string): Promise<TestNode> {
    this.#requireReplication('promote');
    return promote(this.#state, node === undefined ? undefined : this.#begin('promote', node));
  }

  /**
   * A planned change: the old primary becomes read-only, the replica (by default the most advanced) catches up and becomes the
   * primary, and all others follow it. When catching up fails the old primary is writable again.
   */
  switchover(node?: TestNode | string): Promise<TestNode> {
    this.#requireReplication('switch over');
    return switchover(this.#state, node === undefined ? undefined : this.#begin('switchover', node));
  }

  /**
   * Makes any other node a read-only replica of the primary, after starting it if need be. It keeps its data unless it has
   * transactions that the primary lacks, or needs binary logs that the primary purged: then it is built anew, with a new UUID and server id.
   * A node of a Galera cluster is always sent all data anew.
   */
  async rebuild(node: TestNode | string): Promise<void> {
    await rebuild(this.#state, this.#begin('rebuild', node));
  }

  /**
   * The node begins a new group, alone, as its primary: what is done when a group has lost its majority for good. `rebuild` makes
   * others join it. Only with the option `groupReplication`.
   */
  async bootstrap(node: TestNode | string): Promise<void> {
    const member = this.#begin('bootstrap', node);
    const { group } = this.#state.flavor;
    if (group === undefined) throw new ClusterActError('UNSUPPORTED', 'bootstrap needs the option groupReplication');
    await bootstrap(this.#state, group, member);
  }

  /** The replica applies transactions that many seconds after they were committed; 0 ends that. */
  async setDelay(node: TestNode | string, seconds: number): Promise<void> {
    this.#requireReplication('delay');
    const member = this.#begin(`delay by ${seconds} s`, node);
    await member.run(this.#state.flavor.setDelay(seconds));
    await waitUntilReplicating(this.#state, member);
  }

  /** Stops receiving (`'io'`) or applying (`'sql'`) on a replica. Default: both. A member of a group leaves it, or with `'sql'` applies nothing. */
  async stopReplication(node: TestNode | string, thread?: ReplicationThread): Promise<void> {
    this.#requireReplication('stop replication');
    await stopReplication(this.#state, this.#begin(`stop replication (${thread ?? 'both'})`, node), thread);
  }

  /** Starts both threads of a replica, or has a member of a group join it, and waits until they run. */
  async startReplication(node: TestNode | string): Promise<void> {
    this.#requireReplication('start replication');
    await startReplication(this.#state, this.#begin('start replication', node));
  }

  /** Makes a node that has no source, or another one, a replica of the primary, whatever its data. `rebuild` is the careful way. */
  async follow(node: TestNode | string): Promise<void> {
    this.#requireReplication('follow');
    await follow(this.#state, this.#begin('follow', node));
  }

  /**
   * Cuts a node off, by its relay: clients, replicas of it and, unless `replication: false`, its own replication (of a group's
   * member: clients and, unless `replication: false`, all other members). By default
   * `{ mode: 'drop' }`. A second call replaces the first. Throws `ClusterActError` (`NO_RELAY`) with `relay: false`. In a Galera
   * cluster only clients pass the relays, so `replication: false` must be given; `pause` cuts a node off from the others.
   */
  async partition(node: TestNode | string, partition: Partition = {}): Promise<void> {
    if (partition.replication !== false) this.#requireReplication('partition without { replication: false }');
    const member = this.#begin(`partition (${partition.mode ?? 'drop'})`, node);
    if (member.relay === undefined)
      throw new ClusterActError('NO_RELAY', 'partition needs a relay: start the cluster without { relay: false }');
    this.#state.network.cut(member.number, partition);
    await this.#refreshRelays();
  }

  /** Ends a partition. Connections that lost bytes are reset. */
  async heal(node: TestNode | string): Promise<void> {
    this.#state.network.heal(this.#begin('heal', node).number);
    await this.#refreshRelays();
  }

  /** Waits until every living replica has applied what the primary has executed now. Default bound: the option `timeoutMs`. */
  async waitForReplication(timeoutMs: number = this.#state.settings.timeoutMs): Promise<void> {
    const primary = requireRunning(this.#state.primary, 'wait for replication');
    const text = await this.#state.flavor.executed(primary.ask);
    const replicas = await livingReplicas(this.#state);
    await Promise.all(replicas.map((member) => waitApplied(this.#state, member, { text, timeoutMs })));
  }

  /** Ends all servers and removes their data. May be called more than once. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    this.#state.settings.log('stop');
    await removeAll(this.#state);
  }

  async #refreshRelays(): Promise<void> {
    await Promise.all(this.#state.members.map((member) => member.relay?.refresh()));
  }

  #requireReplication(act: string): void {
    if (this.#state.flavor.galera === undefined) return;
    throw new ClusterActError('UNSUPPORTED', `cannot ${act}: the nodes of a Galera cluster agree by themselves`);
  }

  #begin(act: string, node: TestNode | string): ReturnType<typeof memberOf> {
    const member = memberOf(this.#state, node);
    this.#state.settings.log(`${act}: ${member.name}`);
    return member;
  }
}

/** Ends what runs, and removes what was made; all of it, even when a part fails. */
export async function removeAll({ members, backend }: Pick<ClusterState, 'members' | 'backend'>): Promise<void> {
  const ends = await Promise.allSettled(members.map((member) => member.remove()));
  await backend.close();
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
