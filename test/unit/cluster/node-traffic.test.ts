import { expect, test } from 'vitest';
import { NodeTraffic } from '../../../src/cluster/node-traffic.js';

test('counts what is in flight, and reads and writes apart', () => {
  const traffic = new NodeTraffic();
  traffic.begin('read');
  traffic.begin('read');
  traffic.begin('write');
  expect([traffic.inFlight, traffic.reads, traffic.writes]).toEqual([3, 2, 1]);
  traffic.end(5, false, 5);
  expect([traffic.inFlight, traffic.reads, traffic.writes, traffic.errors]).toEqual([2, 2, 1, 0]);
});

test('the response time is the first one, then moves a tenth of the way', () => {
  const traffic = new NodeTraffic();
  traffic.begin('read');
  traffic.end(10, false, 10);
  expect(traffic.responseMs).toBe(10);
  traffic.begin('read');
  traffic.end(20, false, 30);
  expect(traffic.responseMs).toBeCloseTo(11);
});

test('after a pause the first answer counts more', () => {
  const traffic = new NodeTraffic();
  traffic.begin('read');
  traffic.end(10, false, 0);
  traffic.begin('read');
  traffic.end(20, false, 500);
  expect(traffic.responseMs).toBeCloseTo(15);
  traffic.begin('read');
  traffic.end(5, false, 9_000);
  expect(traffic.responseMs).toBe(5);
});

test('a failure is counted and does not make the node look fast', () => {
  const traffic = new NodeTraffic();
  traffic.begin('read');
  traffic.end(10, false, 10);
  traffic.begin('read');
  traffic.end(0.1, true, 11);
  expect([traffic.responseMs, traffic.errors, traffic.inFlight]).toEqual([10, 1, 0]);
});
