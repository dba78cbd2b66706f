import type { Socket } from 'node:net';
import type { Treatment } from './network.js';

const MAX_QUEUED = 8 * 1024 * 1024;

interface Item {
  /** No chunk: the end of the stream. */
  readonly chunk: Buffer | undefined;
  readonly due: number;
}

/** One direction of a relayed connection: bytes are passed on, passed on later, or lost. */
export class Pipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #treat: (chunk: Buffer | undefined) => Treatment;
  readonly #queue: Item[] = [];
  #queued = 0;
  #timer: NodeJS.Timeout | undefined;
  #lost = false;

  constructor(from: Socket, to: Socket, treat: (chunk: Buffer | undefined) => Treatment) {
    this.#from = from;
    this.#to = to;
    this.#treat = treat;
    from.on('data', (chunk: Buffer) => this.#accept(chunk));
    from.on('end', () => this.#accept(undefined));
    from.on('close', (hadError) => this.#closed(hadError));
    to.on('drain', () => from.resume());
  }

  /** Bytes, or the news that the sender closed, have vanished: the streams no longer fit together. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Forgets what is still on its way. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#queue.length = 0;
  }

  #accept(chunk: Buffer | undefined): void {
    const treatment = this.#treat(chunk);
    if (treatment === 'vanish') {
      this.#lost = true;
    } else if (treatment === 0 && this.#queue.length === 0) {
      this.#forward(chunk);
    } else {
      this.#queue.push({ chunk, due: performance.now() + treatment });
      this.#queued += chunk?.length ?? 0;
      if (this.#queued > MAX_QUEUED) this.#from.pause();
      this.#timer ??= setTimeout(() => this.#flush(), treatment);
    }
  }

  #flush(): void {
    this.#timer = undefined;
    for (;;) {
      const item = this.#queue[0];
      if (item === undefined) return;
      const early = item.due - performance.now();
      if (early > 0) {
        this.#timer = setTimeout(() => this.#flush(), early);
        return;
      }
      this.#queue.shift();
      this.#queued -= item.chunk?.length ?? 0;
      if (this.#from.isPaused() && this.#queued <= MAX_QUEUED) this.#from.resume();
      this.#forward(item.chunk);
    }
  }

  #forward(chunk: Buffer | undefined): void {
    if (this.#to.destroyed || !this.#to.writable) return;
    if (chunk === undefined) this.#to.end();
    else if (!this.#to.write(chunk)) this.#from.pause();
  }

  #closed(hadError: boolean): void {
    if (this.#to.destroyed) return;
    if (this.#treat(undefined) === 'vanish') {
      this.#lost = true;
    } else if (hadError) {
      this.clear();
      this.#to.resetAndDestroy();
    } else if (this.#queue.length === 0) {
      this.#to.end();
      this.#to.destroySoon();
    }
  }
}
