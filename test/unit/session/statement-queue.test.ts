import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import type { Statement } from '../../../src/session/statement.js';
import { StatementQueue } from '../../../src/session/statement-queue.js';

function statement(sql: string, signal?: AbortSignal): Statement & { readonly told: unknown[] } {
  const told: unknown[] = [];
  return {
    sql,
    opaque: false,
    wordless: false,
    options: signal && { signal },
    delivered: false,
    send: () => undefined,
    settle: (error) => void told.push(error),
    told,
  };
}

test('one whose signal fires leaves at once, told why; the others keep their order', async () => {
  const controller = new AbortController();
  const [a, b, c] = [statement('a'), statement('b', controller.signal), statement('c', controller.signal)];
  const queue = new StatementQueue();
  for (const one of [a, b, c]) queue.push(one);
  expect(queue.next()).toBe(a);
  expect(queue.next()).toBe(b);
  const reason = new Error('enough');
  controller.abort(reason);
  expect([a.told, b.told, c.told]).toEqual([[], [], [reason]]);
  expect(queue.next()).toBeUndefined();
  const late = statement('late', controller.signal);
  queue.push(late);
  expect(queue.next()).toBeUndefined();
  await new Promise((resolve) => process.nextTick(resolve));
  expect(late.told).toEqual([reason]);
});

test('no listener stays on a signal that lives on', () => {
  const { signal } = new AbortController();
  const queue = new StatementQueue();
  for (const sql of ['a', 'b', 'c']) queue.push(statement(sql, signal));
  queue.next();
  expect(queue.clear().map(({ sql }) => sql)).toEqual(['b', 'c']);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
