import { barrels, cycles, dependencies, pureImports, ranks } from './imports.js';
import { fileLength, functionSize, language } from './limits.js';
import { purity, timerUse } from './purity.js';
import type { Rule, SourceText } from './source.js';

/** All rules of the house by the name under which the test shows them. */
export const rules: Readonly<Record<string, Rule>> = {
  ranks,
  cycles,
  barrels,
  dependencies,
  'pure imports': pureImports,
  purity,
  timers: timerUse,
  'file length': fileLength,
  'function size': functionSize,
  language,
};

/** The findings of one rule as lines `path:line message`, sorted. */
export function findings(name: string, files: readonly SourceText[]): string[] {
  const rule = rules[name];
  if (rule === undefined) throw new Error(`no rule ${name}`);
  const lines = rule(files).map(({ path, line, message }) => `${path}:${line} ${message}`);
  return [...new Set(lines)].sort();
}
