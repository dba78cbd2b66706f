/** Lets at most `width` tasks run at once; the rest start in the order they came. */
export class ConnectGate {
  readonly #queue: (() => void)[] = [];
  #free: number;

  constructor(width: number) {
    this.#free = width;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((start) => this.#queue.push(start));
    try {
      return await task();
    } finally {
      const next = this.#queue.shift();
      if (next) next();
      else this.#free++;
    }
  }
}

const FIRST_BACKOFF_MS = 25;
const LAST_BACKOFF_MS = 500;

/** How long nobody tries to connect after so many failures in a row. */
export function backOffMs(failures: number): number {
  const longest = Math.min(LAST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** failures);
  // Half of it by chance: the processes that lost a server together do not come back to it together.
  return longest * (0.5 + Math.random() / 2);
}
