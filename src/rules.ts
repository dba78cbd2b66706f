import { shown, unknownOption } from './check-option.js';
import { OptionError } from './errors.js';

/** A rule of routing: the first that matches a statement decides, unless the call itself says where to. */
export interface RuleOption {
  /**
   * A pattern that the text is searched for; or a statement as an example, which matches all texts that differ from it in their
   * values only; or the names of tables, `'name'` or `'schema.name'`, of which the text names one.
   */
  readonly match: RegExp | string | { readonly tables: readonly string[] };
  /** `'node'` needs `node`. `'error'` refuses the statement. */
  readonly route: 'primary' | 'replica' | 'node' | 'error';
  /** An address or a server UUID. */
  readonly node?: string;
  /** Shown by `explain()` and in errors. Default: the rule's place in the list. */
  readonly because?: string;
}

/** A {@link RuleOption}, checked, with defaults, frozen. */
export interface Rule {
  /** Its place in the list, from 0. */
  readonly index: number;
  readonly match: RuleOption['match'];
  readonly route: RuleOption['route'];
  readonly node: string | undefined;
  readonly because: string;
}

const KEYS = ['match', 'route', 'node', 'because'];
const ROUTES = ['primary', 'replica', 'node', 'error'];

/**
 * Checks and completes a list of rules.
 *
 * @throws OptionError naming the rule, as in `cluster.rules[0].route`
 */
export function parseRules(value: unknown, name = 'cluster.rules'): readonly Rule[] {
  if (!Array.isArray(value)) throw new OptionError(name, `must be a list of rules, not ${shown(value)}`);
  return Object.freeze(value.map((rule: unknown, index) => parseRule(rule, index, `${name}[${index}]`)));
}

function parseRule(value: unknown, index: number, name: string): Rule {
  if (typeof value !== 'object' || value === null) {
    throw new OptionError(name, `must be an object such as { match: /report/, route: 'replica' }, not ${shown(value)}`);
  }
  for (const key of Object.keys(value)) if (!KEYS.includes(key)) throw unknownOption(`${name}.${key}`, key, KEYS);
  const { match, route, node, because = `cluster.rules[${index}]` } = value as RuleOption;
  if (!ROUTES.includes(route)) {
    throw new OptionError(
      `${name}.route`,
      `must be one of ${ROUTES.map((r) => `'${r}'`).join(', ')}, not ${shown(route)}`,
    );
  }
  if ((route === 'node') !== (typeof node === 'string' && node !== '')) {
    throw new OptionError(`${name}.node`, "an address or server UUID is needed for route 'node', and for no other");
  }
  if (typeof because !== 'string') throw new OptionError(`${name}.because`, `must be a string, not ${shown(because)}`);
  return Object.freeze({ index, match: checkMatch(match, `${name}.match`), route, node, because });
}

function checkMatch(match: RuleOption['match'], name: string): Rule['match'] {
  // A pattern with `g` or `y` would go on from where it last ended.
  if (match instanceof RegExp) return new RegExp(match.source, match.flags.replace(/[gy]/g, ''));
  if (typeof match === 'string' && match.trim() !== '') return match;
  const tables: unknown = typeof match === 'object' && match !== null ? match.tables : undefined;
  if (Array.isArray(tables) && tables.length > 0 && tables.every((table) => typeof table === 'string')) {
    return Object.freeze({ tables: Object.freeze(tables.map((table: string) => table.toLowerCase())) });
  }
  throw new OptionError(name, `must be a RegExp, a statement, or { tables: ['orders'] }, not ${shown(match)}`);
}
