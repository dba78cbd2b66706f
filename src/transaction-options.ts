import { checkChoice, checkType, shown, unknownOption } from './check-option.js';
import { OptionError } from './errors.js';

/** What a transaction sees of others, and how it locks: the server's names. */
export type IsolationLevel = (typeof LEVELS)[number];

/** Options of `cluster.transaction`. */
export interface TransactionOptions {
  /** Only reads: on one replica that is fresh enough, or on the primary when none is. Default `false`. */
  readonly readOnly?: boolean;
  /** Default: what the server's sessions have. */
  readonly isolation?: IsolationLevel;
  /** How often it is run again at most when it is known not to have been committed. Default 3; 0 for never. */
  readonly retries?: number;
}

const LEVELS = ['READ UNCOMMITTED', 'READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'] as const;
const MOST_RETRIES = 100;

/**
 * Checks the options and completes `retries`.
 *
 * @throws OptionError
 */
export function checkTransactionOptions(
  options: TransactionOptions,
): TransactionOptions & { readonly retries: number } {
  if (typeof options !== 'object' || options === null) {
    throw new OptionError('transaction', `must be an object such as { retries: 3 }, not ${shown(options)}`);
  }
  for (const [key, value] of Object.entries(options)) {
    if (!['readOnly', 'isolation', 'retries'].includes(key)) {
      throw unknownOption(`transaction.${key}`, key, ['readOnly', 'isolation', 'retries']);
    }
    if (value === undefined) continue;
    if (key === 'readOnly') checkType('transaction.readOnly', value, 'boolean');
    else if (key === 'isolation') checkChoice('transaction.isolation', value, LEVELS);
  }
  const { retries = 3 } = options;
  if (!Number.isInteger(retries) || retries < 0 || retries > MOST_RETRIES) {
    throw new OptionError(
      'transaction.retries',
      `must be a whole number from 0 to ${MOST_RETRIES}, not ${shown(retries)}`,
    );
  }
  return { ...options, retries };
}
