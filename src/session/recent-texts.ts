import type { Classification, LexicalOptions } from '../sql/classification.js';
import { classify } from '../sql/classify.js';

const SLOTS = 256;
// V8 compares equal objects at once; long texts that only look alike would be compared in full.
const LONGEST = 4096;

/**
 * Classifies texts, and remembers the last one in each of a few slots: applications send the same templates again and
 * again. Slots are found by length and three characters, so that no text is ever hashed: V8 hashes each new string, and
 * those over 16,383 characters by their length alone.
 */
export class RecentTexts {
  readonly #lexical: LexicalOptions;
  readonly #texts: string[] = new Array(SLOTS).fill('');
  readonly #classifications: (Classification | undefined)[] = new Array(SLOTS).fill(undefined);

  constructor(lexical: LexicalOptions) {
    this.#lexical = lexical;
  }

  classify(sql: string): Classification {
    const { length } = sql;
    if (length > LONGEST) return classify(sql, this.#lexical);
    const middle = sql.charCodeAt(length >> 1) * 7 + sql.charCodeAt((length * 3) >> 2) * 13;
    const slot = (length * 31 + middle + sql.charCodeAt(length - 1)) & (SLOTS - 1);
    const found = this.#classifications[slot];
    if (found !== undefined && this.#texts[slot] === sql) return found;
    const classification = classify(sql, this.#lexical);
    this.#texts[slot] = sql;
    this.#classifications[slot] = classification;
    return classification;
  }
}
