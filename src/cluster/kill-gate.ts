/** Keeps a connection from being used while a KILL is on its way to it. */
export class KillGate {
  /** The connection itself is to end: who wants that wants its statement nowhere else. */
  endsAll = false;
  #pending = 0;
  #waiting: (() => void)[] | undefined;

  get isShut(): boolean {
    return this.#pending > 0;
  }

  /** A KILL is sent. */
  shut(): void {
    this.#pending++;
  }

  /** It has been answered, and cannot meet what comes. */
  open(): void {
    if (--this.#pending > 0) return;
    for (const task of this.#waiting?.splice(0) ?? []) task();
  }

  /** Runs `task` at once, or when no KILL is on its way any more. */
  pass(task: () => void): void {
    if (this.#pending === 0) return task();
    this.#waiting ??= [];
    this.#waiting.push(task);
  }
}
