/**
 * Time as it is handed to the parts that wait: monotonic milliseconds with a fraction, and timers.
 * Pure folders get `now` as a number instead.
 */
export interface Clock {
  /** Monotonic milliseconds; no relation to the wall clock. */
  now(): number;
  /** Runs `task` once after `ms`. The timer does not keep the process alive when `background` is true. */
  after(ms: number, task: () => void, background?: boolean): Timer;
}

/** A running timer. */
export interface Timer {
  /** Stops the timer; harmless when it has fired. */
  cancel(): void;
}

/** The process's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, task, background = false) {
    const handle = setTimeout(task, ms);
    if (background) handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};
