import { afterEach, expect, test } from 'vitest';
import type { Cluster, ClusterContext } from '../../../src/cluster/cluster.js';
import { joinCluster, leaveCluster } from '../../../src/cluster/registry.js';
import { parseOptions } from '../../../src/options.js';
import type { FailedReport } from '../../../src/topology/node-report.js';
import { HandClock } from '../../support/hand-clock.js';

const left: string[] = [];
afterEach(() => {
  for (const key of left.splice(0)) leaveCluster(key);
});

// Nothing listens on port 1: the monitors are refused, which is all that these tests need of a server.
function context(): ClusterContext {
  return {
    settings: parseOptions({ nodes: ['127.0.0.1:1'] }),
    connection: { user: 'nobody' },
    clock: new HandClock(),
  };
}

function join(key: string, make: () => ClusterContext = context): Cluster {
  left.push(key);
  return joinCluster(key, make);
}

// A closed cluster believes nothing any more.
function isOpen(cluster: Cluster): boolean {
  const failure = new Error(`told to ${Math.random()}`);
  const report: FailedReport = {
    ok: false,
    address: '127.0.0.1:1',
    sentAt: 1,
    answeredAt: 1,
    reason: 'error',
    message: failure.message,
    code: undefined,
  };
  cluster.observe(report, failure);
  return cluster.errors.get('127.0.0.1:1') === failure;
}

test('equal keys share one cluster, which is made once', () => {
  let made = 0;
  const make = (): ClusterContext => {
    made++;
    return context();
  };
  const first = join('shared', make);
  expect(join('shared', make)).toBe(first);
  expect(made).toBe(1);
});

test('other keys have clusters of their own', () => {
  expect(join('one')).not.toBe(join('two'));
});

test('a cluster lives as long as its last user', () => {
  const cluster = joinCluster('counted', context);
  joinCluster('counted', context);
  leaveCluster('counted');
  expect(isOpen(cluster)).toBe(true);
  leaveCluster('counted');
  expect(isOpen(cluster)).toBe(false);
});

test('after the last has left, the next use begins with a new one', () => {
  const cluster = joinCluster('again', context);
  leaveCluster('again');
  const next = join('again');
  expect(next).not.toBe(cluster);
  expect(isOpen(next)).toBe(true);
});

test('leaving what nobody joined is harmless', () => {
  const cluster = join('kept');
  leaveCluster('never joined');
  expect(isOpen(cluster)).toBe(true);
});

test('a second copy of the module in the process shares the clusters', () => {
  join('copies');
  const registries = Object.getOwnPropertySymbols(globalThis).filter((key) =>
    Symbol.keyFor(key)?.startsWith('mysql2-cluster.registry'),
  );
  const held = registries.map((key) => (globalThis as never as Record<symbol, Map<string, unknown>>)[key]);
  expect(held.some((clusters) => clusters?.has('copies'))).toBe(true);
});
