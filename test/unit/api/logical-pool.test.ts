import { expect, test } from 'vitest';
import type { LogicalConnection } from '../../../src/api/callback/logical-connection.js';
import { LogicalPool } from '../../../src/api/callback/logical-pool.js';
import { HandClock, settled } from '../../support/hand-clock.js';

test('who waits keeps his place, time and signal when the limit is lowered and a connection is destroyed', async () => {
  const clock = new HandClock();
  const pool = new LogicalPool({
    limit: 3,
    queue: { queueLimit: 0, waitForConnections: true },
    create() {
      const made = {
        session: { lastLease: undefined },
        handOut: () => made,
        open: (done: (e: null) => void) => done(null),
      };
      return made as unknown as LogicalConnection;
    },
    onWait: () => undefined,
    onAcquire: () => undefined,
    clock,
    timeoutMs: 10_000,
  });
  const lent: LogicalConnection[] = [];
  for (let i = 0; i < 3; i++) pool.acquire((_error, connection) => connection && lent.push(connection));
  await settled();
  const told: string[] = [];
  const abort = new AbortController();
  pool.acquire((error) => told.push(`first: ${error?.message ?? 'a connection'}`), abort.signal);
  pool.acquire((error) => told.push(`second: ${error?.message ?? 'a connection'}`));
  pool.limit = 1;
  clock.advance(9000);
  pool.release(lent[0]!, false);
  pool.release(lent[1]!, false);
  abort.abort(new Error('not wanted any more'));
  expect(told).toEqual(['first: not wanted any more']);
  pool.release(lent[2]!, false);
  await settled();
  expect(told).toEqual(['first: not wanted any more', 'second: a connection']);
});
