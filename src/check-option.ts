import { OptionError } from './errors.js';
import { type OptionDescriptor, optionTable } from './option-table.js';
import { suggest } from './suggest.js';

const byName = new Map(optionTable.map((option) => [option.name, option]));
const groups = new Set(
  optionTable.flatMap(({ name }) => (name.includes('.') ? [name.slice(0, name.indexOf('.'))] : [])),
);

/** The longest that a timer of Node can wait; beyond it, it fires at once. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Checks a value against the table of options.
 *
 * @param shownName what the error names, as in `cluster.maxLagMs`
 * @throws OptionError
 */
export function checkOption(name: string, value: unknown, shownName = `cluster.${name}`): unknown {
  const option = byName.get(name) as OptionDescriptor;
  switch (option.type) {
    case 'number':
      return checkNumber(option, value, shownName);
    case 'choice':
      return checkChoice(shownName, value, option.choices ?? []);
    case 'strings':
      if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
      throw new OptionError(shownName, `must be a list of strings, not ${shown(value)}`);
    case 'nodes':
    case 'rules':
      return value;
    default:
      return checkType(shownName, option.secret && typeof value !== 'string' ? new Secret() : value, option.type);
  }
}

/** Puts all options of an object, those of its groups by dotted names, into `values`, checked. */
export function collectOptions(object: Record<string, unknown>, values: Map<string, unknown>, group = ''): void {
  for (const [key, value] of Object.entries(object)) {
    const name = group + key;
    if (value === undefined || name === 'nodes') continue;
    if (byName.has(name)) values.set(name, checkOption(name, value));
    else if (group === '' && groups.has(key)) collectOptions(asGroup(key, value), values, `${key}.`);
    else throw unknownOption(`cluster.${name}`, name, [...byName.keys(), ...groups]);
  }
}

/** The value when it is of the type. */
export function checkType(name: string, value: unknown, type: string): unknown {
  if (typeof value === type && !Number.isNaN(value)) return value;
  throw new OptionError(name, `must be ${type === 'object' ? 'an' : 'a'} ${type}, not ${shown(value)}`);
}

/** The value when it is one of the choices. */
export function checkChoice(name: string, value: unknown, choices: readonly string[]): unknown {
  if (choices.includes(value as string)) return value;
  const near = typeof value === 'string' ? suggest(value, choices) : undefined;
  const hint = near ? `; did you mean '${near}'?` : '';
  throw new OptionError(name, `must be one of ${choices.map((c) => `'${c}'`).join(', ')}, not ${shown(value)}${hint}`);
}

/** The error for a name that no option has, with the nearest that one has. */
export function unknownOption(shownName: string, name: string, known: readonly string[]): OptionError {
  const near = suggest(name, known);
  return new OptionError(shownName, `is not an option${near ? `; did you mean '${near}'?` : ''}`);
}

/** A value as an error shows it. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (value instanceof Secret) return 'something else';
  return typeof value === 'object' ? (value === null ? 'null' : 'an object') : String(value);
}

/** Stands for a value that must not be shown. */
class Secret {}

function checkNumber({ name, least = 0, most }: OptionDescriptor, value: unknown, shownName: string): unknown {
  const number = checkType(shownName, value, 'number') as number;
  if (!(number >= least)) throw new OptionError(shownName, `must be a number from ${least}, not ${number}`);
  if (most !== undefined && number > most)
    throw new OptionError(shownName, `must be a number up to ${most}, not ${number}`);
  const isCount = !name.endsWith('Ms');
  if (isCount && !Number.isInteger(number)) throw new OptionError(shownName, `must be a whole number, not ${number}`);
  const isLimit = name === 'maxLagMs' || name === 'fallbackMaxLagMs';
  if (!isCount && !isLimit && number > LONGEST_MS) {
    throw new OptionError(shownName, `must be a number of ms up to ${LONGEST_MS}, not ${number}`);
  }
  return number;
}

function asGroup(key: string, value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  throw new OptionError(`cluster.${key}`, `must be an object, not ${shown(value)}`);
}
