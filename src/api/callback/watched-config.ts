/**
 * Tells what is written to a key of a pool's configuration: mysql2's pool reads it there whenever it needs it, and programs change it
 * while the pool is in use, such as a password that expires. What `told` throws is thrown to the writer.
 */
export function watchConfig(config: object, name: string, told: (value: unknown) => void): void {
  let value = (config as Record<string, unknown>)[name];
  Object.defineProperty(config, name, {
    configurable: true,
    enumerable: true,
    get: () => value,
    set: (next: unknown) => {
      told(next);
      value = next;
    },
  });
}
