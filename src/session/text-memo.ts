const SLOTS = 256;
// V8 compares equal objects at once; long texts that only look alike would be compared in full.
const LONGEST = 4096;

/**
 * Remembers what was made of the last text in each of a few slots: applications send the same templates again and again.
 * Slots are found by length and three characters, so that no text is ever hashed: V8 hashes each new string, and those over
 * 16,383 characters by their length alone.
 */
export class TextMemo<T> {
  readonly #make: (sql: string) => T;
  readonly #texts: string[] = new Array(SLOTS).fill('');
  readonly #made: (T | undefined)[] = new Array(SLOTS).fill(undefined);

  /** @param make a function of the text alone, until {@link TextMemo.clear} */
  constructor(make: (sql: string) => T) {
    this.#make = make;
  }

  of(sql: string): T {
    const { length } = sql;
    if (length > LONGEST) return this.#make(sql);
    const middle = sql.charCodeAt(length >> 1) * 7 + sql.charCodeAt((length * 3) >> 2) * 13;
    const slot = (length * 31 + middle + sql.charCodeAt(length - 1)) & (SLOTS - 1);
    const found = this.#made[slot];
    if (found !== undefined && this.#texts[slot] === sql) return found;
    const made = this.#make(sql);
    this.#texts[slot] = sql;
    this.#made[slot] = made;
    return made;
  }

  clear(): void {
    this.#texts.fill('');
    this.#made.fill(undefined);
  }
}
