import { type KnownFunction, resolveFunctions } from './pure-functions.js';
import { type RoutineOptions, readRoutine } from './read-routine.js';
import { keyOf, type Routine } from './routine.js';

/** A function as a list of all of them has it: without its body. */
export type ListedRoutine = Pick<Routine, 'schema' | 'name' | 'dataAccess'>;

/** What a body adds to it. */
export type RoutineText = Pick<Routine, 'definition' | 'sqlMode' | 'charset'>;

/** All functions of a server, of which only those are read that somebody asks for, and what they call. */
export class RoutineBook {
  readonly #options: RoutineOptions;
  readonly #listed: readonly ListedRoutine[];
  /** By name, and by name with schema. */
  readonly #byName = new Map<string, ListedRoutine[]>();
  readonly #read = new Map<ListedRoutine, readonly string[] | undefined>();

  constructor(listed: readonly ListedRoutine[], options: RoutineOptions) {
    this.#listed = listed;
    this.#options = options;
    for (const routine of listed) {
      for (const name of [keyOf(routine), routine.name.toLowerCase()]) {
        const others = this.#byName.get(name);
        if (others === undefined) this.#byName.set(name, [routine]);
        else others.push(routine);
      }
    }
  }

  /** How many bodies have been read. */
  get size(): number {
    return this.#read.size;
  }

  /** The functions whose bodies are wanted to answer for these names: they, and what those that are known of them call. */
  missing(names: Iterable<string>): readonly ListedRoutine[] {
    const missing = new Set<ListedRoutine>();
    const seen = new Set(names);
    for (const name of seen) {
      for (const routine of this.#byName.get(name) ?? []) {
        if (!this.#read.has(routine)) missing.add(routine);
        for (const call of this.#read.get(routine) ?? []) seen.add(call);
      }
    }
    return [...missing];
  }

  /** Reads a body. */
  add(routine: ListedRoutine, text: RoutineText): void {
    const reading = readRoutine({ ...routine, ...text }, this.#options);
    this.#read.set(routine, reading.reads ? reading.calls : undefined);
  }

  /** The functions known to be free of side effects, as {@link pureFunctions} names them. */
  pure(): ReadonlySet<string> {
    return resolveFunctions(
      this.#listed.map((routine): KnownFunction => ({ ...routine, calls: this.#read.get(routine) })),
    );
  }
}
