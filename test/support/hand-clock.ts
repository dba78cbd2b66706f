import type { Clock, Timer } from '../../src/clock.js';

interface Task extends Timer {
  readonly at: number;
  readonly run: () => void;
}

/** A clock that stands still until it is moved by hand. Timers fire in the order of their times. */
export class HandClock implements Clock {
  readonly #tasks = new Set<Task>();
  #now: number;

  constructor(now = 1000) {
    this.#now = now;
  }

  /** Timers that have neither fired nor been cancelled. */
  get timers(): number {
    return this.#tasks.size;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): Timer {
    const task: Task = { at: this.#now + ms, run, cancel: () => void this.#tasks.delete(task) };
    this.#tasks.add(task);
    return task;
  }

  /** Moves the time on; what falls due on the way runs at its own time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let task = this.#next(end); task; task = this.#next(end)) {
      this.#tasks.delete(task);
      this.#now = Math.max(this.#now, task.at);
      task.run();
    }
    this.#now = end;
  }

  #next(end: number): Task | undefined {
    const due = [...this.#tasks].filter((task) => task.at <= end);
    return due.sort((a, b) => a.at - b.at)[0];
  }
}

/** Lets everything run that waits for promises only. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
