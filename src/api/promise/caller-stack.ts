/**
 * Awaits `pending`; when it fails, gives the driver's own error object the stack of whoever awaits, and only then: a stack
 * captured at the call would cost each query about 10 µs. That is for mysql2's default alone: with its option `trace` set to true
 * mysql2 has captured at the call, and with false it leaves stacks alone.
 *
 * @returns a promise of the class of `pending`, which may be the application's
 */
export function withCallerStack<T>(pending: Promise<T>, { trace }: { readonly trace?: boolean }): Promise<T> {
  if (trace !== undefined) return pending;
  const Given = pending.constructor as PromiseConstructor;
  const traced = traceLate(pending);
  return Given === Promise ? traced : new Given((resolve, reject) => void traced.then(resolve, reject));
}

/** Captures the stack of the caller of `below`, for the error of what is done only once: its `stack` then names that caller. */
export function stackAtCall(below: (...args: never[]) => unknown): (error: Error) => Error {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, below);
  return (error) => {
    const [, ...frames] = holder.stack?.split('\n') ?? [];
    error.stack = [`${error.name}: ${error.message}`, ...frames].join('\n');
    return error;
  };
}

// Node's own frame above those of the callers, where mysql2's stacks begin with the caller.
const RESUMING = /\n {4}at process\.processTicksAndRejections \([^)]*\)(?=\n {4}at )/;

async function traceLate<T>(pending: Promise<T>): Promise<T> {
  try {
    return await pending;
  } catch (error) {
    // Here the async frames of the callers are on the stack: https://v8.dev/blog/fast-async#improved-developer-experience
    if (error instanceof Error) {
      Error.captureStackTrace(error, traceLate);
      error.stack = error.stack?.replace(RESUMING, '');
    }
    throw error;
  }
}
