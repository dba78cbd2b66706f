/**
 * Awaits `pending`; when it fails, gives the driver's own error object the stack of whoever awaits, and only then: a stack
 * captured at the call would cost each query about 10 µs.
 */
export async function withCallerStack<T>(pending: Promise<T>): Promise<T> {
  try {
    return await pending;
  } catch (error) {
    // Here the async frames of the callers are on the stack: https://v8.dev/blog/fast-async#improved-developer-experience
    if (error instanceof Error) Error.captureStackTrace(error, withCallerStack);
    throw error;
  }
}
