import { ClusterActError } from './errors.js';
import type { Flavor } from './flavor.js';
import type { Member } from './member.js';
import type { Network } from './network.js';
import type { Settings } from './options.js';
import type { Backend } from './server.js';
import type { TestNode } from './test-node.js';

/** What the acts work on. Only they change the primary. */
export interface ClusterState {
  readonly members: readonly Member[];
  readonly flavor: Flavor;
  readonly settings: Settings;
  readonly network: Network;
  readonly backend: Backend;
  primary: Member;
}

/** The member behind a node, or behind its name. Throws `ClusterActError` (`UNKNOWN_NODE`). */
export function memberOf(state: ClusterState, node: TestNode | string): Member {
  const name = typeof node === 'string' ? node : node.name;
  const member = state.members.find((item) => (typeof node === 'string' ? item.name === node : item === node));
  if (member !== undefined) return member;
  const known = state.members.map((item) => item.name).join(', ');
  throw new ClusterActError('UNKNOWN_NODE', `no node '${name}' in this cluster; there are ${known}`);
}

/** The node as it must be for an act. Throws `ClusterActError` (`NODE_STATE`). */
export function requireRunning(member: Member, act: string): Member {
  if (member.state === 'running') return member;
  throw new ClusterActError('NODE_STATE', `cannot ${act}: ${member.name} is ${member.state}`);
}
