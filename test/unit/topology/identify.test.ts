import { expect, test } from 'vitest';
import { apply } from '../../../src/topology/apply.js';
import type { LiveReport, ReplicationChannel } from '../../../src/topology/node-report.js';
import type { Topology } from '../../../src/topology/topology.js';
import { context, report, seeded } from './build.js';

interface Told {
  readonly at: number;
  readonly serverId?: number;
  /** Host name, port and so on, as the server says. */
  readonly instance: string;
  readonly channels?: readonly ReplicationChannel[];
}

/** A report as the probe of MariaDB makes it: the identity is of the address that was asked. */
function told(topology: Topology, from: string, { at, serverId = 1, instance, channels = [] }: Told): Topology {
  const plain = report({ at, from }) as LiveReport;
  const id = `${serverId}@${plain.address}`;
  const live: LiveReport = { ...plain, id, instance: `${serverId} ${instance}`, channels };
  return apply(topology, live, context(at + 1)).topology;
}

const ids = (topology: Topology): string[] => [...topology.nodes.keys()];

test('a member of a group keeps its place in the view under the identity that it is known by', () => {
  const wsrep = { members: ['db-1'] };
  const one = apply(seeded('db-1', 'vip'), report({ at: 0, from: 'db-1', wsrep }), context(1)).topology;
  const twice = { ...(report({ at: 10, from: 'db-1', wsrep }) as LiveReport), address: 'vip:3306' };
  const members = twice.group!.members.map((member) => ({ ...member, id: '1@vip:3306' }));
  const alias = { ...twice, id: '1@vip:3306', group: { ...twice.group!, members } };
  const two = apply(one, alias, context(11)).topology;
  expect(ids(two)).toEqual(['1@db-1:3306']);
  expect([two.primary?.id, two.generation]).toEqual(['1@db-1:3306', 1]);
});

test('a server is its id and the first address at which it answered', () => {
  const one = told(seeded('db-1', 'vip'), 'db-1', { at: 0, instance: 'a' });
  expect(ids(one)).toEqual(['1@db-1:3306']);
  const two = told(one, 'vip', { at: 10, instance: 'a' });
  expect(ids(two)).toEqual(['1@db-1:3306']);
  expect(two.nodes.get('1@db-1:3306')?.addresses).toEqual(['db-1:3306', 'vip:3306']);
});

test('another server with the same id is another node', () => {
  const one = told(seeded('db-1', 'db-2'), 'db-1', { at: 0, instance: 'a' });
  const two = told(one, 'db-2', { at: 10, instance: 'b' });
  expect(ids(two)).toEqual(['1@db-1:3306', '1@db-2:3306']);
  expect(two.primary).toBeUndefined();
  expect(two.splitBrain).toHaveLength(2);
});

test('at its address it stays the node under another host name, at all its addresses', () => {
  const one = told(seeded('db-1', 'vip'), 'db-1', { at: 0, instance: 'a' });
  const both = told(one, 'vip', { at: 10, instance: 'a' });
  const renamed = told(told(both, 'vip', { at: 20, instance: 'b' }), 'db-1', { at: 30, instance: 'b' });
  expect(ids(renamed)).toEqual(['1@db-1:3306']);
  expect([renamed.generation, renamed.primary?.id]).toEqual([1, '1@db-1:3306']);
});

test('another server id at the address is another node', () => {
  const one = told(seeded('db-1'), 'db-1', { at: 0, instance: 'a' });
  expect(ids(told(one, 'db-1', { at: 10, serverId: 4, instance: 'a' }))).toEqual(['4@db-1:3306']);
});

test('a replica is told to follow it by the address of its source', () => {
  const source: ReplicationChannel = {
    ...{ name: '', source: 'db-1:3306', sourceId: undefined, io: 'running', sql: 'running', delaySeconds: 0 },
    ...{ secondsBehind: 0, retrieved: undefined, error: undefined },
  };
  const one = told(seeded('db-1', 'db-2'), 'db-1', { at: 0, instance: 'a' });
  const two = told(one, 'db-2', { at: 10, serverId: 2, instance: 'b', channels: [source] });
  expect(two.primary?.id).toBe('1@db-1:3306');
  expect(two.because).toContain('replicate from it');
});
