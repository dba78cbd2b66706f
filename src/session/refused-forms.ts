import type { LexicalOptions } from '../sql/classification.js';
import { digestOf } from '../sql/digest.js';

/** The form of statements that were taken for reads and refused by a replica as writes. */
export interface RefusedForm {
  /** The text's form, values left out. */
  readonly digest: string;
  /** Address of the node that refused it last. */
  readonly node: string;
  /** How often a replica refused one. */
  readonly count: number;
}

/** So many forms are remembered; the oldest is forgotten first. */
const MOST = 1000;

/** A bounded memory of {@link RefusedForm}s. */
export class RefusedForms {
  readonly #forms = new Map<string, RefusedForm>();

  get size(): number {
    return this.#forms.size;
  }

  /** Oldest first. */
  list(): readonly RefusedForm[] {
    return [...this.#forms.values()];
  }

  has(sql: string, dialect: LexicalOptions): boolean {
    return this.#forms.has(digestOf(sql, dialect) ?? sql);
  }

  add(sql: string, node: string, dialect: LexicalOptions): void {
    const digest = digestOf(sql, dialect) ?? sql;
    const count = (this.#forms.get(digest)?.count ?? 0) + 1;
    this.#forms.delete(digest);
    this.#forms.set(digest, { digest, node, count });
    const [oldest] = this.#forms.keys();
    if (this.#forms.size > MOST && oldest !== undefined) this.#forms.delete(oldest);
  }
}
