/** Set by the build; the sources themselves have none. */
declare const PACKAGE_VERSION: string | undefined;

const VERSION = typeof PACKAGE_VERSION === 'string' ? PACKAGE_VERSION : 'source';

/**
 * One value for all copies of this version in a process: a program may load the package as ESM, and an ORM of it as CommonJS.
 * What is shared must be used without asking for its class, whose private members are those of one copy.
 */
export function processWide<T>(name: string, make: () => T): T {
  const key = Symbol.for(`mysql2-cluster.${name}.${VERSION}`);
  const holder = globalThis as { [key]?: T };
  holder[key] ??= make();
  return holder[key];
}
