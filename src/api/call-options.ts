import { AsyncLocalStorage } from 'node:async_hooks';
import { checkStatementOptions, type StatementClusterOptions } from '../options.js';

let storage: AsyncLocalStorage<StatementClusterOptions> | undefined;

/** Runs `task` with these options for every statement inside it, also behind awaits. */
export function withCallOptions<T>(options: StatementClusterOptions, task: () => T): T {
  checkStatementOptions(options);
  storage ??= new AsyncLocalStorage();
  return storage.run({ ...storage.getStore(), ...options }, task);
}

/** The options in force for a call: its own before those of {@link withCallOptions}. */
export function callOptions(own: StatementClusterOptions | undefined): StatementClusterOptions | undefined {
  // Nobody has used `with`: nothing is looked up.
  if (storage === undefined) return own;
  const outer = storage.getStore();
  return outer && own ? { ...outer, ...own } : (own ?? outer);
}
