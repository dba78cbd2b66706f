import { expect, test } from 'vitest';
import { ConnectGate } from '../../../src/cluster/connect-gate.js';
import { settled } from '../../support/hand-clock.js';

interface Gated {
  readonly started: string[];
  run(name: string): Promise<string>;
  end(name: string, error?: Error): void;
}

/** A gate and tasks that end when they are told to. */
function gated(width: number): Gated {
  const gate = new ConnectGate(width);
  const started: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const task = (name: string): Promise<string> => {
    started.push(name);
    return new Promise((resolve, reject) => ends.set(name, (error) => (error ? reject(error) : resolve(name))));
  };
  return { started, run: (name) => gate.run(() => task(name)), end: (name, error) => ends.get(name)?.(error) };
}

test('at most `width` run at once; the rest start in order as others end', async () => {
  const at = gated(2);
  const all = ['a', 'b', 'c', 'd'].map((name) => at.run(name));
  await settled();
  expect(at.started).toEqual(['a', 'b']);
  at.end('b');
  await settled();
  expect(at.started).toEqual(['a', 'b', 'c']);
  at.end('a');
  at.end('c');
  await settled();
  at.end('d');
  expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd']);
});

test('a task that fails makes room, and its error is its own', async () => {
  const at = gated(1);
  const first = at.run('a');
  const second = at.run('b');
  at.end('a', new Error('no'));
  await expect(first).rejects.toThrow('no');
  await settled();
  expect(at.started).toEqual(['a', 'b']);
  at.end('b');
  expect(await second).toBe('b');
});

test('a task that throws at once makes room too', async () => {
  const gate = new ConnectGate(1);
  const thrower = (): Promise<never> => {
    throw new Error('at once');
  };
  await expect(gate.run(thrower)).rejects.toThrow('at once');
  expect(await gate.run(async () => 'next')).toBe('next');
});

test('one that comes while the last ends does not pass those who wait', async () => {
  const at = gated(1);
  void at.run('a');
  void at.run('b');
  at.end('a');
  void at.run('c');
  await settled();
  expect(at.started).toEqual(['a', 'b']);
  at.end('b');
  await settled();
  expect(at.started).toEqual(['a', 'b', 'c']);
});
