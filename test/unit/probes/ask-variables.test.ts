import { expect, test } from 'vitest';
import { askAgain } from '../../../src/probes/ask-variables.js';

const shown = [
  { Variable_name: 'read_only', Value: 'ON' },
  { Variable_name: 'gtid_mode', Value: 'ON' },
  { Variable_name: 'report_host', Value: '' },
  { Variable_name: 'server_id', Value: '1' },
];

test('asks by name for what SHOW had', () => {
  expect(askAgain(shown)?.sql).toBe(
    'SELECT @@global.read_only AS read_only, @@global.gtid_mode AS gtid_mode, ' +
      '@@global.report_host AS report_host, @@global.server_id AS server_id',
  );
});

test('the answer reads as that of SHOW: switches as words, NULL as nothing, everything as text', () => {
  const answer = [{ read_only: 0, gtid_mode: 'ON', report_host: null, server_id: 1 }];
  expect(askAgain(shown)?.rows(answer)).toEqual([
    { Variable_name: 'read_only', Value: 'OFF' },
    { Variable_name: 'gtid_mode', Value: 'ON' },
    { Variable_name: 'report_host', Value: '' },
    { Variable_name: 'server_id', Value: '1' },
  ]);
});

test('a switch that a later release gives as a word stays that word', () => {
  expect(askAgain(shown)?.rows([{ read_only: 'NO_LOCK' }])[0]).toEqual({
    Variable_name: 'read_only',
    Value: 'NO_LOCK',
  });
});

test('nothing is asked for where SHOW had nothing, or what is no name', () => {
  expect(askAgain([])).toBeUndefined();
  expect(askAgain([{ Variable_name: 'a, sleep(9)', Value: '' }])).toBeUndefined();
});
