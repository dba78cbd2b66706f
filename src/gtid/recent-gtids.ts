import { GtidSet } from './gtid-set.js';

const UUID_LENGTH = 36;
const SINGLE = /^[0-9a-f-]{36}:[1-9]\d{0,14}$/;
/** So many are kept apart at most. */
const MOST = 64;

/**
 * Commits of one server as they are told, one by one: what comes next to each other is cheaper made into a set together, and
 * not at all until somebody reads it.
 */
export class RecentGtids {
  #prefix = '';
  #numbers: number[] = [];

  get isEmpty(): boolean {
    return this.#numbers.length === 0;
  }

  /** Keeps a single GTID of the server whose commits are kept; false when it is anything else, or there are enough. */
  keep(text: string): boolean {
    if (this.#numbers.length === MOST || (this.#prefix !== '' && !text.startsWith(this.#prefix))) return false;
    if (!SINGLE.test(text)) return false;
    if (this.#prefix === '') this.#prefix = text.slice(0, UUID_LENGTH + 1);
    this.#numbers.push(Number(text.slice(UUID_LENGTH + 1)));
    return true;
  }

  /** What was kept, as a set. Nothing is kept any more, and the next may be of another server. */
  take(): GtidSet {
    const numbers = this.#numbers;
    if (numbers.length === 0) return GtidSet.empty;
    const set = GtidSet.parse(this.#prefix + numbers.join(':'));
    this.#prefix = '';
    this.#numbers = [];
    return set;
  }
}
