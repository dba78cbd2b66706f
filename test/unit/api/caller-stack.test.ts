import { expect, test } from 'vitest';
import { stackAtCall, withCallerStack } from '../../../src/api/promise/caller-stack.js';

// An error as the driver makes it: later, out of a socket's event, where nobody of the callers is on the stack.
function driverError(): Promise<Error & { code: string; errno: number; sql: string }> {
  return new Promise((resolve) => {
    setImmediate(function socketEvent() {
      const error = new Error("Table 'shop.x' doesn't exist");
      resolve(Object.assign(error, { code: 'ER_NO_SUCH_TABLE', errno: 1146, sql: 'SELECT * FROM x' }));
    });
  });
}

async function caught(work: () => Promise<unknown>): Promise<Error> {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not fail');
}

test('a failed call that is awaited shows the line of its caller, and of theirs', async () => {
  const error = await driverError();
  expect(error.stack).not.toContain('loadInvoice');
  async function loadInvoice(): Promise<unknown> {
    return await withCallerStack(Promise.reject(error), {});
  }
  async function handleRequest(): Promise<unknown> {
    return await loadInvoice();
  }
  const { stack } = await caught(handleRequest);
  expect(stack).toMatch(/loadInvoice.*caller-stack\.test\.ts:\d+/);
  expect(stack).toMatch(/handleRequest.*caller-stack\.test\.ts:\d+/);
  expect(stack?.indexOf('loadInvoice')).toBeLessThan(stack?.indexOf('handleRequest') ?? 0);
});

test('the stack has neither the socket nor the package in it', async () => {
  const error = await driverError();
  const { stack } = await caught(async () => await withCallerStack(Promise.reject(error), {}));
  expect(stack).not.toContain('socketEvent');
  expect(stack).not.toContain('withCallerStack');
});

test("it is the driver's own error object, and all else of it stays", async () => {
  const error = await driverError();
  const thrown = await caught(async () => await withCallerStack(Promise.reject(error), {}));
  expect(thrown).toBe(error);
  expect({ ...thrown }).toEqual({ code: 'ER_NO_SUCH_TABLE', errno: 1146, sql: 'SELECT * FROM x' });
  expect(thrown.message).toBe("Table 'shop.x' doesn't exist");
  expect(thrown.stack).toMatch(/^Error: Table 'shop\.x' doesn't exist\n/);
});

test('what is no error passes through as it is', async () => {
  await expect(withCallerStack(Promise.reject('a text'), {})).rejects.toBe('a text');
  await expect(withCallerStack(Promise.reject(undefined), {})).rejects.toBeUndefined();
});

test('an answer passes through, the same object', async () => {
  const answer = [[{ id: 1 }], []];
  expect(await withCallerStack(Promise.resolve(answer), {})).toBe(answer);
});

test.each([true, false])('with `trace: %s` given, errors and promises are left as they are', async (trace) => {
  const error = await driverError();
  const { stack } = error;
  const pending = Promise.reject(error);
  expect(withCallerStack(pending, { trace })).toBe(pending);
  expect((await caught(() => pending)).stack).toBe(stack);
});

test("a promise of the application's class stays one, also when it fails", async () => {
  class Own<T> extends Promise<T> {}
  const error = await driverError();
  const failed = withCallerStack(Own.reject(error), {});
  expect(failed).toBeInstanceOf(Own);
  expect(await caught(() => failed)).toBe(error);
  const answered = withCallerStack(Own.resolve(5), {});
  expect(answered).toBeInstanceOf(Own);
  expect(await answered).toBe(5);
});

test('a stack captured at a call names its caller, also for who does not await', async () => {
  function connectLater(): (error: Error) => Error {
    return stackAtCall(connectLater);
  }
  function startUp(): (error: Error) => Error {
    return connectLater();
  }
  const atCall = startUp();
  const error = await driverError();
  expect(atCall(error)).toBe(error);
  expect(error.stack).toMatch(/^Error: Table 'shop\.x' doesn't exist\n\s+at startUp /);
});
