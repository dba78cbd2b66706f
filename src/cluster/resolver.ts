import type { Address } from '../topology/node-report.js';
import type { Warnings } from './warnings.js';

type Resolve = (address: Address) => Address | undefined;

/** The user's `resolve`: what it throws leaves the address out, with a warning. */
export function guarded(resolve: Resolve | undefined, warnings: Warnings): { readonly resolve?: Resolve } {
  if (resolve === undefined) return {};
  return {
    resolve(address) {
      try {
        return resolve(address);
      } catch (error) {
        warnings.once('RESOLVE_FAILED', `cluster.resolve threw for ${address}: ${(error as Error).message}`);
        return undefined;
      }
    },
  };
}
