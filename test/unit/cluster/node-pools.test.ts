import { expect, test } from 'vitest';
import { NodePools } from '../../../src/cluster/node-pools.js';
import { HandClock, settled } from '../../support/hand-clock.js';
import { applyAll, seeded } from '../topology/build.js';
import { ask, poolSettings, type Receiver } from './receiver.js';

const GONE = '127.0.0.1:1';

/** Asks the pool of a primary that refuses connections. */
function asked(spreadMs: number): { readonly clock: HandClock; readonly asker: Receiver } {
  const clock = new HandClock();
  const { topology } = applyAll(seeded(GONE), [{ at: 0, from: GONE, as: 'A' }]);
  const pools = new NodePools({
    connection: { user: 'nobody', connectTimeout: 1000 },
    settings: poolSettings,
    clock,
    topology: () => topology,
    traffic: new Map(),
    spreadMs: () => spreadMs,
    onConnection: () => false,
  });
  pools.reconcile(topology);
  return { clock, asker: ask(pools.get('A')!) };
}

test('the first connect to a new primary waits its share of the spread', async () => {
  const { clock, asker } = asked(100);
  clock.advance(99);
  await settled();
  // A refusal would come at once.
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(asker.answers).toBe(0);
  clock.advance(1);
  expect((await asker.answered).error).toMatchObject({ code: 'ECONNREFUSED' });
});

test('where there is nothing to spread it is at once', async () => {
  expect((await asked(0).asker.answered).error).toMatchObject({ code: 'ECONNREFUSED' });
});
