/**
 * Tells what is written to `pool.config.connectionConfig.password`: mysql2's pool reads it there for each new connection, and programs
 * whose passwords expire write it before they ask for one.
 */
export function watchPassword(config: object, told: (password: string) => void): void {
  let { password } = config as { password?: string };
  Object.defineProperty(config, 'password', {
    configurable: true,
    enumerable: true,
    get: () => password,
    set: (next: string) => {
      password = next;
      told(next);
    },
  });
}
