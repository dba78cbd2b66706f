import type { Classification, Dependency, LexicalOptions } from '../sql/classification.js';
import { digestOf } from '../sql/digest.js';

/** What only the connection of the statement before can answer. */
const OF_THE_LAST: ReadonlySet<Dependency> = new Set<Dependency>([
  'last-insert-id',
  'row-count',
  'found-rows',
  'diagnostics',
  'profiling',
]);

/** What any connection could answer, each for itself. */
export const OF_A_CONNECTION: ReadonlySet<Dependency> = new Set<Dependency>([
  ...OF_THE_LAST,
  'connection-id',
  'session-status',
]);

/** So many forms are remembered; the oldest is forgotten first. */
const MOST = 1000;

/** Whether it asks for the answer to an earlier statement of the same connection. */
export function asksForTheLast({ dependsOn }: Classification): boolean {
  return dependsOn.some((dependency) => OF_THE_LAST.has(dependency));
}

/** The forms of texts that a pool was asked and only a connection could have answered. */
export class AskedForms {
  readonly #forms = new Set<string>();

  /** What to warn of when a pool is asked `sql`; undefined for a form that comes again, and for what asks for nothing of that kind. */
  warningOf(sql: string, about: Classification, dialect: LexicalOptions): string | undefined {
    if (about.statements !== 1 || !asksForTheLast(about) || !this.#isFirst(digestOf(sql, dialect) ?? sql))
      return undefined;
    return `'${sql.slice(0, 200)}' asks for an earlier statement of its connection, and a query of a pool has none: use getConnection()`;
  }

  #isFirst(digest: string): boolean {
    if (this.#forms.has(digest)) return false;
    this.#forms.add(digest);
    const [oldest] = this.#forms;
    if (this.#forms.size > MOST && oldest !== undefined) this.#forms.delete(oldest);
    return true;
  }
}
