import { expect, test } from 'vitest';
import { readRdsEndpoint } from '../../../src/rds-endpoint.js';

test.each([
  ['shop.cluster-abc123.eu-west-1.rds.amazonaws.com', 'abc123.eu-west-1.rds.amazonaws.com', true],
  ['shop.cluster-ro-abc123.eu-west-1.rds.amazonaws.com', 'abc123.eu-west-1.rds.amazonaws.com', true],
  ['reports.cluster-custom-abc123.us-gov-west-1.rds.amazonaws.com', 'abc123.us-gov-west-1.rds.amazonaws.com', true],
  ['db-1.abc123.eu-west-1.rds.amazonaws.com', 'abc123.eu-west-1.rds.amazonaws.com', false],
  ['shop.cluster-abc123.rds.cn-north-1.amazonaws.com.cn', 'abc123.rds.cn-north-1.amazonaws.com.cn', true],
  ['DB-1.ABC123.EU-WEST-1.RDS.AMAZONAWS.COM', 'ABC123.EU-WEST-1.RDS.AMAZONAWS.COM', false],
  ['shop.proxy-abc123.eu-west-1.rds.amazonaws.com', undefined, true],
] as const)('%s', (host, domain, moves) => {
  expect(readRdsEndpoint(host)).toEqual({ domain, moves });
});

test.each([
  'db-1.example.com',
  '10.0.0.1',
  'shop.cluster-abc123.eu-west-1.rds.amazonaws.com.example.com',
  'shop.other-abc123.eu-west-1.rds.amazonaws.com',
  'shop.global-abc123.global.rds.amazonaws.com',
])('%s is none', (host) => {
  expect(readRdsEndpoint(host)).toBeUndefined();
});
