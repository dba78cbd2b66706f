/** The name that a token spells: quotes taken off, doubled ones made single. An unquoted word is as it stands. */
export function nameOf(sql: string, start: number, end: number): string {
  const mark = sql[start]!;
  if (mark !== '`' && mark !== '"' && mark !== "'") return sql.slice(start, end);
  return sql.slice(start + 1, end - 1).replaceAll(mark + mark, mark);
}

/** What a system variable token names: `@@global.x` → global and x, in lower case. */
export function systemVariable(text: string): { readonly scope: string | undefined; readonly name: string } {
  const name = text.slice(2).replaceAll('`', '').toLowerCase();
  const scope = /^(global|session|local|persist|persist_only)\.(.+)$/.exec(name);
  return scope === null ? { scope: undefined, name } : { scope: scope[1], name: scope[2]! };
}

/** The name of a user variable token, without `@` and quotes, in lower case: the server does not tell cases apart. */
export function userVariable(text: string): string {
  return nameOf(text, 1, text.length).toLowerCase();
}
