import { expect, test } from 'vitest';
import { SampleRequests } from '../../../src/cluster/sample-requests.js';
import { HandClock } from '../../support/hand-clock.js';

function requests() {
  const clock = new HandClock();
  const taken: number[] = [];
  const state: { newest: number | undefined } = { newest: undefined };
  const made = new SampleRequests({ clock, newest: () => state.newest, take: () => taken.push(clock.now()) });
  return { clock, taken, state, made };
}

test('the first who asks has one taken at once', () => {
  const { clock, taken, made } = requests();
  made.want(clock.now());
  expect(taken).toEqual([clock.now()]);
});

test('one that was sent since serves all who began before it', () => {
  const { clock, taken, state, made } = requests();
  state.newest = clock.now();
  made.want(clock.now());
  made.want(clock.now() - 1);
  expect(taken).toEqual([]);
});

test('who comes soon after one was taken waits for the pause, with all others, not for ever', () => {
  const { clock, taken, state, made } = requests();
  const start = clock.now();
  made.want(start);
  state.newest = start;
  clock.advance(2);
  made.want(clock.now());
  clock.advance(1);
  made.want(clock.now());
  expect(taken).toEqual([start]);
  clock.advance(2);
  expect(taken).toEqual([start, start + 5]);
});

test('after the pause none is taken when it came meanwhile', () => {
  const { clock, taken, state, made } = requests();
  const start = clock.now();
  made.want(start);
  clock.advance(2);
  made.want(clock.now());
  state.newest = start + 3;
  clock.advance(10);
  expect(taken).toEqual([start]);
});
