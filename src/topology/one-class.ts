/**
 * A copy whose hidden class its properties alone decide. The code of each statement's way reads what probes make anew, and would be
 * compiled anew for each new class: V8 as in Node 20 gives every copy by a spread one of its own once it is frozen or added to.
 */
export function ofOneClass<T extends object>(value: T): T {
  return Object.assign({}, value);
}

/** The value frozen: a copy of one class, or itself when it is frozen already. */
export function frozen<T extends object>(value: T): T {
  return Object.isFrozen(value) ? value : Object.freeze(ofOneClass(value));
}
