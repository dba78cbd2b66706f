import { expect, test } from 'vitest';
import { Pace } from '../../../src/cluster/pace.js';
import { HandClock } from '../../support/hand-clock.js';

const middle = (): number => 0.5;

test('the interval, while statements run', () => {
  const clock = new HandClock();
  const pace = new Pace(clock, 500, middle);
  clock.advance(29_000);
  expect(pace.next()).toBe(500);
});

test('slower after a calm, and the interval again with the next statement', () => {
  const clock = new HandClock();
  const pace = new Pace(clock, 500, middle);
  clock.advance(30_001);
  expect(pace.next()).toBe(2000);
  pace.used(clock.now());
  expect(pace.next()).toBe(500);
});

test('25 ms for two seconds while a primary is searched, then slower, with a cap', () => {
  const clock = new HandClock();
  const pace = new Pace(clock, 500, middle);
  pace.search(true);
  expect(pace.next()).toBe(25);
  clock.advance(2000);
  expect(pace.next()).toBe(25);
  clock.advance(1000);
  expect(pace.next()).toBe(75);
  clock.advance(60_000);
  expect(pace.next()).toBe(200);
});

test('a search goes on from where it began when it is asked for again', () => {
  const clock = new HandClock();
  const pace = new Pace(clock, 500, middle);
  pace.search(true);
  clock.advance(10_000);
  pace.search(true);
  expect(pace.next()).toBe(200);
});

test('a search that ended and begins anew is fast again', () => {
  const clock = new HandClock();
  const pace = new Pace(clock, 500, middle);
  pace.search(true);
  clock.advance(10_000);
  pace.search(false);
  expect(pace.next()).toBe(500);
  pace.search(true);
  expect(pace.next()).toBe(25);
});

test('a search is never slower than the interval', () => {
  const clock = new HandClock();
  const pace = new Pace(clock, 20, middle);
  pace.search(true);
  clock.advance(60_000);
  expect(pace.next()).toBe(20);
});

test('the jitter is a tenth to either side', () => {
  const clock = new HandClock();
  let random = 0;
  const pace = new Pace(clock, 500, () => random);
  expect(pace.next()).toBeCloseTo(450);
  random = 1;
  expect(pace.next()).toBeCloseTo(550);
});
