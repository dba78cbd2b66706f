import type { StatementClusterOptions } from '../options.js';
import type { RouteExplanation } from '../routing/choose.js';
import type { Rule } from '../rules.js';
import { accessOf, beginsElsewhere, intentOf, OPAQUE } from '../session/intent-of.js';
import { killTarget } from '../session/kill.js';
import type { SessionCore, SessionHost } from '../session/session-core.js';
import { wishOf } from '../session/wish.js';
import type { Classification } from '../sql/classification.js';
import { explainStatements, type StatementExplanation } from '../sql/explain-statements.js';

/** Where a text would go, and why. Made by {@link Cluster.explain}; nothing was run. */
export interface Explanation {
  /** As it is classified: values that bring SQL of their own are written into it. */
  readonly sql: string;
  readonly classification: Classification;
  /** Statement by statement, with the token that decided and the tables. */
  readonly statements: readonly StatementExplanation[];
  /** `'primary'` for everything that is not provably a plain read. */
  readonly access: 'read' | 'write';
  /** The rule that matches, when no option of the call and no comment is stronger. */
  readonly rule: { readonly because: string; readonly route: Rule['route'] } | undefined;
  readonly decision: 'use' | 'wait' | 'fail';
  /** Address of the node, when the decision is `'use'`. */
  readonly node: string | undefined;
  readonly because: string;
  /** For each node by address, why it could serve or not. */
  readonly nodes: Readonly<Record<string, string>>;
}

/** A call that is to be explained. */
export interface ExplainedCall {
  /** What would be classified. */
  readonly sql: string;
  /** The text that would be sent cannot be known beforehand. */
  readonly opaque: boolean;
  readonly options: StatementClusterOptions | undefined;
  /** The connection's, when one is asked. */
  readonly session: Pick<SessionHost, 'core' | 'state' | 'pins' | 'lease' | 'classify'> | undefined;
}

export function explainCall({ sql, opaque, options, session }: ExplainedCall, core: SessionCore): Explanation {
  const { source, classifier, rules, database } = core;
  const classification = opaque ? OPAQUE : (session ?? classifier).classify(sql);
  const sqlMode = session?.state?.sqlMode ?? classifier.dialect.sqlMode;
  const statements = explainStatements(sql, { ...classifier.dialect, sqlMode, schema: database });
  const routed = { classification, session: session ?? { core, state: undefined } };
  const told = rules?.of(sql);
  const rule = told?.rule && { because: told.rule.because, route: told.rule.route };
  try {
    const wish = told === undefined ? { options, rule: undefined } : wishOf(told, options, routed);
    const kill = killTarget(classification, { node: wish.options?.node, core, written: () => sql });
    const bound = kill ? undefined : boundTo(session, classification);
    if (bound)
      return {
        sql,
        classification,
        statements,
        access: accessOf(classification, routed.session),
        rule: undefined,
        ...bound,
      };
    const intent = intentOf(classification, kill ? { node: kill.node } : wish.options, routed.session);
    const found = source.explain(intent);
    const asked = wish.rule === undefined ? undefined : rule;
    return { sql, classification, statements, access: intent.access, rule: asked, ...routeOf(found, core) };
  } catch (error) {
    const because = (error as Error).message;
    return {
      sql,
      classification,
      statements,
      access: 'write',
      rule,
      decision: 'fail',
      node: undefined,
      because,
      nodes: {},
    };
  }
}

// In a transaction, or under any other pin, there is no choice.
function boundTo(
  session: ExplainedCall['session'],
  classification: Classification,
): Pick<Explanation, 'decision' | 'node' | 'because' | 'nodes'> | undefined {
  const pins = session?.pins ?? [];
  if (session === undefined || pins.length === 0 || beginsElsewhere(classification, session)) return undefined;
  const because = `the connection is bound to one of the server's: ${pins.join(', ')}`;
  // It runs behind the last row, wherever that leaves the connection.
  if (pins.includes('an open result')) return { decision: 'wait', node: undefined, because, nodes: {} };
  const slot = session.state?.pinnedTo;
  return { decision: 'use', node: slot && session.lease(slot)?.target.address, because, nodes: {} };
}

function routeOf(
  { route, reasons }: RouteExplanation,
  { source }: SessionCore,
): Pick<Explanation, 'decision' | 'node' | 'because' | 'nodes'> {
  const { nodes } = source.cluster.topology;
  return {
    decision: route.type,
    node: route.type === 'use' ? route.node.address : undefined,
    because: route.because,
    nodes: Object.fromEntries([...reasons].map(([id, reason]) => [nodes.get(id)?.address ?? id, reason])),
  };
}
