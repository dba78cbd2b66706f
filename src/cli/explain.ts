import {
  classify,
  type Explanation,
  explainStatements,
  type LexicalOptions,
  type StatementExplanation,
} from '../index.js';

/** How the servers read a text, for a command line that reaches none. */
export interface ExplainFlags {
  readonly 'server-version'?: string | undefined;
  readonly 'sql-mode'?: string | undefined;
  readonly flavor?: string | undefined;
}

/** What can be told of a text without a server: what it does, and to which role it goes for that. */
export type OfflineExplanation = Pick<Explanation, 'sql' | 'classification' | 'statements'> & {
  readonly route: 'primary' | 'replica';
};

/** Explains a text without a server. */
export function explanationOf(
  sql: string,
  flags: ExplainFlags & { readonly flavor: LexicalOptions['flavor'] | undefined },
): OfflineExplanation {
  const { flavor, 'server-version': serverVersion, 'sql-mode': sqlMode } = flags;
  const options: LexicalOptions = {
    ...(serverVersion === undefined ? {} : { serverVersion }),
    ...(sqlMode === undefined ? {} : { sqlMode }),
    ...(flavor === undefined ? {} : { flavor }),
  };
  const classification = classify(sql, options);
  const isRead = classification.access === 'read' && classification.dependsOn.length === 0;
  return { sql, classification, statements: explainStatements(sql, options), route: isRead ? 'replica' : 'primary' };
}

/** An explanation for people. */
export function explanationText(explanation: Explanation | OfflineExplanation): string {
  const { classification, statements } = explanation;
  const lines = statements.flatMap((statement) => [
    ...(statements.length > 1 ? [statement.sql] : []),
    ...statementLines(statement).map((line) => (statements.length > 1 ? `  ${line}` : line)),
  ]);
  if (statements.length > 1) lines.push(`together: ${classification.access} (${classification.because})`);
  return [...lines, ...routeLines(explanation)].join('\n');
}

function statementLines({ classification, token, ...rest }: StatementExplanation): readonly string[] {
  const { kind, access, because, effects, dependsOn, functions } = classification;
  const place = token === undefined ? '' : `; decided by '${token.text}' at ${token.at}`;
  const tables = rest.tables.map((table) => `${table.access} ${[table.schema, table.name].filter(Boolean).join('.')}`);
  return [
    `${kind}: ${access} (${because}${place})`,
    ...(tables.length > 0 ? [`tables: ${tables.join(', ')}`] : []),
    ...(rest.columns.length > 0 ? [`columns: ${rest.columns.join(', ')}`] : []),
    ...(rest.tablesComplete ? [] : [`tables may be missing: ${rest.tablesBecause}`]),
    ...effects.map((effect) => `effect: ${JSON.stringify(effect)}`),
    ...(dependsOn.length > 0 ? [`depends on this connection's ${dependsOn.join(', ')}`] : []),
    ...(functions.length > 0 ? [`functions not known to be pure: ${functions.join(', ')}`] : []),
  ];
}

function routeLines(explanation: Explanation | OfflineExplanation): readonly string[] {
  if ('route' in explanation) return [`route: the ${explanation.route}${explanation.route === 'replica' ? 's' : ''}`];
  const { rule, decision, node, because, nodes } = explanation;
  return [
    ...(rule ? [`rule: ${rule.because} (${rule.route})`] : []),
    `route: ${[decision, node].filter(Boolean).join(' ')} (${because})`,
    ...Object.entries(nodes).map(([address, reason]) => `  ${address}: ${reason}`),
  ];
}
