import { afterEach, describe, expect, test, vi } from 'vitest';

type Module = typeof import('../../../src/api/call-options.js');

const fresh = async (): Promise<Module> => {
  vi.resetModules();
  return import('../../../src/api/call-options.js');
};
afterEach(() => vi.resetModules());

describe('before anybody has used `with`', () => {
  test("a call's own options are the ones, the same object", async () => {
    const { callOptions } = await fresh();
    const own = { route: 'primary' } as const;
    expect(callOptions(own)).toBe(own);
    expect(callOptions(undefined)).toBeUndefined();
  });
});

describe('inside `with`', () => {
  test('its options hold, and end with it', async () => {
    const { callOptions, withCallOptions } = await fresh();
    const outer = { route: 'primary', maxLagMs: 50 } as const;
    expect(withCallOptions(outer, () => callOptions(undefined))).toEqual(outer);
    expect(callOptions(undefined)).toBeUndefined();
  });

  test("a call's own go before, the others stay", async () => {
    const { callOptions, withCallOptions } = await fresh();
    const both = withCallOptions({ route: 'primary', maxLagMs: 50 }, () => callOptions({ route: 'replica' }));
    expect(both).toEqual({ route: 'replica', maxLagMs: 50 });
  });

  test('they hold behind awaits and timers', async () => {
    const { callOptions, withCallOptions } = await fresh();
    const seen = await withCallOptions({ node: 'db-2' }, async () => {
      await Promise.resolve();
      await new Promise<void>((resolve) => setTimeout(resolve, 1));
      return callOptions(undefined);
    });
    expect(seen).toEqual({ node: 'db-2' });
  });

  test('two at the same time do not see each other', async () => {
    const { callOptions, withCallOptions } = await fresh();
    const inside = (node: string): Promise<unknown> =>
      withCallOptions({ node }, async () => {
        await new Promise<void>((resolve) => setImmediate(resolve));
        return callOptions(undefined);
      });
    expect(await Promise.all([inside('a'), inside('b')])).toEqual([{ node: 'a' }, { node: 'b' }]);
  });

  test('the inner one adds to the outer and goes before it', async () => {
    const { callOptions, withCallOptions } = await fresh();
    const seen = withCallOptions({ route: 'primary', maxLagMs: 50 }, () => [
      withCallOptions({ route: 'auto', waitMs: 5 }, () => callOptions(undefined)),
      callOptions(undefined),
    ]);
    expect(seen).toEqual([
      { route: 'auto', maxLagMs: 50, waitMs: 5 },
      { route: 'primary', maxLagMs: 50 },
    ]);
  });

  test('what the task gives or throws comes through', async () => {
    const { callOptions, withCallOptions } = await fresh();
    const thrown = new Error('from the task');
    const thrower = (): never => {
      throw thrown;
    };
    expect(withCallOptions({}, () => 42)).toBe(42);
    expect(() => withCallOptions({ route: 'primary' }, thrower)).toThrow(thrown);
    expect(callOptions(undefined)).toBeUndefined();
  });
});

test('bad options are refused before the task runs', async () => {
  const { withCallOptions } = await fresh();
  const task = vi.fn();
  expect(() => withCallOptions({ rout: 'primary' } as never, task)).toThrow(
    "cluster.rout: is not an option; did you mean 'route'?",
  );
  expect(task).not.toHaveBeenCalled();
});
