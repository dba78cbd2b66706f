import type { Statement } from './statement.js';

interface Waiting {
  readonly statement: Statement;
  /** The signal is of no use to it any more. */
  readonly forget: () => void;
}

const nothing = (): void => undefined;

/** The statements of one session that wait for those before them. One whose AbortSignal fires leaves at once. */
export class StatementQueue {
  readonly #waiting: Waiting[] = [];

  push(statement: Statement): void {
    const signal: unknown = statement.options?.signal;
    if (!(signal instanceof AbortSignal)) {
      this.#waiting.push({ statement, forget: nothing });
      return;
    }
    if (signal.aborted) return process.nextTick(() => statement.settle(signal.reason));
    const leave = (): void => {
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      statement.settle(signal.reason as never);
    };
    const waiting = { statement, forget: () => signal.removeEventListener('abort', leave) };
    signal.addEventListener('abort', leave, { once: true });
    this.#waiting.push(waiting);
  }

  /** The one whose turn it is. */
  next(): Statement | undefined {
    const first = this.#waiting.shift();
    first?.forget();
    return first?.statement;
  }

  /** All of them, in order: none will have its turn. */
  clear(): Statement[] {
    const all = this.#waiting.splice(0);
    for (const { forget } of all) forget();
    return all.map(({ statement }) => statement);
  }
}
