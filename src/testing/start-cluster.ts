import { bootstrap } from './acts/elect.js';
import { follow } from './acts/follow.js';
import { prepare } from './acts/prepare.js';
import type { ClusterState } from './cluster-state.js';
import { ClusterStartError, messageOf, startErrorOf } from './errors.js';
import type { Flavor } from './flavor.js';
import { galeraFlavor } from './galera-flavor.js';
import { groupFlavor } from './group-flavor.js';
import { mariadbFlavor } from './mariadb-flavor.js';
import { Member } from './member.js';
import { mysqlFlavor } from './mysql-flavor.js';
import { NativeBackend } from './native-backend.js';
import { Network } from './network.js';
import { type ClusterOptions, readOptions, type Settings } from './options.js';
import { Relay } from './relay.js';
import type { Backend } from './server.js';
import { removeAll, TestCluster } from './test-cluster.js';

/**
 * Starts one primary and its replicas on free ports of 127.0.0.1, replicating by GTIDs or as one group, and waits until they do;
 * with the option `galera`, nodes that all take writes.
 *
 * Nothing of it outlives this process, however that ends; it does not keep the process alive either. The first call on a
 * machine also makes a data directory in the cache folder (3 s) and, if allowed to, unpacks a server there (15 s).
 *
 * @throws ClusterStartError when an option is wrong, no server is found, or one does not come up in time.
 *
 * @example
 * const cluster = await startCluster({ replicas: 2 });
 * try {
 *   await cluster.query(cluster.primary, 'CREATE TABLE shop.t (id INT PRIMARY KEY)');
 *   await cluster.kill(cluster.primary);
 *   await cluster.promote();
 * } finally {
 *   await cluster.stop();
 * }
 */
export async function startCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const settings = readOptions(options, process.env);
  const began = performance.now();
  const members: Member[] = [];
  const backend = await makeBackend(settings).catch((error: unknown) => Promise.reject(startErrorOf(error)));
  try {
    const state = await makeMembers(settings, backend, members);
    await startMembers(state);
    settings.log(`${settings.replicas + 1} nodes replicate after ${Math.round(performance.now() - began)} ms`);
    return new TestCluster(state);
  } catch (error) {
    await removeAll({ members, backend }).catch(() => undefined);
    throw startErrorOf(error);
  }
}

async function makeBackend(settings: Settings): Promise<Backend> {
  if (settings.backend === 'native') return NativeBackend.create(settings);
  const { DockerBackend } = await import('./docker-backend.js');
  if (settings.backend === 'docker') return DockerBackend.create(settings);
  try {
    return await NativeBackend.create(settings);
  } catch (error) {
    if (!(error instanceof ClusterStartError) || !['SERVER_NOT_FOUND', 'INSTALL_FAILED'].includes(error.code))
      throw error;
    return DockerBackend.create(settings).catch((docker: unknown) => {
      throw new ClusterStartError('SERVER_NOT_FOUND', `${error.message}. Docker: ${messageOf(docker)}`, {
        cause: docker,
      });
    });
  }
}

async function makeMembers(settings: Settings, backend: Backend, members: Member[]): Promise<ClusterState> {
  const network = new Network();
  const flavor = await flavorOf(settings);
  const numbers = Array.from({ length: settings.replicas + 1 }, (_, index) => index + 1);
  const made = await Promise.allSettled(
    numbers.map(async (number) => {
      const member = await makeMember({ settings, backend, network, flavor }, number);
      members.push(member);
    }),
  );
  for (const end of made) if (end.status === 'rejected') throw end.reason;
  members.sort((one, other) => one.number - other.number);
  const [primary] = members;
  if (primary === undefined) throw new ClusterStartError('INVALID_OPTION', 'a cluster needs a node');
  return { members, primary, flavor, settings, network, backend };
}

async function flavorOf(settings: Settings): Promise<Flavor> {
  if (settings.galera) return galeraFlavor(settings);
  if (settings.flavor === 'mariadb') return mariadbFlavor(settings);
  return settings.groupReplication ? groupFlavor(settings, settings.groupReplication) : mysqlFlavor(settings);
}

interface MemberContext {
  readonly settings: Settings;
  readonly backend: Backend;
  readonly network: Network;
  readonly flavor: Flavor;
}

async function makeMember({ settings, backend, network, flavor }: MemberContext, number: number): Promise<Member> {
  const name = `node-${number}`;
  const server = await backend.create(name);
  const target = { node: number, port: () => server.port };
  const relay = settings.relay ? await Relay.create(target, network) : undefined;
  return new Member({ name, number, server, relay, flavor, settings });
}

async function startMembers(state: ClusterState): Promise<void> {
  if (state.flavor.galera) return joinMembers(state);
  const start = async (member: Member): Promise<void> => {
    await member.boot(false);
    await prepare(state, member);
    member.readOnly = member !== state.primary;
    await member.open();
  };
  // A failure must not leave others that are still starting behind.
  const ends = await Promise.allSettled(state.members.map(start));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  if (state.flavor.group) await bootstrap(state, state.flavor.group, state.primary);
  const replicas = state.members.filter((member) => member !== state.primary);
  await Promise.all(replicas.map((member) => follow(state, member)));
}

// One after the other: each is sent the data of those before it.
async function joinMembers(state: ClusterState): Promise<void> {
  for (const member of state.members) {
    await member.boot(false);
    if (member === state.primary) await prepare(state, member);
    await member.open();
  }
}
