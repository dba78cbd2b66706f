import { RuleConflictError, StatementRefusedError } from '../errors.js';
import type { StatementClusterOptions } from '../options.js';
import type { Rule } from '../rules.js';
import type { Classification } from '../sql/classification.js';
import { accessOf, ON_ANY_NODE } from './intent-of.js';
import type { SessionHost } from './session-core.js';
import type { Statement } from './statement.js';
import type { StatementRules, Told } from './statement-rules.js';

/** What a statement asks for by itself, by a comment, or by a rule, in this order; and the rule when it had a say. */
export interface Wish {
  readonly options: StatementClusterOptions | undefined;
  readonly rule: Rule | undefined;
}

/** The statement that is to be routed, in its session. */
export interface Routed {
  readonly classification: Classification;
  readonly session: Pick<SessionHost, 'core' | 'state'>;
}

/**
 * Joins the call's own options with what comments and rules say of the text. What binds a session to a connection is stronger
 * than all of them, but for a rule that refuses.
 *
 * @throws StatementRefusedError for a rule of route `'error'`
 * @throws RuleConflictError when a comment or rule would send what belongs on the primary elsewhere
 * @throws OptionError for a comment that looks like a hint and is none
 */
export function wishOf({ rule, hint, bad }: Told, own: StatementClusterOptions | undefined, routed: Routed): Wish {
  if (bad) throw bad;
  if (rule?.route === 'error') throw new StatementRefusedError(`refused by the rule '${rule.because}'`);
  const maxLagMs = own?.maxLagMs ?? hint?.maxLagMs;
  const options = maxLagMs === undefined ? own : { ...own, maxLagMs };
  const isAsked = (own?.route !== undefined && own.route !== 'auto') || own?.node !== undefined;
  if (isAsked || routed.session.state?.pinnedTo !== undefined) return { options, rule: undefined };
  if (hint?.route !== undefined) {
    refuseConflict(hint.route, hint.text, routed);
    return { options: { ...options, route: hint.route }, rule: undefined };
  }
  if (rule === undefined) return { options, rule };
  refuseConflict(rule.route, `the rule '${rule.because}'`, routed);
  const wish = rule.node === undefined ? { route: rule.route as 'primary' | 'replica' } : { node: rule.node };
  return { options: { ...options, ...wish }, rule };
}

/** The options of a statement when rules or comments are used, which are counted. Throws what {@link wishOf} throws. */
export function wishFor(
  rules: StatementRules,
  statement: Statement,
  routed: Routed,
): StatementClusterOptions | undefined {
  const { sql, options, wordless } = statement;
  if (wordless) return options;
  const told = rules.of(sql, routed.session.state?.wanted.schema);
  if (told.rule?.route === 'error') rules.count(told.rule);
  const wish = wishOf(told, options, routed);
  if (wish.rule) rules.count(wish.rule);
  return wish.options;
}

function refuseConflict(route: Rule['route'], who: string, { classification, session }: Routed): void {
  const conflicts =
    route === 'replica'
      ? accessOf(classification, session) === 'write'
      : route === 'node' && !ON_ANY_NODE.has(classification.access);
  if (!conflicts) return;
  const { kind, because } = classification;
  throw new RuleConflictError(`${who} sends elsewhere what belongs on the primary: ${kind} (${because})`);
}
