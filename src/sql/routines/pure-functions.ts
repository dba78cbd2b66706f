import { type RoutineOptions, readRoutine } from './read-routine.js';
import { keyOf, type Routine } from './routine.js';

/** A function that a server has, and what is known of its body: undefined for nothing good. */
export interface KnownFunction {
  readonly schema: string;
  readonly name: string;
  /** The functions that it calls, `schema.name` in lower case, when it only reads. */
  readonly calls: readonly string[] | undefined;
}

/**
 * The functions that are free of side effects, as `LexicalOptions.readOnlyFunctions` wants them: `schema.name`, and the bare `name`
 * where every function of that name is, so that the current schema does not matter.
 *
 * @param routines all functions that the account can see, since a bare name may be any of them
 */
export function pureFunctions(routines: readonly Routine[], options: RoutineOptions = {}): ReadonlySet<string> {
  const known = routines.map((routine): KnownFunction => {
    const reading = readRoutine(routine, options);
    const { schema, name } = routine;
    return { schema, name, calls: reading.reads ? reading.calls : undefined };
  });
  return resolveFunctions(known);
}

/** The same, for bodies that have been read. */
export function resolveFunctions(functions: readonly KnownFunction[]): ReadonlySet<string> {
  const found = pureKeys(functions);
  // The servers hold some letters for equal that we do not: such a name may be another's.
  const isDoubtful = functions.some(({ name }) => !isAscii(name));
  const names = new Map<string, boolean>();
  for (const one of functions) {
    const name = one.name.toLowerCase();
    names.set(name, (names.get(name) ?? true) && found.has(keyOf(one)));
  }
  const pure = new Set(found);
  for (const [name, isPure] of names) {
    // A name with a dot in it looks like one with a schema.
    if (!isPure) pure.delete(name);
    else if (!isDoubtful && !name.includes('.')) pure.add(name);
  }
  return pure;
}

/** Adds whoever calls only what is there already, until nobody is left: who calls himself never comes in. */
function pureKeys(functions: readonly KnownFunction[]): ReadonlySet<string> {
  const waiting = new Map<string, readonly string[] | undefined>();
  for (const one of functions) {
    const key = keyOf(one);
    const calls = isAscii(one.schema) && isAscii(one.name) ? one.calls : undefined;
    // Schemas may differ by case alone: a key stands for all that it may mean.
    const others = waiting.has(key) ? waiting.get(key) : [];
    waiting.set(key, calls === undefined || others === undefined ? undefined : [...others, ...calls]);
  }
  const pure = new Set<string>();
  for (let size = -1; size !== pure.size; ) {
    size = pure.size;
    for (const [key, calls] of waiting) if (calls?.every((call) => pure.has(call)) === true) pure.add(key);
  }
  return pure;
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) return false;
  return true;
}
