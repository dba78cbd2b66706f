import { expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.js';
import { HandClock } from '../../support/hand-clock.js';

test("the process's clock goes on, and never back", async () => {
  const before = systemClock.now();
  await new Promise<void>((resolve) => systemClock.after(5, resolve));
  // Timers may fire a fraction of a millisecond early.
  expect(systemClock.now() - before).toBeGreaterThan(3);
});

test('a timer that was cancelled does not fire; cancelling one that fired is harmless', async () => {
  let fired = 0;
  const cancelled = systemClock.after(1, () => fired++);
  cancelled.cancel();
  let kept = cancelled;
  await new Promise<void>((resolve) => {
    kept = systemClock.after(10, resolve);
  });
  kept.cancel();
  expect(fired).toBe(0);
});

test('a timer in the background does not keep the process alive, another does', () => {
  const active = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = active();
  const background = systemClock.after(60_000, () => undefined, true);
  expect(active()).toBe(before);
  const foreground = systemClock.after(60_000, () => undefined);
  expect(active()).toBe(before + 1);
  background.cancel();
  foreground.cancel();
});

test("the tests' clock fires in the order of the times, each at its own", () => {
  const clock = new HandClock(0);
  const log: string[] = [];
  clock.after(20, () => log.push(`b at ${clock.now()}`));
  clock.after(10, () => {
    log.push(`a at ${clock.now()}`);
    clock.after(5, () => log.push(`c at ${clock.now()}`));
  });
  clock.after(99, () => log.push('late'));
  clock.advance(30);
  expect(log).toEqual(['a at 10', 'c at 15', 'b at 20']);
  expect([clock.now(), clock.timers]).toEqual([30, 1]);
});
